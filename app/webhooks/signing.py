"""Secrets of webhooks, and the headers of Standard Webhooks 1.0 that are signed with them. Pure.

A secret is not stored but derived from the exchange's own, the webhook's id and the number of its generation: the
database holds nothing to sign with.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from standardwebhooks import Webhook as Signer

from app.core.secrets import derive_key

_PURPOSE = "webhooks"


def secret_of(webhook_id: UUID, generation: int, pepper: bytes) -> str:
    """Return the secret of one generation as it is shown: `whsec_` and 32 bytes in base64."""
    secret = hmac.new(
        derive_key(pepper, _PURPOSE), webhook_id.bytes + generation.to_bytes(8, "big"), hashlib.sha256
    ).digest()
    return f"whsec_{base64.b64encode(secret).decode()}"


def valid_generations(generation: int, previous_until: datetime | None, at: datetime) -> list[int]:
    """Return the generations that sign at an instant, the newest first."""
    is_rotating = previous_until is not None and at < previous_until
    return [generation, generation - 1] if is_rotating else [generation]


def sign_headers(message_id: UUID, body: bytes, secrets: Sequence[str], at: datetime) -> dict[str, str]:
    """Return the three headers; one signature a secret, parted by spaces."""
    signatures = [Signer(secret).sign(str(message_id), at, body.decode()) for secret in secrets]
    return {
        "webhook-id": str(message_id),
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
