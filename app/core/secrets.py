"""The secret of an installation: whether it is one, and the keys that are derived from it, one for each purpose."""

import hashlib
import hmac

from app.core.settings import DEVELOPMENT_SECRET, Environment, Settings

LEAST_BYTES = 32
_HOW = "Set one of your own in SWX_SECRET, such as the output of: openssl rand -base64 48"


class UnsafeSecret(Exception):
    """The secret is anyone's to know or to guess; the message says what to do."""


def check_secret(settings: Settings) -> None:
    """Raise UnsafeSecret outside development: with a secret that others know, keys and cursors are theirs to forge."""
    fault = find_fault(settings)
    if fault is not None and settings.environment is not Environment.DEVELOPMENT:
        raise UnsafeSecret(f"{fault} {_HOW}")


def find_fault(settings: Settings) -> str | None:
    """Say what is wrong with the secret; None when nothing is."""
    secret = settings.secret.get_secret_value()
    if secret == DEVELOPMENT_SECRET:
        return "SWX_SECRET is the development default, which everyone knows."
    if len(secret.strip().encode()) < LEAST_BYTES:
        return f"SWX_SECRET is shorter than {LEAST_BYTES} bytes, so it can be guessed."
    return None


def derive_key(secret: bytes, purpose: str) -> bytes:
    """Return 32 bytes for one purpose: whoever learns them learns neither the secret nor the key of another purpose.

    HMAC-SHA256 over a label, the expansion of HKDF (RFC 5869) for a secret that is uniform already.
    """
    return hmac.new(secret, b"swx " + purpose.encode() + b"\x01", hashlib.sha256).digest()
