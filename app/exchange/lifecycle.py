"""Life cycles of agreements, shipments, corrections and utilisations, and who the parties of an agreement are. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from app.core.clock import business_date
from app.core.lifecycles import Lifecycle, Step, Who


class AgreementStatus(StrEnum):
    """A proposal expires by its `expires_at`, an accepted agreement by its last day, whatever is stored.

    `expired` is stored only of one that was accepted, once what it had not shipped is free on its lot again.
    """

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


class CorrectionStatus(StrEnum):
    """What the other side said of a correction."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class UtilisationStatus(StrEnum):
    """Whether a use counts."""

    RECORDED = "recorded"
    REVERSED = "reversed"


AGREEMENT = Lifecycle(
    "agreement",
    "合同",
    AgreementStatus,
    AgreementStatus.PROPOSED,
    {
        (AgreementStatus.PROPOSED, "accept"): Step(Who.OTHER, AgreementStatus.ACCEPTED, "reserves its tonnes"),
        (AgreementStatus.PROPOSED, "decline"): Step(Who.OTHER, AgreementStatus.DECLINED),
        (AgreementStatus.PROPOSED, "withdraw"): Step(Who.PROPOSER, AgreementStatus.WITHDRAWN),
        (AgreementStatus.PROPOSED, "expire"): Step(Who.EXCHANGE, AgreementStatus.EXPIRED, "after `expires_at`"),
        (AgreementStatus.ACCEPTED, "dispatch"): Step(Who.PRODUCER, AgreementStatus.ACCEPTED, "ships reserved tonnes"),
        (AgreementStatus.ACCEPTED, "cancel"): Step(
            Who.EITHER, AgreementStatus.CANCELLED, "sets free what is not shipped"
        ),
        (AgreementStatus.ACCEPTED, "complete"): Step(
            Who.EITHER, AgreementStatus.COMPLETED, "nothing is in transit; sets free what is not shipped"
        ),
        (AgreementStatus.ACCEPTED, "expire"): Step(
            Who.EXCHANGE,
            AgreementStatus.EXPIRED,
            "after `ends_on`, or after the day of acceptance if that is later; sets free what is not shipped",
        ),
        (AgreementStatus.EXPIRED, "dispatch"): Step(
            Who.PRODUCER,
            AgreementStatus.EXPIRED,
            "a late ticket of an agreement that was accepted, if the lot has the tonnes free",
        ),
    },
)
#: A proposal that expired was never more than that: nothing can be done on it.
LAPSED_PROPOSAL = replace(AGREEMENT, steps={})
_CORRECTED = Step(Who.EITHER, None, "proposes new values; the other side approves them first")
SHIPMENT = Lifecycle(
    "shipment",
    "发运",
    ShipmentStatus,
    ShipmentStatus.DISPATCHED,
    {
        (ShipmentStatus.DISPATCHED, "receipt"): Step(
            Who.RECYCLER, None, "received, partly_refused or refused, by what is accepted and refused"
        ),
        (ShipmentStatus.DISPATCHED, "void"): Step(Who.PRODUCER, ShipmentStatus.VOIDED, "as if it had not left"),
        (ShipmentStatus.DISPATCHED, "correct"): _CORRECTED,
        (ShipmentStatus.RECEIVED, "correct"): _CORRECTED,
        (ShipmentStatus.PARTLY_REFUSED, "correct"): _CORRECTED,
        (ShipmentStatus.REFUSED, "correct"): _CORRECTED,
    },
)
CORRECTION = Lifecycle(
    "correction",
    "更正",
    CorrectionStatus,
    CorrectionStatus.PENDING,
    {
        (CorrectionStatus.PENDING, "approve"): Step(
            Who.OTHER, CorrectionStatus.APPROVED, "reverses what the load had posted and posts it anew"
        ),
        (CorrectionStatus.PENDING, "reject"): Step(Who.OTHER, CorrectionStatus.REJECTED),
    },
)
UTILISATION = Lifecycle(
    "utilisation",
    "利用",
    UtilisationStatus,
    UtilisationStatus.RECORDED,
    {
        (UtilisationStatus.RECORDED, "reverse"): Step(
            Who.OWNER, UtilisationStatus.REVERSED, "its tonnes are stock again"
        )
    },
)


@dataclass(frozen=True)
class Parties:
    """The organisations of an agreement."""

    producer: UUID
    recycler: UUID
    proposer: UUID

    def turn_of(self, organisation_id: UUID) -> Callable[[Who], bool]:
        """Return what tells whether an organisation, being one of the parties, is who may take a step."""
        is_proposer = organisation_id == self.proposer
        own = {Who.EITHER, Who.PROPOSER if is_proposer else Who.OTHER}
        own |= {Who.PRODUCER} if organisation_id == self.producer else set()
        own |= {Who.RECYCLER} if organisation_id == self.recycler else set()
        return own.__contains__


def effective_status(
    status: str, at: datetime, *, expires_at: datetime | None, ends_on: date, accepted_at: datetime | None
) -> AgreementStatus:
    """Return the status of an agreement at an instant.

    A proposal past its `expires_at` is expired, and so is an accepted agreement on the day after its last one.
    """
    if status == AgreementStatus.PROPOSED and expires_at is not None and expires_at <= at:
        return AgreementStatus.EXPIRED
    if status == AgreementStatus.ACCEPTED and last_day_of(ends_on, accepted_at) < business_date(at):
        return AgreementStatus.EXPIRED
    return AgreementStatus(status)


def last_day_of(ends_on: date, accepted_at: datetime | None) -> date:
    """Return the last day of an accepted agreement: a late one, with days that are past, lasts the day it is made."""
    return ends_on if accepted_at is None else max(ends_on, business_date(accepted_at))
