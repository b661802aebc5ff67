"""What a client asks of the token endpoint: client credentials as RFC 6749 writes them (sections 2.3.1 and 4.4)."""

import base64
import binascii
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_plus
from uuid import UUID

from app.auth.actor import Actor, KeyId, Scope
from app.auth.keys import PREFIX, format_key, parse_key

_MOST_FIELDS = 20
_SHOWN = "client_id is the id of a key, client_secret the key itself; GET /v1/keys lists ids."


class GrantRefused(Exception):
    """No token is given; `error` is a code of RFC 6749 section 5.2, the message says what to do."""

    def __init__(self, error: str, detail: str) -> None:
        super().__init__(detail)
        self.error = error


@dataclass(frozen=True)
class Grant:
    """What is asked for: a token of a key, not yet believed, with some scopes; None = all that the key has."""

    key_text: str
    scopes: frozenset[Scope] | None


def read_grant(body: bytes, authorization: str | None) -> Grant:
    """Return what a form asks for. Raises GrantRefused.

    Unknown fields are ignored, as the RFC has it, and not refused as elsewhere.
    """
    form = _read_form(body)
    if form.get("grant_type", "") != "client_credentials":
        error = "unsupported_grant_type" if "grant_type" in form else "invalid_request"
        raise GrantRefused(error, "Send grant_type=client_credentials.")
    basic = _read_basic(authorization)
    client_id, secret = form.get("client_id"), form.get("client_secret")
    if basic is not None:
        if secret is not None or client_id not in {None, basic[0]}:
            raise GrantRefused("invalid_request", "Send the credentials once: in the header or in the body.")
        client_id, secret = basic
    if client_id is None or secret is None:
        raise GrantRefused("invalid_client", f"Send client_id and client_secret. {_SHOWN}")
    return Grant(_key_text(client_id, secret), _read_scopes(form.get("scope")))


def narrow(actor: Actor, wished: frozenset[Scope] | None) -> frozenset[Scope]:
    """Return the scopes of a caller's token; raises GrantRefused for more than the key has."""
    if wished is None:
        return actor.scopes
    excess = sorted(wished - actor.scopes)
    if excess:
        raise GrantRefused("invalid_scope", f"The key lacks {', '.join(excess)}.")
    return wished


def _read_form(body: bytes) -> dict[str, str]:
    """Return the fields that have a value; one without counts as left out."""
    try:
        pairs = parse_qsl(body.decode("ascii"), strict_parsing=bool(body), errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise GrantRefused("invalid_request", "Send a form (application/x-www-form-urlencoded).") from None
    form = dict(pairs)
    if len(form) < len(pairs):
        raise GrantRefused("invalid_request", "Send each field once.")
    return form


def _read_basic(authorization: str | None) -> tuple[str, str] | None:
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise GrantRefused("invalid_client", f"The header of HTTP Basic cannot be read. {_SHOWN}") from None
    return unquote_plus(client_id), unquote_plus(secret)


def _key_text(client_id: str, secret: str) -> str:
    """Return the key that the credentials make; no key at all where the id is none, or not that of the key."""
    try:
        key_id = KeyId(UUID(client_id))
    except ValueError:
        return ""
    if not secret.startswith(PREFIX):
        return format_key(key_id, secret)
    key = parse_key(secret)
    return secret if key is not None and key.id == key_id else ""


def _read_scopes(text: str | None) -> frozenset[Scope] | None:
    if text is None:
        return None
    try:
        return frozenset(Scope(scope) for scope in text.split())
    except ValueError:
        raise GrantRefused("invalid_scope", f"Scopes are {', '.join(Scope)}.") from None
