"""From the body of a plan to what is computed."""

from app.plans.schemas import PlanPost
from app.scenarios.scenario import Scenario


def scenario_of(wish: PlanPost) -> Scenario:
    """Return what the body asks, not checked yet."""
    return Scenario(
        district=wish.district,
        materials=None if wish.materials is None else tuple(wish.materials),
        max_distance_km=wish.max_distance_km,
        months=wish.months,
        accepts_unknown=wish.accepts_unknown,
        changes=tuple(change.to_change() for change in wish.changes),
    )
