"""Where a demand stands, and what its owner can do with it. Pure."""

from datetime import date

from app.core.errors import Conflict
from app.demands.models import Demand, DemandStatus

#: What the owner can do with a demand, by its effective status.
_ALLOWED: dict[DemandStatus, tuple[str, ...]] = {
    DemandStatus.OPEN: ("change", "withdraw"),
    DemandStatus.EXPIRED: ("change",),
    DemandStatus.WITHDRAWN: (),
}


def effective_status(demand: Demand, today: date) -> DemandStatus:
    """Return where a demand stands on a day; what is withdrawn stays so, and past `needed_to` a demand is expired."""
    stored = DemandStatus(demand.status)
    if stored is not DemandStatus.WITHDRAWN and demand.needed_to < today:
        return DemandStatus.EXPIRED
    return stored


def check_action(demand: Demand, action: str, today: date) -> None:
    """Raise Conflict `invalid_state` with `allowed` when the demand's status forbids the owner's action."""
    status = effective_status(demand, today)
    if action not in _ALLOWED[status]:
        detail = f"The demand is {status}, so {action} is not possible."
        raise Conflict("invalid_state", detail, state=status, allowed=list(_ALLOWED[status]))
