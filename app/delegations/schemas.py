"""Bodies of delegations."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from app.auth.actor import DelegableScope, Scope
from app.core.schema import Instant, Schema
from app.organisations.briefs import OrganisationBrief


class DelegationStatus(StrEnum):
    """Whether the delegate may act now."""

    UPCOMING = "upcoming"
    IN_FORCE = "in_force"
    ENDED = "ended"
    REVOKED = "revoked"


class Side(StrEnum):
    """Which side of a delegation one is."""

    PRINCIPAL = "principal"
    DELEGATE = "delegate"


class DelegationPost(Schema):
    """Leave for another organisation to act for the caller's, with no more scope or time than the caller's key has."""

    delegate_id: UUID = Field(
        description="The organisation that is to act: its id, which it reads at GET /v1/me and tells you."
    )
    scopes: list[DelegableScope] = Field(
        min_length=1,
        description="What it may do. It acts with those of them that its own key has too.",
        examples=[["shipments:write"]],
    )
    starts_at: Instant | None = Field(None, description="Null or past: at once; at most two years ahead.")
    ends_at: Instant | None = Field(
        None,
        description="At most two years after the start. Null: after one year, or with your key if that expires sooner.",
    )


class DelegationRead(Schema):
    """Who may act for whom."""

    id: UUID
    principal: OrganisationBrief = Field(description="For whom is acted; its id is what `Acting-For` takes.")
    delegate: OrganisationBrief = Field(description="Who acts.")
    scopes: list[Scope]
    starts_at: Instant
    ends_at: Instant
    revoked_at: Instant | None
    status: DelegationStatus
    created_at: Instant
    version: int
