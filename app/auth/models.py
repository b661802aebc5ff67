"""Table of API keys: only a keyed hash of the secret is stored."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.auth.actor import KeyId, OrganisationId
from app.core.clock import now
from app.core.database import Base, new_id


class ApiKey(Base):
    """A key of an organisation; `hashed_secret` is HMAC-SHA256 under the pepper."""

    __tablename__ = "api_keys"

    id: Mapped[KeyId] = mapped_column(Uuid, primary_key=True, default=new_id)
    organisation_id: Mapped[OrganisationId] = mapped_column(ForeignKey("organisations.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    hashed_secret: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    #: The key that takes its place; it works beside this one until this one expires.
    replaced_by: Mapped[KeyId | None] = mapped_column(Uuid)
    created_at: Mapped[datetime] = mapped_column(default=now)

    def has_ended(self, at: datetime) -> bool:
        """Tell whether the key is revoked or expired."""
        return self.revoked_at is not None or (self.expires_at is not None and self.expires_at <= at)
