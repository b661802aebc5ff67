"""Sites around a place: a bounding box in the database, then the exact geodesics, all at once (steps 1 and 2)."""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Float,
    FromClause,
    Select,
    String,
    Uuid,
    and_,
    bindparam,
    column,
    func,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session

from app.core.geo import bounding_boxes, distances_km
from app.matching.ranking import Tariff, freight_fen_per_t, whole_micrometres
from app.organisations.models import Organisation, OrganisationStatus, Site

_EDGES = ("south", "north", "west", "east")
_ESCAPE = "/"


@dataclass(frozen=True)
class Position:
    """The point that distances are measured from, WGS-84 degrees."""

    latitude: float
    longitude: float


@dataclass(frozen=True)
class Nearby:
    """Sites with their distance and freight, the nearest first, one entry each in every list.

    Ids are as the driver gives them: UUIDs of PostgreSQL, 32 hex digits of SQLite.
    """

    site_ids: list[Any]
    distances_um: list[int]
    freights_fen: list[int]

    def __len__(self) -> int:
        """Return how many sites they are."""
        return len(self.site_ids)

    def not_before(self, distance_um: int) -> "Nearby":
        """Return those that are at least so far away."""
        first = bisect_left(self.distances_um, distance_um)
        return self._part(first, len(self))

    def hauled_for(self, most_fen: int) -> "Nearby":
        """Return those from which a tonne is hauled for so much at the most; freight grows with the distance."""
        return self._part(0, bisect_right(self.freights_fen, most_fen))

    def nearest(self, count: int) -> "Nearby":
        """Return the nearest, with all that are as far away as the last of them."""
        if count >= len(self):
            return self
        return self._part(0, bisect_right(self.distances_um, self.distances_um[count - 1]))

    def _part(self, first: int, end: int) -> "Nearby":
        return Nearby(self.site_ids[first:end], self.distances_um[first:end], self.freights_fen[first:end])


def is_trading(organisation_id: Any) -> ColumnElement[bool]:  # noqa: ANN401 - a mapped column
    """Return the condition that an organisation is active.

    Put as "not one of the few others": a list of all active ones would tempt both engines to walk it first and sort
    the whole market afterwards, instead of walking lots or sites by the index that the rest of the search wants.
    """
    others = select(Organisation.id).where(Organisation.status != OrganisationStatus.ACTIVE.value)
    return organisation_id.not_in(others)  # type: ignore[no-any-return]  # of an untyped column


def is_in_district() -> ColumnElement[bool]:
    """Return the condition on `sites` with the parameter `district`, a `district_pattern`."""
    return Site.district_code.like(bindparam("district", type_=String), escape=_ESCAPE)


def district_pattern(prefix: str) -> str:
    """Return what every district key with these first characters is like."""
    escaped = prefix
    for special in (_ESCAPE, "%", "_"):
        escaped = escaped.replace(special, _ESCAPE + special)
    return f"{escaped}%"


def find_nearby(
    session: Session,
    position: Position,
    within_km: float | None,
    tariff: Tariff,
    *,
    district: str | None = None,
    among: Select[Any] | None = None,
) -> Nearby:
    """Return the sites of active organisations within a geodesic of `position` (all of them without `within_km`).

    `district` is a key or its first characters; `among` is a statement of ids, one and the same object every time.
    """
    boxes = [] if within_km is None else bounding_boxes(position.latitude, position.longitude, within_km)
    values: dict[str, Any] = {f"{edge}_{n}": getattr(box, edge) for n, box in enumerate(boxes) for edge in _EDGES}
    if district is not None:
        values["district"] = district_pattern(district)
    statement = _select_sites(len(boxes), among, has_district=district is not None)
    rows = session.connection().execute(statement, values).all()
    positions = np.array([row[1:] for row in rows], dtype=np.float64).reshape(-1, 2)
    km = distances_km(position.latitude, position.longitude, positions[:, 0], positions[:, 1])
    order = np.argsort(km, kind="stable")
    if within_km is not None:
        order = order[: np.searchsorted(km[order], within_km, side="right")]
    distances_um = whole_micrometres(km[order])
    return Nearby(
        site_ids=[rows[index][0] for index in order.tolist()],
        distances_um=distances_um.tolist(),
        freights_fen=freight_fen_per_t(distances_um, tariff).tolist(),
    )


@lru_cache(maxsize=100)
def _select_sites(boxes: int, among: Select[Any] | None, *, has_district: bool) -> Select[Any]:
    """Return id, latitude and longitude of sites; made once, since making it takes longer than running it."""
    # The driver's own form of an id: what comes out goes in again, and no object is made of it meanwhile.
    query: Any = select(type_coerce(Site.id, String), Site.latitude, Site.longitude).where(
        is_trading(Site.organisation_id)
    )
    if boxes:
        query = query.where(or_(*map(_is_boxed, range(boxes))))
    if has_district:
        query = query.where(is_in_district())
    return query if among is None else query.where(Site.id.in_(among))  # type: ignore[no-any-return]  # as above


def _is_boxed(number: int) -> ColumnElement[bool]:
    south, north, west, east = (bindparam(f"{edge}_{number}", type_=Float(53)) for edge in _EDGES)
    return and_(Site.latitude.between(south, north), Site.longitude.between(west, east))


def nearby_table(dialect: str) -> FromClause:
    """Return a table `nearby(site_id, distance_um, freight_fen)` to join with; its parameters are `nearby_values`."""
    if dialect == "postgresql":
        vector = func.unnest(
            bindparam("nearby_ids", type_=ARRAY(Uuid)),
            bindparam("nearby_um", type_=ARRAY(BigInteger)),
            bindparam("nearby_fen", type_=ARRAY(BigInteger)),
        )
        columns = column("site_id", Uuid), column("distance_um", BigInteger), column("freight_fen", BigInteger)
        return vector.table_valued(*columns).render_derived(name="nearby")
    # SQLite has no arrays, but reads JSON as a table.
    row = func.json_each(bindparam("nearby", type_=String)).table_valued("value").c.value
    return select(
        func.json_extract(row, "$[0]", type_=String).label("site_id"),
        func.json_extract(row, "$[1]", type_=BigInteger).label("distance_um"),
        func.json_extract(row, "$[2]", type_=BigInteger).label("freight_fen"),
    ).subquery("nearby")


def nearby_values(nearby: Nearby, dialect: str) -> Mapping[str, Any]:
    """Return the parameters of `nearby_table`."""
    if dialect == "postgresql":
        return {
            "nearby_ids": nearby.site_ids,
            "nearby_um": nearby.distances_um,
            "nearby_fen": nearby.freights_fen,
        }
    return {"nearby": json.dumps(list(zip(nearby.site_ids, nearby.distances_um, nearby.freights_fen, strict=True)))}
