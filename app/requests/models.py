"""Tables of requests: first answers by Idempotency-Key, and how full each caller's bucket of requests is."""

from datetime import datetime

from sqlalchemy import JSON, Float, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base


class IdempotencyKey(Base):
    """A request that created something, and what it was answered.

    `digest` stands for owner, method, path and key, so that the row tells nobody who asked for what. Within the
    transaction that claims the key the answer is not known yet; afterwards `body` is null only where it held a secret.
    """

    __tablename__ = "idempotency_keys"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32))
    created_at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[int | None]
    headers: Mapped[dict[str, str] | None] = mapped_column(JSON)
    body: Mapped[bytes | None]


class RateBucket(Base):
    """Of a caller: the instant (seconds since 1970) at which all of its requests are free again."""

    __tablename__ = "rate_buckets"

    bucket: Mapped[str] = mapped_column(String(100), primary_key=True)
    full_at: Mapped[float] = mapped_column(Float(53), index=True)
