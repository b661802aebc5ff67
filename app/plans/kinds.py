"""The kinds of jobs that work on plans."""

from collections.abc import Mapping
from enum import StrEnum

from app.auth.actor import Scope


class PlanJobKind(StrEnum):
    """What a job does for a plan."""

    PLAN = "plan"
    LEVERS = "plan_levers"


#: What asking for it and cancelling it needs.
SCOPES: Mapping[str, Scope] = dict.fromkeys(PlanJobKind, Scope.LEDGER_WRITE)
