"""Life cycles of agreements, shipments and utilisations: one table each, state × action × who. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.core.errors import Conflict, Forbidden


class AgreementStatus(StrEnum):
    """`expired` is never stored: a proposal expires by its `expires_at`."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    COMPLETED = "completed"


class ShipmentStatus(StrEnum):
    """Where a load is."""

    DISPATCHED = "dispatched"
    RECEIVED = "received"
    PARTLY_REFUSED = "partly_refused"
    REFUSED = "refused"
    VOIDED = "voided"


class UtilisationStatus(StrEnum):
    """Whether a use counts."""

    RECORDED = "recorded"
    REVERSED = "reversed"


class Who(StrEnum):
    """Which party of an agreement may act."""

    PROPOSER = "the side that proposed it"
    OTHER = "the other side"
    PRODUCER = "the producer"
    RECYCLER = "the recycler"
    EITHER = "either side"


@dataclass(frozen=True)
class Step:
    """What an action makes of a state, and whose it is; `to` is None where a rule decides (weights of a receipt)."""

    who: Who
    to: str | None


AGREEMENT: Mapping[tuple[str, str], Step] = {
    (AgreementStatus.PROPOSED, "accept"): Step(Who.OTHER, AgreementStatus.ACCEPTED),
    (AgreementStatus.PROPOSED, "decline"): Step(Who.OTHER, AgreementStatus.DECLINED),
    (AgreementStatus.PROPOSED, "withdraw"): Step(Who.PROPOSER, AgreementStatus.WITHDRAWN),
    (AgreementStatus.ACCEPTED, "dispatch"): Step(Who.PRODUCER, AgreementStatus.ACCEPTED),
    (AgreementStatus.ACCEPTED, "cancel"): Step(Who.EITHER, AgreementStatus.CANCELLED),
    (AgreementStatus.ACCEPTED, "complete"): Step(Who.EITHER, AgreementStatus.COMPLETED),
}
SHIPMENT: Mapping[tuple[str, str], Step] = {
    (ShipmentStatus.DISPATCHED, "receipt"): Step(Who.RECYCLER, None),
    (ShipmentStatus.DISPATCHED, "void"): Step(Who.PRODUCER, ShipmentStatus.VOIDED),
}
UTILISATION: Mapping[tuple[str, str], Step] = {
    (UtilisationStatus.RECORDED, "reverse"): Step(Who.RECYCLER, UtilisationStatus.REVERSED),
}


@dataclass(frozen=True)
class Parties:
    """The organisations of an agreement."""

    producer: UUID
    recycler: UUID
    proposer: UUID

    def is_turn_of(self, organisation_id: UUID, who: Who) -> bool:
        """Tell whether an organisation, being one of the parties, is `who`."""
        return {
            Who.PROPOSER: organisation_id == self.proposer,
            Who.OTHER: organisation_id != self.proposer,
            Who.PRODUCER: organisation_id == self.producer,
            Who.RECYCLER: organisation_id == self.recycler,
            Who.EITHER: True,
        }[who]


def take_step(
    table: Mapping[tuple[str, str], Step], status: str, action: str, organisation_id: UUID, parties: Parties
) -> Step:
    """Return the step that an action is.

    Raises Conflict `invalid_state` with `allowed` (the actions open to the caller in this state) when the state
    forbids it, and Forbidden `not_your_turn` when the state allows it to the other party only.
    """
    step = table.get((status, action))
    if step is None:
        allowed = sorted(
            other
            for (state, other), candidate in table.items()
            if state == status and parties.is_turn_of(organisation_id, candidate.who)
        )
        detail = f"It is {status}, so {action} is not possible."
        raise Conflict("invalid_state", detail, state=status, allowed=allowed)
    if not parties.is_turn_of(organisation_id, step.who):
        raise Forbidden("not_your_turn", f"Only {step.who} may {action}.")
    return step


def effective_status(status: str, expires_at: datetime | None, at: datetime) -> AgreementStatus:
    """Return the status of an agreement at an instant: a proposal past its `expires_at` is expired."""
    if status == AgreementStatus.PROPOSED and expires_at is not None and expires_at <= at:
        return AgreementStatus.EXPIRED
    return AgreementStatus(status)
