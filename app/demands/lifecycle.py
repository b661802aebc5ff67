"""Where a demand stands, and what its owner can do with it. Pure."""

from datetime import date

from app.core.lifecycles import Lifecycle, Step, Who, is_owner
from app.demands.models import Demand, DemandStatus

DEMAND = Lifecycle(
    "demand",
    "需求",
    DemandStatus,
    DemandStatus.OPEN,
    {
        (DemandStatus.OPEN, "change"): Step(Who.OWNER, None, "stays"),
        (DemandStatus.OPEN, "withdraw"): Step(Who.OWNER, DemandStatus.WITHDRAWN),
        (DemandStatus.OPEN, "expire"): Step(Who.EXCHANGE, DemandStatus.EXPIRED, "after `needed_to`"),
        (DemandStatus.EXPIRED, "change"): Step(Who.OWNER, None, "open again when `needed_to` is a day to come"),
    },
)


def effective_status(demand: Demand, today: date) -> DemandStatus:
    """Return where a demand stands on a day; what is withdrawn stays so, and past `needed_to` a demand is expired."""
    stored = DemandStatus(demand.status)
    if stored is not DemandStatus.WITHDRAWN and demand.needed_to < today:
        return DemandStatus.EXPIRED
    return stored


def check_action(demand: Demand, action: str, today: date) -> None:
    """Raise Conflict `invalid_state` with `allowed` when the demand's status forbids the owner's action."""
    DEMAND.take(effective_status(demand, today), action, is_owner)
