"""Short-lived access tokens of keys: JWT signed with HS256 under a key derived from the secret of the installation."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt
from jwt.types import Options

from app.auth.actor import Actor, KeyId, Scope
from app.auth.keys import PREFIX
from app.core.clock import now
from app.core.database import new_id
from app.core.errors import Unauthenticated
from app.core.secrets import derive_key

#: A token ends with its key and its organisation anyway; this bounds what a stolen one is worth.
LIFETIME = timedelta(minutes=15)
_ALGORITHM = "HS256"
_TYPE = "at+jwt"  # RFC 9068, so that no other JWT under the same key could ever pass for one
#: Issued where the clock may be a little ahead of ours: nothing hangs on that instant.
_OPTIONS: Options = {"require": ["sub", "scope", "exp", "iat", "jti"], "verify_iat": False}
_LONGEST = 2_000


@dataclass(frozen=True)
class Token:
    """A token whose signature is ours: no more than these scopes of a key, until an instant."""

    key_id: KeyId
    scopes: frozenset[Scope]
    expires_at: datetime


def is_token(text: str) -> bool:
    """Tell whether a credential has the form of a token (header, claims, signature), and not that of a key."""
    return not text.startswith(PREFIX) and text.count(".") == 2 and len(text) <= _LONGEST  # noqa: PLR2004 - its parts


def sign_token(actor: Actor, scopes: frozenset[Scope], secret: bytes) -> tuple[str, timedelta]:
    """Return a token of a caller's key with some of its scopes, and its lifetime; it never outlives the key."""
    issued_at = now().replace(microsecond=0)
    ends_at = issued_at + LIFETIME
    if actor.expires_at is not None:
        ends_at = min(ends_at, actor.expires_at.replace(microsecond=0))  # not a moment longer than the key
    claims = {
        "sub": str(actor.key_id),
        "scope": write_scopes(scopes),
        "iat": issued_at,
        "exp": ends_at,
        "jti": str(new_id()),
    }
    text = jwt.encode(claims, _signing_key(secret), algorithm=_ALGORITHM, headers={"typ": _TYPE})
    return text, ends_at - issued_at


def read_token(text: str, secret: bytes) -> Token:
    """Return what a token says; raises Unauthenticated for one that is expired, altered or not of ours."""
    try:
        read = jwt.decode_complete(text, _signing_key(secret), algorithms=[_ALGORITHM], options=_OPTIONS)
        claims = read["payload"]
        if read["header"].get("typ") != _TYPE:
            raise Unauthenticated("invalid_key", "This is not an access token of the exchange.")
        return Token(
            KeyId(UUID(claims["sub"])),
            frozenset(Scope(scope) for scope in claims["scope"].split()),
            datetime.fromtimestamp(claims["exp"], UTC),
        )
    except jwt.ExpiredSignatureError:
        raise Unauthenticated("token_expired", "This token is expired; get one at POST /v1/oauth2/token.") from None
    except (jwt.InvalidTokenError, ValueError):
        raise Unauthenticated("invalid_key", "This is not an access token of the exchange.") from None


def write_scopes(scopes: frozenset[Scope]) -> str:
    """Return scopes as RFC 6749 writes them."""
    return " ".join(sorted(scopes))


def _signing_key(secret: bytes) -> bytes:
    return derive_key(secret, "access token")
