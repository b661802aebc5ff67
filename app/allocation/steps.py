"""The steps of the work on plans, in their order: what their progress counts."""

from collections.abc import Callable

PLAN_STEPS = ("reading", "connecting", "solving", "comparing", "pricing", "storing")
LEVER_STEPS = ("reading", "solving", "trying", "storing")
#: Called with the number of steps done; raises where the work is wanted no more.
Advance = Callable[[int], None]
