"""Bodies of keys."""

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
    created_at: Instant


class KeyMade(Schema):
    """A key with its secret: shown this once, only a keyed hash is stored."""

    id: UUID
    name: str
    scopes: list[Scope]
    expires_at: Instant | None
    key: str = Field(description="Send as `Authorization: Bearer <key>`.")
