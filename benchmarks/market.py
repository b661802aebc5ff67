"""A national market of open lots, the same for one seed: 50 lots a site, 13 materials, 8 assay values a lot."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.catalogue.reference import reference
from app.catalogue.schemas import Parameter, ParameterKind
from app.core.clock import today
from app.core.database import new_id
from app.lots.assays import measure_results
from app.lots.measured import describe_results
from app.samples.assays import Result, draw_assay
from benchmarks.bulk import Loader

SEED = 20_251
LOTS_A_SITE, SITES_AN_ORGANISATION = 50, 4
MATERIALS, VALUES = 13, 8
#: Different reports of a material; every lot has one of them, so that values repeat but limits cut as they would.
REPORTS_A_MATERIAL = 400
_CHUNK = 20_000
_MOISTURE = "moisture"
#: Half of the sites spread over a box of the country, half in clusters of its populated part, in degrees.
_SOUTH, _NORTH, _WEST, _EAST = 21.0, 48.0, 85.0, 128.0
_CLUSTERS = (22.0, 41.0, 103.0, 121.0)
_CLUSTER_COUNT, _CLUSTER_SPREAD = 60, 0.5
CREATED = "2025-01-01 00:00:00.000000"
_Row = tuple[Any, ...]


@dataclass(frozen=True)
class Market:
    """What was stored: positions of the sites, WGS-84 degrees, one row each."""

    lots: int
    positions: NDArray[np.float64]

    def centres(self, count: int, seed: int) -> list[tuple[float, float]]:
        """Return places a few kilometres from sites, where recyclers may ask from."""
        random = np.random.default_rng(seed)
        chosen = self.positions[random.integers(0, len(self.positions), count)] + random.normal(0, 0.05, (count, 2))
        return [(round(float(latitude), 5), round(float(longitude), 5)) for latitude, longitude in chosen]


@dataclass(frozen=True)
class _Report:
    number: str
    assay: str
    results: str


def make_market(loader: Loader, lots: int, lots_a_site: int = LOTS_A_SITE) -> Market:
    """Store a market of open lots in an empty database."""
    random = np.random.default_rng(SEED)
    positions = _positions(math.ceil(lots / lots_a_site), random)
    organisation_ids = [new_id().hex for _ in range(math.ceil(len(positions) / SITES_AN_ORGANISATION))]
    site_ids = [new_id().hex for _ in positions]
    owners = [organisation_ids[number // SITES_AN_ORGANISATION] for number in range(len(site_ids))]
    loader.load("organisations", ORGANISATION, _organisations(organisation_ids))
    loader.load("sites", SITE, _sites(site_ids, owners, positions))
    materials = list(reference().materials)[:MATERIALS]
    reports = {material: _draw_reports(material) for material in materials}
    for first in range(0, lots, _CHUNK):
        chunk = list(_lots(min(_CHUNK, lots - first), list(zip(site_ids, owners, strict=True)), reports, random))
        loader.load("lots", _LOT, (row for row, _ in chunk))
        loader.load("assays", _ASSAY, (row for _, row in chunk))
    return Market(lots, positions)


ORGANISATION = (
    "id",
    "name",
    "credit_code",
    "roles",
    "contact_email",
    "status",
    "jurisdiction",
    "created_at",
    "version",
)
SITE = (
    *("id", "organisation_id", "name", "latitude", "longitude", "given_datum", "given_latitude", "given_longitude"),
    *("district_code", "created_at", "version"),
)
_LOT = (
    *("id", "organisation_id", "site_id", "material", "quantity_kg", "reserved_kg", "shipped_kg", "min_order_kg"),
    *("available_from", "available_to", "price_fen_per_t", "origin_process", "stock_year", "status", "current_assay"),
    *("current_assay_id", "current_assay_on", "created_at", "version"),
)
_ASSAY = ("id", "lot_id", "sampled_on", "laboratory", "report_no", "results", "created_at")


def _positions(count: int, random: np.random.Generator) -> NDArray[np.float64]:
    spread = random.uniform((_SOUTH, _WEST), (_NORTH, _EAST), (count - count // 2, 2))
    south, north, west, east = _CLUSTERS
    seats = random.uniform((south, west), (north, east), (_CLUSTER_COUNT, 2))
    around = random.normal(0, _CLUSTER_SPREAD, (count // 2, 2))
    clustered = seats[random.integers(0, _CLUSTER_COUNT, count // 2)] + around
    return np.vstack([spread, clustered]).astype(np.float64)


def _organisations(ids: Sequence[str]) -> Iterator[_Row]:
    for number, identifier in enumerate(ids):
        yield identifier, f"works {number}", None, '["producer"]', None, "active", None, CREATED, 1


def _sites(ids: Sequence[str], owners: Sequence[str], positions: NDArray[np.float64]) -> Iterator[_Row]:
    for number, (identifier, owner, place) in enumerate(zip(ids, owners, positions.tolist(), strict=True)):
        yield identifier, owner, f"gate {number}", *place, "wgs84", *place, None, CREATED, 1


def _lots(
    count: int, gates: list[tuple[str, str]], reports: dict[str, list[_Report]], random: np.random.Generator
) -> Iterator[tuple[_Row, _Row]]:
    """Yield each lot with its assay; lots of a site do not lie together, as they would not in a market."""
    day = today()
    begins, ends = str(day - timedelta(days=30)), [str(day + timedelta(days=days)) for days in range(30, 365)]
    sampled = str(day - timedelta(days=40))
    materials = list(reports)
    drawn = zip(
        random.integers(0, len(gates), count).tolist(),
        random.integers(0, len(materials), count).tolist(),
        random.integers(0, REPORTS_A_MATERIAL, count).tolist(),
        random.integers(1, 500, count).tolist(),
        random.integers(-60, 200, count).tolist(),
        random.integers(0, len(ends), count).tolist(),
        strict=True,
    )
    for gate, kind, number, kilotonnes, price_cny, end in drawn:
        site_id, owner = gates[gate]
        material = materials[kind]
        report = reports[material][number]
        lot_id, assay_id = new_id().hex, new_id().hex
        terms = (kilotonnes * 100_000, 0, 0, None, begins, ends[end], price_cny * 50, None, None, "open")
        lot = (lot_id, owner, site_id, material, *terms, report.assay, assay_id, sampled, CREATED, 1)
        yield lot, (assay_id, lot_id, sampled, "laboratory", report.number, report.results, CREATED)


def _draw_reports(material: str) -> list[_Report]:
    random = Random(f"{SEED}/{material}")  # noqa: S311 - a market, not a secret
    return [_draw_report(material, number, random) for number in range(REPORTS_A_MATERIAL)]


def _draw_report(material: str, number: int, random: Random) -> _Report:
    """Draw eight values, from the typical ranges first, converted as those of a posted lot are."""
    results = sorted(draw_assay(material, random), key=lambda result: result.parameter != _MOISTURE)[:VALUES]
    others = [
        parameter
        for parameter in reference().parameters_for(material)
        if parameter.kind is ParameterKind.NUMERIC and parameter.key not in {result.parameter for result in results}
    ]
    results += [_draw_other(parameter, random) for parameter in others[: VALUES - len(results)]]
    measured, faults = measure_results(results)
    if faults or len(measured) != VALUES:
        raise AssertionError(f"{material}: {faults}")
    described = describe_results(measured)
    assay = json.dumps(described.current, ensure_ascii=False)
    return _Report(f"{material}-{number}", assay, described.results)


def _draw_other(parameter: Parameter, random: Random) -> Result:
    low = parameter.possible_min or Decimal(0)
    high = min(parameter.possible_max or Decimal(10), Decimal(10))
    return Result(parameter.key, f"{random.uniform(float(low), float(high)):.3f}", parameter.unit, None)
