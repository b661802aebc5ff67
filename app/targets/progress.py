"""How far along a target is: the ledger's rate of a year with its gap and forecast, or the last value entered."""

from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.catalogue.reference import reference
from app.catalogue.schemas import MaterialKind
from app.core.clock import month_of, now
from app.core.errors import invalid
from app.core.quantities import ZERO
from app.matching.conventions import Language
from app.statistics.queries import read_utilisation
from app.statistics.rate import FORMULA
from app.statistics.schemas import UtilisationQuery, UtilisationRow, UtilisationStatistics
from app.targets.forecast import COVERAGE_PCT, MONTHS_A_YEAR, MOST_SEASONS, Forecast, Series, forecast_year
from app.targets.gaps import Flow, gap_points, is_reached, missing_from_prior_t, missing_per_month_t, missing_t, rounded
from app.targets.models import TargetValue
from app.targets.plan import Target
from app.targets.queries import Outstanding, latest_value, read_outstanding
from app.targets.schemas import (
    ContractedRead,
    EnteredProgress,
    ForecastRead,
    Gap,
    IntervalRead,
    Progress,
    TargetRead,
    YearFigures,
)
from app.targets.words import Situation, advise_on_rate, advise_on_value, describe_method


def read_progress(session: Session, actor: Actor, target: Target, year: int, on: date, language: Language) -> Progress:
    """Return the progress in a year as of a day; `session` must be a snapshot. Raises Invalid `year_in_future`."""
    if year > on.year:
        raise invalid("year", "year_in_future", f"{year} has not begun; ask for {on.year} or an earlier year")
    if not target.is_computed:
        return _entered(session, target, year, language)
    figures = read_utilisation(session, actor, _question(target, year, year))
    total = _flow(figures.total)
    to_date = _figures(total, target)
    is_over = year < on.year
    forecast = None if is_over else _forecast(session, actor, target, figures, on, language)
    about = Situation(target, year, is_over, to_date, forecast, figures.undeclared_site_months)
    return Progress(
        target=describe_target(target),
        year=year,
        as_of=figures.as_of,
        formula=figures.formula,
        materials=figures.materials,
        basis="recorded",
        districts="current",
        undeclared_site_months=figures.undeclared_site_months,
        provisional=figures.provisional,
        to_date=to_date,
        forecast=forecast,
        entered=None,
        advice=advise_on_rate(about, language),
    )


def describe_target(target: Target) -> TargetRead:
    """Return a target as it is answered; of a rate with its formula and streams."""
    values = vars(target) | {"formula": None, "materials": None}
    if target.is_computed:
        values |= {"formula": FORMULA, "materials": list(target.materials or _bulk_streams())}
    return TargetRead(**values)


def _bulk_streams() -> list[str]:
    bulk = MaterialKind.BULK_INDUSTRIAL
    return sorted(key for key, material in reference().materials.items() if material.kind is bulk)


def _question(target: Target, first_year: int, last_year: int, group_by: str = "") -> UtilisationQuery:
    """Return what the statistics are asked: what a merged district was before counts where it is now."""
    asked: dict[str, Any] = {
        "from": f"{first_year}-01",
        "to": f"{last_year}-12",
        "district": target.district,
        "material": list(target.materials or ()),
        "scope": "bulk" if target.materials is None else "all",
        "districts": "current",
        "group_by": group_by,
    }
    return UtilisationQuery.model_validate(asked)


def _flow(row: UtilisationRow) -> Flow:
    return Flow(row.generated_t or ZERO, row.utilised_t or ZERO, row.utilised_from_prior_t or ZERO)


def _figures(flow: Flow, target: Target) -> YearFigures:
    return YearFigures(**_year(flow, target))


def _year(flow: Flow, target: Target) -> dict[str, Any]:
    rate, points, missing = flow.exact_rate_pct, gap_points(flow, target.value), missing_t(flow, target.value)
    gap = None
    if points is not None and missing is not None:
        gap = Gap(
            reached=is_reached(flow, target.value) is True,
            gap_points=points,
            gap_t=missing,
            gap_from_prior_t=missing_from_prior_t(flow, target.value),
        )
    return {**vars(flow), "rate_pct": None if rate is None else rounded(rate), "gap": gap}


def _forecast(
    session: Session, actor: Actor, target: Target, figures: UtilisationStatistics, on: date, language: Language
) -> ForecastRead | None:
    """Return where the running year will end, from the months of it and of the years before."""
    history = read_utilisation(session, actor, _question(target, on.year - MOST_SEASONS, on.year, "month"))
    over, running = _split(history.items, on)
    outstanding = read_outstanding(session, actor, _question(target, on.year, on.year), figures.materials, on)
    total = figures.total
    gone = [total.disposed_t or ZERO, -(total.disposed_from_prior_t or ZERO), total.discarded_t or ZERO]
    months_left = MONTHS_A_YEAR + 1 - on.month
    made = forecast_year(over, running, months_left, outstanding.all, sum(gone, ZERO))
    return None if made is None else _describe(made, outstanding, target, months_left, language)


def _split(rows: list[UtilisationRow], on: date) -> tuple[Series, Flow]:
    """Return the months that are over, from the first with tonnes on file, and the sum of those that are not."""
    flows = {_number(row.month): _flow(row) for row in rows if row.month is not None}
    this_month = _number(month_of(on))
    busy = [number for number, flow in flows.items() if flow != Flow() and number < this_month]
    months = range(min(busy, default=this_month), this_month)
    over = Series(tuple(flows.get(number, Flow()) for number in months), this_month - 1)
    return over, sum((flow for number, flow in flows.items() if number >= this_month), Flow())


def _number(month: str) -> int:
    return int(month[:4]) * MONTHS_A_YEAR + int(month[5:]) - 1


def _describe(
    made: Forecast, outstanding: Outstanding, target: Target, months_left: int, language: Language
) -> ForecastRead:
    alone = made.by_run_rate.exact_rate_pct
    parts = (outstanding.to_ship, outstanding.in_transit, outstanding.at_recyclers)
    to_ship, in_transit, at_recyclers = (part.fresh_t + part.prior_t for part in parts)
    interval = made.interval and IntervalRead(**vars(made.interval), coverage_pct=COVERAGE_PCT, trials=made.trials)
    return ForecastRead(
        **_year(made.flow, target),
        without_contracts_pct=None if alone is None else rounded(alone),
        contracted=ContractedRead(
            to_ship_t=to_ship,
            in_transit_t=in_transit,
            at_recyclers_t=at_recyclers,
            counted_t=made.contracted.fresh_t + made.contracted.prior_t,
        ),
        interval=interval,
        unused_t=made.unused_t,
        months_left=months_left,
        extra_per_month_t=missing_per_month_t(made.flow, target.value, months_left) or ZERO,
        method=describe_method(made.seasons, made.trials, language, has_interval=interval is not None),
    )


def _latest(found: TargetValue, target: Target) -> EnteredProgress:
    return EnteredProgress(
        value=found.value,
        holds_on=found.holds_on,
        source=found.source,
        reached=target.is_met_by(found.value),
        gap=target.value - found.value,
    )


def _entered(session: Session, target: Target, year: int, language: Language) -> Progress:
    found = latest_value(session, target, date(year, 12, 31))
    entered = None if found is None else _latest(found, target)
    return Progress(
        target=describe_target(target),
        year=year,
        as_of=now(),
        formula=None,
        materials=None,
        basis=None,
        districts=None,
        undeclared_site_months=None,
        provisional=None,
        to_date=None,
        forecast=None,
        entered=entered,
        advice=advise_on_value(target, year, entered, language),
    )
