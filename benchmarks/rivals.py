"""What the search is held against: the best statement written by hand, and plain Python with geopy."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
from geopy.distance import geodesic

from app.core.clock import today
from app.core.engines import sqlite_module
from app.core.geo import bounding_boxes, distances_km
from app.core.settings import Settings
from app.matching.ranking import freight_fen_per_t, tariff_of, whole_micrometres

TARIFF = tariff_of(Settings(_env_file=None))
_FEN_PER_CNY = 100
_RANKS = {"distance": "n.um", "delivered_price": "l.price_fen_per_t + n.freight"}
_SITES = """
SELECT s.id, s.latitude, s.longitude FROM sites s
WHERE s.latitude BETWEEN :south AND :north AND s.longitude BETWEEN :west AND :east
AND s.organisation_id NOT IN (SELECT id FROM organisations WHERE status <> 'active')"""
_VECTOR_POSTGRESQL = """
SELECT * FROM unnest(:sites ::uuid[], :um ::bigint[], :freight ::bigint[]) AS v(site_id, um, freight)"""
_VECTOR_SQLITE = """
SELECT json_extract(value, '$[0]') AS site_id, json_extract(value, '$[1]') AS um,
json_extract(value, '$[2]') AS freight FROM json_each(:vector)"""
_OPEN_LOTS = """
SELECT l.id, s.latitude, s.longitude, l.price_fen_per_t, l.current_assay FROM lots l JOIN sites s ON s.id = l.site_id
WHERE l.status = 'open' AND l.material = '{material}'"""
# The page is cut on ids alone and filled afterwards: no wide row is sorted that does not stay.
_PAGE = """
WITH n AS ({vector}),
page AS (
  SELECT l.id, n.um, n.freight, {rank} AS rank FROM n JOIN lots l ON l.site_id = n.site_id
  WHERE l.status = 'open' AND l.material = :material AND l.available_to >= :today {limits}
  ORDER BY rank, l.id LIMIT 51)
SELECT l.id, l.material, l.status, l.quantity_kg, l.reserved_kg, l.shipped_kg, l.min_order_kg, l.available_from,
l.available_to, l.price_fen_per_t, l.origin_process, l.stock_year, l.current_assay, l.current_assay_on, l.created_at,
l.version, page.um, page.freight, s.id, s.name, s.latitude, s.longitude, s.district_code, o.id, o.name, a.id,
a.sampled_on, a.laboratory, a.report_no, a.created_at, a.results
FROM page JOIN lots l ON l.id = page.id JOIN sites s ON s.id = l.site_id
JOIN organisations o ON o.id = s.organisation_id LEFT JOIN assays a ON a.id = l.current_assay_id
ORDER BY page.rank, l.id"""


@dataclass(frozen=True)
class Limit:
    """A limit on a numeric parameter: `>=` or `<=` a value in the catalogue's unit and basis."""

    parameter: str
    sign: str
    value: float

    @property
    def spec(self) -> str:
        """The limit as the filter `spec` takes it."""
        return f"{self.parameter}{self.sign}{self.value}"

    def holds(self, assay: Mapping[str, Any]) -> bool:
        """Tell whether an assay does not break the limit; what is not measured breaks none."""
        found = assay.get(self.parameter)
        return found is None or (found >= self.value if self.sign == ">=" else found <= self.value)


@dataclass(frozen=True)
class Question:
    """What every side of the comparison is asked, from a centre of its choice (WGS-84 degrees)."""

    material: str
    limits: tuple[Limit, ...]
    within_km: float
    rows: int

    def parameters(self, centre: tuple[float, float], sort: str) -> dict[str, Any]:
        """Return the query of `GET /v1/lots`."""
        return {
            "material": [self.material],
            "near": f"{centre[0]},{centre[1]}",
            "within_km": self.within_km,
            "spec": [limit.spec for limit in self.limits],
            "sort": sort,
            "limit": self.rows,
        }


