"""Counts of what a search finds: by material, by district, and what is measured of each parameter."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from pydantic import Field
from sqlalchemy import ColumnElement, Float, FromClause, Row, Select, String, case, cast, column, func, select
from sqlalchemy.orm import Session

from app.catalogue.reference import reference
from app.catalogue.schemas import Basis, Parameter, ParameterKind
from app.core.deadlines import TookTooLong, run_within
from app.core.errors import invalid
from app.core.quantities import Number
from app.core.schema import Schema
from app.lots.models import Lot
from app.matching.lot_search import LotSearch
from app.matching.offers import Offers, find_offers
from app.matching.ranking import Tariff
from app.organisations.models import Site

#: Of more lots no values are read: on SQLite that takes 17 µs a lot, on PostgreSQL half of it (100 000 lots, 2 cores).
MOST_LOTS_READ = 100_000
#: For counting and for reading values, so that no answer takes 10 s.
COUNT_SECONDS, READ_SECONDS = 6.0, 3.0
#: How many values of a category are listed, the commonest first.
MOST_VALUES = 20
_NARROW = "add material=, district= or within_km=, or ask fewer limits"


class MaterialCount(Schema):
    """How many lots are of a material."""

    material: str
    count: int


class DistrictCount(Schema):
    """How many lots lie in a district."""

    district_code: str | None = Field(description="Null: outside the catalogue's districts.")
    count: int


class ValueCount(Schema):
    """How many lots have a value of a category."""

    value: bool | str
    count: int


class ParameterFacet(Schema):
    """What the current assays of the lots say of one parameter, whatever their age."""

    parameter: str
    unit: str
    basis: Basis
    min: Number | None = Field(description="Null for a category, and where nothing is measured.")
    max: Number | None
    measured: int = Field(description="Lots with a value.")
    missing: int = Field(description="Lots without one; with `measured` it makes `total`.")
    values: list[ValueCount] | None = Field(
        description=f"Counts by value of a category, the {MOST_VALUES} commonest; null for a number."
    )


class Facets(Schema):
    """Counts over all lots that a search finds, on all its pages."""

    total: int
    materials: list[MaterialCount] = Field(description="The commonest first.")
    districts: list[DistrictCount] = Field(description="The commonest first.")
    parameters: list[ParameterFacet] | None = Field(
        description="Those that the catalogue gives for the materials found, and others that were measured; null for "
        f"more than {MOST_LOTS_READ} lots, and where reading their values takes more than {READ_SECONDS:g} s."
    )
    note: str | None = Field(description="Where `parameters` is null: why, and what to add to the search.")


def count_facets(
    session: Session,
    search: LotSearch,
    tariff: Tariff,
    count_seconds: float = COUNT_SECONDS,
    read_seconds: float = READ_SECONDS,
) -> Facets:
    """Return the counts of a search; `session` must be a snapshot, so that they agree with each other.

    Raises Invalid `too_much_to_count` where counting takes longer than `count_seconds`; values that take longer to
    read than `read_seconds` are left out.
    """
    offers = find_offers(session, search, tariff)
    try:
        groups = run_within(session, _by_material_and_district(offers), count_seconds)
    except TookTooLong as error:
        raise invalid("material", "too_much_to_count", f"counting was {error}; {_NARROW}") from None
    total = sum(row.lots for row in groups)
    materials = _add_up((row.material, row.lots) for row in groups)
    parameters, note = None, f"Ranges of parameters are for {MOST_LOTS_READ} lots at most; {_NARROW}."
    if total <= MOST_LOTS_READ:
        try:
            rows = run_within(session, _by_parameter(offers, session), read_seconds) if total else []
        except TookTooLong as error:
            note = f"Reading the ranges of parameters was {error}; {_NARROW}."
        else:
            parameters = _describe([key for key, _ in materials], rows, total)
    return Facets(
        total=total,
        materials=[MaterialCount(material=key, count=count) for key, count in materials],
        districts=[
            DistrictCount(district_code=code, count=count)
            for code, count in _add_up((row.district_code, row.lots) for row in groups)
        ],
        parameters=parameters,
        note=note if parameters is None else None,
    )


def _by_material_and_district(offers: Offers) -> Select[Any]:
    query = offers.select(Lot.material, Site.district_code, func.count().label("lots"))
    return query.join(Site, Site.id == Lot.site_id).group_by(Lot.material, Site.district_code)


def _by_parameter(offers: Offers, session: Session) -> Select[Any]:
    """Return the statement of one row a number and one a value of a category, the commonest values of each.

    Reading all values of an assay at once is three times as fast as asking for each parameter by name.
    """
    values, key, value = _values_of_assays(session)
    is_number = key.in_(_keys_of(ParameterKind.NUMERIC))
    number, text = cast(case((is_number, value)), Float(53)), case((~is_number, value))
    counted = (
        offers.select(
            key.label("parameter"),
            text.label("value"),
            func.count().label("lots"),
            func.min(number).label("lowest"),
            func.max(number).label("highest"),
        )
        .join(values, key.in_(list(reference().parameters)))
        .group_by(key, text)
        .subquery()
    )
    commonest_first = func.row_number().over(
        partition_by=counted.c.parameter, order_by=[counted.c.lots.desc(), counted.c.value]
    )
    measured = func.sum(counted.c.lots).over(partition_by=counted.c.parameter)
    ranked = select(counted, commonest_first.label("place"), measured.label("measured")).subquery()
    return select(ranked).where(ranked.c.place <= MOST_VALUES).order_by(ranked.c.parameter, ranked.c.place)


def _values_of_assays(session: Session) -> tuple[FromClause, ColumnElement[str], ColumnElement[Any]]:
    """Return each lot's current assay as a table to join with, its keys and its values: text, numbers on SQLite."""
    if session.get_bind().dialect.name == "postgresql":
        names = column("key", String), column("value", String)
        table = func.jsonb_each_text(Lot.current_assay).table_valued(*names, joins_implicitly=True)
        return table, table.c.key, table.c.value
    table = func.json_each(Lot.current_assay).table_valued("key", "value", "type", joins_implicitly=True)
    # As a value a boolean is 0 or 1; its type is its name.
    return table, table.c.key, case((table.c.type.in_(["true", "false"]), table.c.type), else_=table.c.value)


