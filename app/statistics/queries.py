"""The answer about utilisation: checks the question, lays balances over stock, hides what means nothing."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from operator import attrgetter
from typing import Any

from sqlalchemy.orm import Session

from app.auth.actor import Actor, Role
from app.catalogue.keys import unknown_key
from app.catalogue.reference import reference
from app.catalogue.schemas import MaterialKind
from app.core.clock import month_of, now, today, year_of
from app.core.errors import Fault, Forbidden, Invalid
from app.core.quantities import ZERO
from app.organisations.queries import is_within_jurisdiction
from app.statistics.flows import Flows, Key, read_flows, too_many_rows
from app.statistics.groups import MAX_ROWS, PERIOD, key_names
from app.statistics.rate import FORMULA, MassBalance
from app.statistics.schemas import FIGURES, UtilisationQuery, UtilisationRow, UtilisationStatistics

MAX_MONTHS = 120
_LEADING_DIGITS = re.compile(r"\d{2}|\d{4}|\d{6}", re.ASCII)
_USE_FIGURES = frozenset({"utilised_t", "utilised_from_prior_t"})
_take_figures = attrgetter(*FIGURES)
#: Copying it takes half the time of making a row.
_BLANK_ROW = UtilisationRow.model_construct(_fields_set=set(), **dict.fromkeys(UtilisationRow.model_fields))
_RATES = frozenset({"rate_pct", "naive_rate_pct", "new_waste_rate_pct", "rate_on_dispatch_pct"})


def read_utilisation(session: Session, actor: Actor, query: UtilisationQuery) -> UtilisationStatistics:
    """Return the balances and rates that the caller may see; `session` must be a snapshot (several statements).

    Raises Forbidden `outside_jurisdiction`, and Invalid for a period, material or district that cannot be.
    """
    materials = _check_question(actor, query)
    flows = read_flows(session, actor, query, materials)
    total = _total(flows)
    whole = _figures(query, total, is_total=True)
    rows = list(_rows(query, flows)) if query.columns else [UtilisationRow(**whole)]
    rows.sort(key=lambda row: [(getattr(row, name) is None, str(getattr(row, name))) for name in query.columns])
    return UtilisationStatistics(
        from_month=query.from_month,
        to_month=query.to_month,
        scope=query.scope,
        materials=materials,
        formula=FORMULA,
        as_of=now(),
        basis=query.basis,
        place=query.place,
        districts=query.districts,
        undeclared_site_months=flows.undeclared,
        provisional=flows.undeclared > 0 or query.to_month >= month_of(today()),
        items=rows,
        total=UtilisationRow(**whole),
    )


def _check_question(actor: Actor, query: UtilisationQuery) -> list[str]:
    """Return the materials asked for, sorted; raises Forbidden and, with all faults at once, Invalid."""
    if (
        query.district is not None
        and actor.has_role(Role.GOVERNMENT)
        and not actor.has_role(Role.OPERATOR)
        and not is_within_jurisdiction(query.district, actor.jurisdiction)
    ):
        detail = f"{query.district} lies outside your jurisdiction, {actor.jurisdiction}."
        raise Forbidden("outside_jurisdiction", detail, jurisdiction=actor.jurisdiction)
    known = reference().materials
    in_scope = {
        key for key, entry in known.items() if query.scope == "all" or entry.kind is MaterialKind.BULK_INDUSTRIAL
    }
    faults = list(_period_faults(query))
    if query.district is not None and not _is_district(query.district):
        faults.append(unknown_key("district", "district", query.district))
    for key in query.material:
        if key not in known:
            faults.append(unknown_key("material", "material", key))
        elif key not in in_scope:
            faults.append(Fault("material", "outside_scope", f"{key} is no bulk stream; ask with scope=all"))
    if faults:
        raise Invalid(faults, code=faults[0].code if len(faults) == 1 else "invalid_request")
    return sorted(set(query.material) or in_scope)


def _is_district(text: str) -> bool:
    """Whether text is a key of the catalogue or the leading digits of a code, which may lie outside the catalogue."""
    return _LEADING_DIGITS.fullmatch(text) is not None or text in reference().districts


def _period_faults(query: UtilisationQuery) -> Iterator[Fault]:
    if query.from_month > query.to_month:
        yield Fault("to", "period_reversed", "must not lie before from")
    elif len(_months(query.from_month, query.to_month)) > MAX_MONTHS:
        yield Fault("to", "period_too_long", f"a period has at most {MAX_MONTHS} months")


def _months(first: str, last: str) -> list[str]:
    start, end = (year_of(month) * 12 + int(month[5:]) - 1 for month in (first, last))
    return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in range(start, end + 1)]


def _total(flows: Flows) -> MassBalance:
    """Add up all groups and months, which is exact: openings and closings are those of the postings alone."""
    rows = [sums for buckets in flows.within.values() for sums in buckets.values()]
    added = MassBalance(*(sum(column, ZERO) for column in zip(*rows, strict=True)))
    return added.on_top_of(sum(flows.before.values(), ZERO))


def _rows(query: UtilisationQuery, flows: Flows) -> Iterator[UtilisationRow]:
    names = key_names(query)
    is_monthly = "month" in query.columns
    for number, (bucket, key, balance) in enumerate(_balances(query, flows)):
        if number == MAX_ROWS:
            raise too_many_rows()
        columns: dict[str, Any] = dict(zip(names, key, strict=True)) | ({"month": bucket} if is_monthly else {})
        # Figures of ours need no validation, which would take most of the time of a long answer.
        yield _BLANK_ROW.model_copy(update=columns | _figures(query, balance, columns))


def _balances(query: UtilisationQuery, flows: Flows) -> Iterator[tuple[str, Key, MassBalance]]:
    """Yield bucket, key and balance of each row: a month without postings has one as long as there is stock."""
    buckets = [PERIOD]
    if "month" in query.columns:
        posted = {bucket for group in flows.within.values() for bucket in group}
        buckets = _months(query.from_month, min(query.to_month, max({month_of(today()), *posted})))
    for key in flows.before.keys() | flows.within.keys():
        stock = flows.before.get(key, ZERO)
        group = flows.within.get(key, {})
        for bucket in buckets:
            if bucket in group or stock:
                balance = MassBalance(*group.get(bucket, ())).on_top_of(stock)
                stock = balance.closing_t
                yield bucket, key, balance


def _figures(
    query: UtilisationQuery, balance: MassBalance, columns: Mapping[str, Any] | None = None, *, is_total: bool = False
) -> dict[str, Decimal | None]:
    """Return the figures of a row, null where they mean nothing for it (see UtilisationRow)."""
    figures = dict(zip(FIGURES, _take_figures(balance), strict=True))
    split = {"place", "use"} & set(query.columns)
    if query.place == "origin" and not split:
        return figures
    hidden: frozenset[str] = frozenset()
    if query.place == "utilised" or any((columns or {}).get(name) is not None for name in split):
        hidden = frozenset(FIGURES) - _USE_FIGURES
    elif split and not is_total:
        hidden = _RATES
    return {name: None if name in hidden else figure for name, figure in figures.items()}