class HandWritten:
    """The question in SQL by hand on one open connection of the driver; sites first, no layer above."""

    def __init__(self, url: str, question: Question) -> None:
        self._question = question
        self._is_sqlite = url.startswith("sqlite")
        self._connection = _connect(url)
        self._cursor = self._connection.cursor()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def ask(self, centre: tuple[float, float], sort: str) -> list[tuple[Any, ...]]:
        """Return the rows of one page and one more, as the driver gives them; the id of the lot comes first."""
        (box,) = bounding_boxes(*centre, self._question.within_km)
        sites = self._run(_SITES, vars(box))
        positions = np.array([row[1:] for row in sites], dtype=np.float64).reshape(-1, 2)
        km = distances_km(*centre, positions[:, 0], positions[:, 1])
        kept = km <= self._question.within_km
        ids = [row[0] for row, is_kept in zip(sites, kept, strict=True) if is_kept]
        distances_um = whole_micrometres(km[kept])
        um, freight = distances_um.tolist(), freight_fen_per_t(distances_um, TARIFF).tolist()
        bound: dict[str, Any] = {"material": self._question.material, "today": str(today())}
        bound |= {f"limit{number}": limit.value for number, limit in enumerate(self._question.limits)}
        if self._is_sqlite:
            bound["vector"] = json.dumps(list(zip(ids, um, freight, strict=True)))
        else:
            bound |= {"sites": ids, "um": um, "freight": freight}
        return self._run(self._page(sort), bound)

    def _page(self, sort: str) -> str:
        kept = "coalesce({value} {sign} {bound}, true)" if self._is_sqlite else "({value} {sign} {bound}) IS NOT FALSE"
        read = "l.current_assay ->> '{}'" if self._is_sqlite else "(l.current_assay ->> '{}')::float8"
        limits = (
            "AND " + kept.format(value=read.format(limit.parameter), sign=limit.sign, bound=f":limit{number}")
            for number, limit in enumerate(self._question.limits)
        )
        return _PAGE.format(
            vector=_VECTOR_SQLITE if self._is_sqlite else _VECTOR_POSTGRESQL,
            rank=_RANKS[sort],
            limits=" ".join(limits),
        )

    def _run(self, statement: str, bound: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        if not self._is_sqlite:
            statement = _named_for_psycopg(statement, bound)
        self._cursor.execute(statement, bound)
        rows: list[tuple[Any, ...]] = self._cursor.fetchall()
        return rows


def _named_for_psycopg(statement: str, bound: Mapping[str, Any]) -> str:
    for name in sorted(bound, key=len, reverse=True):
        statement = statement.replace(f":{name}", f"%({name})s")
    return statement


def _connect(url: str) -> Any:  # noqa: ANN401 - a connection of either driver
    if url.startswith("sqlite"):
        connection = sqlite_module().connect(url.removeprefix("sqlite:///"), check_same_thread=False)
        connection.isolation_level = None
        return connection
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


class PlainPython:
    """The question as a loop: geopy's geodesic to every open lot of the material, which are in memory already."""

    def __init__(self, url: str, question: Question) -> None:
        self._question = question
        connection = _connect(url)
        cursor = connection.cursor()
        cursor.execute(_OPEN_LOTS.format(material=question.material))
        self._lots = [_plain_row(row) for row in cursor.fetchall()]
        connection.close()

    def ask(self, centre: tuple[float, float], sort: str) -> Sequence[Any]:
        """Return the ids of one page and one more."""
        rank = _rank_by_distance if sort == "distance" else _rank_by_delivered_price
        offers = []
        for identifier, position, price, assay in self._lots:
            km = geodesic(centre, position).km
            if km <= self._question.within_km and all(limit.holds(assay) for limit in self._question.limits):
                offers.append((rank(km, price), identifier))
        offers.sort()
        return [identifier for _, identifier in offers[: self._question.rows + 1]]


def _plain_row(row: tuple[Any, ...]) -> tuple[Any, tuple[float, float], int, dict[str, Any]]:
    identifier, latitude, longitude, price, assay = row
    return identifier, (latitude, longitude), price, json.loads(assay) if isinstance(assay, str) else assay


_Rank = Callable[[float, int], float]


def _rank_by_distance(km: float, price_fen: int) -> float:  # noqa: ARG001 - of one shape with the other
    return km


def _rank_by_delivered_price(km: float, price_fen: int) -> float:
    freight_cny = float(TARIFF.fixed_cny_per_t) + float(TARIFF.per_t_km_cny) * TARIFF.detour_factor * km
    return price_fen + round(freight_cny * _FEN_PER_CNY)
