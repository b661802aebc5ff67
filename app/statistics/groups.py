"""What statements of the statistics have in common: what a caller sees, what a question groups by, districts."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Null,
    Select,
    case,
    func,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.auth.actor import Actor, Role
from app.catalogue.reference import reference
from app.ledger.models import MonthlyFlow, OriginMonth, OriginYear
from app.organisations.models import Organisation, Site, SiteId
from app.organisations.queries import within_jurisdiction
from app.statistics.schemas import UtilisationQuery

#: A larger answer would take more memory than one request may have.
MAX_ROWS = 20_000
#: A statement yields at most one group a row.
MAX_GROUPS = 2 * MAX_ROWS
#: The bucket of all months of the period, where they are not told apart.
PERIOD = "period"
_NAMED = {"organisation": "organisation_name", "site": "site_name"}
#: The order of columns in the keys of the tables.
_FIRST = {"month": 0, "material": 1}

Stocked = type[OriginMonth] | type[OriginYear]
Counted = type[OriginMonth] | type[OriginYear] | type[MonthlyFlow]


def column_names(query: UtilisationQuery) -> tuple[str, ...]:
    """Return the columns of an answer's rows before the figures: those grouped by, with the names of ids."""
    return tuple(name for column in query.columns for name in (column, _NAMED.get(column)) if name)


def key_names(query: UtilisationQuery) -> tuple[str, ...]:
    """Return the columns but the month."""
    return tuple(name for name in column_names(query) if name != "month")


def limits_of(
    actor: Actor, query: UtilisationQuery, materials: Sequence[str], counted: Counted
) -> Iterator[ColumnElement[bool]]:
    """Yield what limits the flows: the materials, the district asked for, what the caller may see."""
    counted_at = _counted_at(query, counted)
    yield counted.material.in_(materials)
    sites = []
    if query.district is not None:
        sites.append(_district(Site.district_code, query).startswith(query.district, autoescape=True))
    if actor.has_role(Role.OPERATOR):
        pass
    elif actor.has_role(Role.GOVERNMENT):
        if actor.jurisdiction is not None:
            sites.append(within_jurisdiction(actor.jurisdiction))
    else:
        own = select(Site.id).where(Site.organisation_id == actor.organisation_id)
        # Twice the origin, unless use is counted at its place: own waste used elsewhere is one's own as well.
        yield or_(counted.origin_site_id.in_(own), counted_at.in_(own))
    if sites:
        yield counted_at.in_(select(Site.id).where(*sites))


def _counted_at(query: UtilisationQuery, counted: Counted) -> InstrumentedAttribute[Any]:
    """Return the site that a row counts at: the origin, or where it was used."""
    is_by_place = counted is MonthlyFlow and query.place == "utilised"
    return MonthlyFlow.site_id if is_by_place else counted.origin_site_id


def bucket_of(query: UtilisationQuery, counted: type[OriginMonth] | type[MonthlyFlow]) -> ColumnElement[Any]:
    """Return the month, or PERIOD where the question is not by month."""
    return counted.month.expression if "month" in query.columns else literal(PERIOD)


def key_of(query: UtilisationQuery, counted: Counted) -> list[ColumnElement[Any]]:
    """Return the key; `Site` is where a row counts, `_place_of_use` where it was used."""
    columns: dict[str, ColumnElement[Any]] = {
        "material": counted.material.expression,
        "district": _district(Site.district_code, query),
        "organisation": Site.organisation_id.expression,
        "organisation_name": Organisation.name.expression,
        "site": Site.id.expression,
        "site_name": Site.name.expression,
        "place": null(),
        "use": null(),
    }
    if counted is MonthlyFlow:
        columns |= {
            "place": _district(_place_of_use.district_code, query),
            "use": func.nullif(MonthlyFlow.use, ""),
        }
    return [columns[name] for name in key_names(query)]


_place_of_use = aliased(Site)


def grouped(
    statement: Select[Any], query: UtilisationQuery, group: Sequence[ColumnElement[Any]], counted: Counted
) -> Select[Any]:
    """Return a statement joined with what its columns need, and grouped.

    Month and material come first, as in the keys of the tables: SQLite then adds up while it reads. A group of nothing,
    which SQL has where all is added up to one, is none.
    """
    if {"district", "organisation", "site"} & set(query.columns):
        statement = statement.join(Site, Site.id == _counted_at(query, counted))
    if "organisation" in query.columns:
        statement = statement.join(Organisation, Organisation.id == Site.organisation_id)
    if "place" in query.columns and counted is MonthlyFlow:
        statement = statement.join(_place_of_use, _place_of_use.id == MonthlyFlow.site_id)
    columns = [column for column in group if not isinstance(column, BindParameter | Null)]
    columns.sort(key=lambda column: _FIRST.get(str(column.key), len(_FIRST)))
    return statement.group_by(*columns).having(func.count() > 0).limit(MAX_GROUPS + 1)


def _district(code: InstrumentedAttribute[str | None], query: UtilisationQuery) -> ColumnElement[str | None]:
    """Return the district that a site counts in: as recorded, or what became of it."""
    if query.districts == "as_recorded":
        return code.expression
    successors = {key: reference().present_district(key) for key in reference().districts}
    merged = {key: present for key, present in successors.items() if key != present}
    if not merged:
        return code.expression
    return case(merged, value=code, else_=code)


def origin_sites(actor: Actor, query: UtilisationQuery) -> Select[SiteId]:
    """Return the sites whose waste a question of an authority or the operator counts: seen by it, and asked for."""
    sites = select(Site.id)
    if not actor.has_role(Role.OPERATOR):
        sites = sites.where(within_jurisdiction(actor.jurisdiction))
    if query.district is not None:
        sites = sites.where(_district(Site.district_code, query).startswith(query.district, autoescape=True))
    return sites
