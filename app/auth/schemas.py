"""Bodies of keys."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from app.auth.actor import Scope
from app.core.schema import Instant, Name, Schema


class KeyPost(Schema):
    """A new key of the caller's organisation; it cannot grant more scope or time than the key that makes it."""

    name: Name = Field(description="What the key is for, as people call it.", examples=["weighbridge gate 2"])
    scopes: list[Scope] = Field(min_length=1, examples=[["market:read", "shipments:write"]])
    expires_at: Instant | None = Field(None, description="Null: it expires with the key that makes it.")


class KeyRead(Schema):
    """A key without its secret."""

    id: UUID
    name: str
    scopes: list[Scope]
    expires_at: Instant | None
    revoked_at: Instant | None
    replaced_by: UUID | None = Field(description="The key that takes its place, once it is rotated.")
    created_at: Instant


class KeyMade(Schema):
    """A key with its secret: shown this once, only a keyed hash is stored."""

    id: UUID
    name: str
    scopes: list[Scope]
    expires_at: Instant | None
    key: str = Field(description="Send as `Authorization: Bearer <key>`.")


class KeyRotation(Schema):
    """How long the old key works beside the new one."""

    overlap_hours: int = Field(24, ge=0, le=720, description="At most 30 days; 0 ends the old key at once.")


class KeyRotated(KeyMade):
    """The new key, and when the old one ends."""

    replaces: UUID
    replaced_expires_at: Instant = Field(description="The old key works until then.")


class TokenMade(Schema):
    """A short-lived access token (RFC 6749 section 5.1)."""

    access_token: str = Field(description="Send as `Authorization: Bearer <token>`.")
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the type, not a token
    expires_in: int = Field(description="Seconds; at most 900, and never longer than the key.", examples=[900])
    scope: str = Field(description="What the token may do, separated by spaces.", examples=["market:read"])