def _keys_of(kind: ParameterKind) -> list[str]:
    return [key for key, parameter in reference().parameters.items() if parameter.kind is kind]


def _add_up(counts: Iterable[tuple[Any, int]]) -> list[tuple[Any, int]]:
    """Return the sum of each key, the greatest first, then by key."""
    sums: Counter[Any] = Counter()
    for key, count in counts:
        sums[key] += count
    return sorted(sums.items(), key=lambda item: (-item[1], str(item[0])))


def _describe(materials: Sequence[str], rows: Sequence[Row[Any]], total: int) -> list[ParameterFacet]:
    """Return the facets of what is measured and of what the materials should have, in the catalogue's order."""
    found = {key: list(group) for key, group in groupby(rows, key=lambda row: row.parameter)}
    expected = {parameter.key for material in materials for parameter in reference().parameters_for(material)}
    return [
        _describe_parameter(parameter, found.get(key, []), total)
        for key, parameter in reference().parameters.items()
        if key in expected or key in found
    ]


def _describe_parameter(parameter: Parameter, rows: Sequence[Row[Any]], total: int) -> ParameterFacet:
    is_number = parameter.kind is ParameterKind.NUMERIC
    measured = int(rows[0].measured) if rows else 0
    return ParameterFacet(
        parameter=parameter.key,
        unit=parameter.unit,
        basis=parameter.basis,
        min=rows[0].lowest if rows else None,
        max=rows[0].highest if rows else None,
        measured=measured,
        missing=total - measured,
        values=None if is_number else [ValueCount(value=_plain(parameter, row.value), count=row.lots) for row in rows],
    )


def _plain(parameter: Parameter, text: str) -> bool | str:
    return text == "true" if parameter.kind is ParameterKind.BOOLEAN else text
