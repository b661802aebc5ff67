"""API keys: `swx_<id>_<secret>`; the secret is stored as HMAC-SHA256 under the pepper and compared in constant time."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from uuid import UUID

from app.auth.actor import KeyId

PREFIX = "swx_"
_ID_DIGITS = 32


@dataclass(frozen=True)
class PresentedKey:
    """A key as a caller sent it, not yet believed."""

    id: KeyId
    secret: str


def make_secret() -> str:
    """Return 256 random bits as text."""
    return secrets.token_urlsafe(32)


def format_key(key_id: KeyId, secret: str) -> str:
    """Return the key as it is shown, once."""
    return f"{PREFIX}{key_id.hex}_{secret}"


def parse_key(text: str) -> PresentedKey | None:
    """Return the parts of a key, or None when it is not of the form of ours."""
    body = text.removeprefix(PREFIX)
    identifier, _, secret = body.partition("_")
    if body == text or len(identifier) != _ID_DIGITS or not secret:
        return None
    try:
        return PresentedKey(KeyId(UUID(hex=identifier)), secret)
    except ValueError:
        return None


def hash_secret(secret: str, pepper: bytes) -> str:
    """Return the stored form of a secret (hex)."""
    return hmac.new(pepper, secret.encode(), hashlib.sha256).hexdigest()


def is_same_secret(secret: str, hashed: str, pepper: bytes) -> bool:
    """Tell whether `secret` hashes to `hashed`, in constant time."""
    return hmac.compare_digest(hash_secret(secret, pepper), hashed)
