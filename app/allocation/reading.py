"""Reads the market of a plan from the database: columns, not objects, in one state of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.allocation.fixed import Drawn, draw, read_base, read_promises
from app.allocation.market import Market, Needs, Offers, Sites, Sources, whole
from app.allocation.needs import Horizon, read_needs
from app.allocation.question import Question, materials_of, months_of
from app.allocation.supply import (
    Distinct,
    Piece,
    Stream,
    offers_of,
    parts_of,
    piece_of,
    read_declared,
    read_lots,
    read_storage,
    read_taken,
    stored_piece,
)
from app.core.clock import today
from app.matching.ranking import Tariff
from app.matching.verdict import LotFacts
from app.organisations.models import Organisation, OrganisationStatus, Site
from app.organisations.queries import is_within_jurisdiction
from app.transport.rates import Base


@dataclass(frozen=True)
class _Supply:
    """What can be hauled away, and the fixed terms of the rate."""

    offers: Offers
    sources: Sources
    samples: tuple[LotFacts, ...]
    base: Base


def read_market(session: Session, question: Question, tariff: Tariff, assays_since: date) -> Market:
    """Return the market that a checked question is of; what-ifs are not applied yet.

    `session` must be a snapshot of one who reaches every organisation's ledger. The waste is that of the question's
    district, the demands are those of the whole exchange: waste may be hauled out of a district.
    """
    horizon = Horizon(months_of(question), today())
    sites = _read_sites(session, question.district)
    numbers = {site_id: number for number, site_id in enumerate(sites.ids) if site_id is not None}
    wanted = read_needs(session, horizon, numbers, tariff, assays_since)
    counted = {site_id: number for site_id, number in numbers.items() if sites.is_counted[number]}
    supply = _read_supply(session, question, horizon, counted, Distinct(assays_since))
    needs = wanted.needs
    if question.accepts_unknown is not None:
        needs = _accepting(needs, accepts=question.accepts_unknown)
    return Market(
        today=horizon.today,
        months=horizon.months,
        assays_since=assays_since,
        tariff=tariff,
        max_km=np.inf if question.max_distance_km is None else question.max_distance_km,
        materials=materials_of(question),
        sites=sites,
        samples=supply.samples,
        specifications=wanted.specifications,
        offers=supply.offers,
        sources=supply.sources,
        needs=needs,
        rooms=wanted.rooms,
        groups=wanted.groups,
        base=supply.base,
    )


def _read_supply(
    session: Session, question: Question, horizon: Horizon, sites: dict[UUID, int], distinct: Distinct
) -> _Supply:
    """Return what the sites whose waste counts offer and store; agreements and lots draw on storage first."""
    materials = materials_of(question)
    taken = read_taken(session, horizon)
    lots = read_lots(session, horizon, materials)
    rows = [(row, parts_of(row, horizon, taken)) for row in lots if row.site_id in sites]
    promises = read_promises(session, horizon, materials, question.district)
    stored = read_storage(session, materials)
    drawn = draw(rows, promises, read_declared(session, horizon, materials), horizon)
    to_generate = sum(each.generated_kg(stored.get(stream, {}), horizon.year) for stream, each in drawn.items())
    pieces = _lot_pieces(rows, horizon, sites, materials, distinct)
    pieces += _stored_pieces(stored, drawn, horizon, sites, materials, distinct)
    offers, sources = offers_of(pieces, horizon)
    base = read_base(session, horizon, materials, question.district, promises, to_generate)
    return _Supply(offers, sources, tuple(distinct.facts), base)


def _accepting(needs: Needs, *, accepts: bool) -> Needs:
    return replace(needs, accepts_unknown=np.full(len(needs.uses), accepts))


def _read_sites(session: Session, district: str | None) -> Sites:
    rows = session.execute(
        select(Site.id, Site.name, Site.organisation_id, Site.district_code, Site.latitude, Site.longitude)
        .join(Organisation, Organisation.id == Site.organisation_id)
        .where(Organisation.status == OrganisationStatus.ACTIVE.value)
        .order_by(Site.id)
    ).all()
    owners: dict[UUID, int] = {}
    districts = {row.district_code for row in rows}
    counted = {code for code in districts if is_within_jurisdiction(code, district)}
    return Sites(
        ids=tuple(row.id for row in rows),
        names=tuple(row.name for row in rows),
        organisation_ids=tuple(row.organisation_id for row in rows),
        districts=tuple(row.district_code for row in rows),
        owners=whole([owners.setdefault(row.organisation_id, len(owners)) for row in rows]),
        latitudes=np.array([row.latitude for row in rows], np.float64),
        longitudes=np.array([row.longitude for row in rows], np.float64),
        is_counted=np.array([row.district_code in counted for row in rows], np.bool_),
    )


def _lot_pieces(
    rows: Sequence[tuple[Any, Sequence[tuple[str, int]]]],
    horizon: Horizon,
    sites: dict[UUID, int],
    materials: Sequence[str],
    distinct: Distinct,
) -> list[Piece]:
    numbers = {material: number for number, material in enumerate(materials)}
    pieces = []
    for row, parts in rows:
        if any(kg > 0 for _, kg in parts):
            sample = distinct.number_of(row.material, row.origin_process, row.assay, row.current_assay_on)
            place = sites[row.site_id], numbers[row.material], sample
            pieces.append(piece_of(row, parts, horizon, place))
    return pieces


def _stored_pieces(
    stored: dict[Stream, dict[int, int]],
    drawn: dict[Stream, Drawn],
    horizon: Horizon,
    sites: dict[UUID, int],
    materials: Sequence[str],
    distinct: Distinct,
) -> list[Piece]:
    numbers = {material: number for number, material in enumerate(materials)}
    pieces = []
    for stream in sorted(stored):
        site_id, material = stream
        if site_id not in sites:
            continue
        place = sites[site_id], numbers[material], distinct.number_of(material, None, None, None)
        left = drawn.get(stream, Drawn()).left_kg(stored[stream], horizon.year)
        pieces += [stored_piece(kg, year, horizon, place) for year, kg in left]
    return pieces
