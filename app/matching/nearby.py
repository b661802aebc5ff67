"""Sites around a place: a bounding box in the database, then the exact geodesics, all at once (steps 1 and 2)."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    FromClause,
    String,
    Uuid,
    and_,
    bindparam,
    column,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Session

from app.core.geo import bounding_boxes, distances_km
from app.matching.ranking import Tariff, freight_fen_per_t, whole_micrometres
from app.organisations.models import Organisation, OrganisationStatus, Site, SiteId


@dataclass(frozen=True)
class Position:
    """The point that distances are measured from, WGS-84 degrees."""

    latitude: float
    longitude: float


@dataclass(frozen=True)
class Nearby:
    """Sites with their distance and freight, one entry each in every list."""

    site_ids: list[SiteId]
    distances_um: list[int]
    freights_fen: list[int]


def is_trading(organisation_id: Any) -> ColumnElement[bool]:  # noqa: ANN401 - a mapped column
    """Return the condition that an organisation is active.

    Put as "not one of the few others": a list of all active ones would tempt both engines to walk it first and sort
    the whole market afterwards, instead of walking lots or sites by the index that the rest of the search wants.
    """
    others = select(Organisation.id).where(Organisation.status != OrganisationStatus.ACTIVE.value)
    return organisation_id.not_in(others)  # type: ignore[no-any-return]  # of an untyped column


def find_nearby(
    session: Session, position: Position, within_km: float | None, tariff: Tariff, *conditions: ColumnElement[bool]
) -> Nearby:
    """Return the sites of active organisations within a geodesic of `position` (all of them without `within_km`)."""
    query = select(Site.id, Site.latitude, Site.longitude).where(is_trading(Site.organisation_id), *conditions)
    if within_km is not None:
        query = query.where(_is_boxed(position, within_km))
    rows = session.execute(query).all()
    positions = np.array([row[1:] for row in rows], dtype=np.float64).reshape(-1, 2)
    km = distances_km(position.latitude, position.longitude, positions[:, 0], positions[:, 1])
    kept = np.full(len(rows), fill_value=True) if within_km is None else km <= within_km
    distances_um = whole_micrometres(km[kept])
    return Nearby(
        site_ids=[row[0] for row, is_kept in zip(rows, kept, strict=True) if is_kept],
        distances_um=distances_um.tolist(),
        freights_fen=freight_fen_per_t(distances_um, tariff).tolist(),
    )


def _is_boxed(position: Position, within_km: float) -> ColumnElement[bool]:
    return or_(
        *(
            and_(Site.latitude.between(box.south, box.north), Site.longitude.between(box.west, box.east))
            for box in bounding_boxes(position.latitude, position.longitude, within_km)
        )
    )


def as_table(nearby: Nearby, session: Session) -> FromClause:
    """Return the vector as a table `nearby(site_id, distance_um, freight_fen)` to join with; one parameter or three."""
    if session.get_bind().dialect.name == "postgresql":
        vector = func.unnest(
            bindparam(None, nearby.site_ids, ARRAY(Uuid)),
            bindparam(None, nearby.distances_um, ARRAY(BigInteger)),
            bindparam(None, nearby.freights_fen, ARRAY(BigInteger)),
        )
        columns = column("site_id", Uuid), column("distance_um", BigInteger), column("freight_fen", BigInteger)
        return vector.table_valued(*columns).render_derived(name="nearby")
    # SQLite keeps a UUID as its 32 hex digits and has no arrays, but reads JSON as a table.
    ids = (site_id.hex for site_id in nearby.site_ids)
    rows = json.dumps(list(zip(ids, nearby.distances_um, nearby.freights_fen, strict=True)))
    row = func.json_each(rows).table_valued("value").c.value
    return select(
        func.json_extract(row, "$[0]", type_=String).label("site_id"),
        func.json_extract(row, "$[1]", type_=BigInteger).label("distance_um"),
        func.json_extract(row, "$[2]", type_=BigInteger).label("freight_fen"),
    ).subquery("nearby")
