"""The steps of the work on plans, in their order: what their progress counts."""

from collections.abc import Callable

from app.plans.kinds import PlanJobKind

PLAN_STEPS = ("reading", "connecting", "solving", "comparing", "pricing", "storing")
#: The last is done as often as there are changes to try.
LEVER_STEPS = ("reading", "solving", "trying")
#: More changes are not solved anew: each costs as much as a plan without its prices.
MOST_TRIED = 40
TOTALS = {PlanJobKind.PLAN: len(PLAN_STEPS), PlanJobKind.LEVERS: len(LEVER_STEPS) - 1 + MOST_TRIED}
#: Called with the number of steps done; raises where the work is wanted no more.
Advance = Callable[[int], None]
