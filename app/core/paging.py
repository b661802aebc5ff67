"""Keyset pages: a signed cursor holds the sort values and the id of the last row, so rows never repeat or drop."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_
from sqlalchemy.orm import Session

from app.core.errors import invalid

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
_SIGNATURE_BYTES = 12
Row = TypeVar("Row")


@dataclass(frozen=True)
class Slice(Generic[Row]):
    """One page as it is answered."""

    items: Sequence[Row]
    next_cursor: str | None


@dataclass(frozen=True)
class Page:
    """What a caller asks of a list: how many rows, and after which."""

    limit: int
    after: tuple[Any, ...] | None
    secret: bytes
    purpose: str

    def cut(self, rows: Sequence[Row], position: Callable[[Row], tuple[Any, ...]]) -> Slice[Row]:
        """Return the page of `rows`, fetched as limit + 1: one row too many means that there is a next page."""
        if len(rows) <= self.limit:
            return Slice(rows, None)
        last = position(rows[self.limit - 1])
        return Slice(rows[: self.limit], encode_cursor(last, self.purpose, self.secret))


def encode_cursor(values: Sequence[Any], purpose: str, secret: bytes) -> str:
    """Sign the JSON of `values` for one purpose (route, filters and sort), so that a cursor fits nowhere else."""
    payload = json.dumps(list(values), separators=(",", ":"), default=str).encode()
    return _write(_signature(payload, purpose, secret) + payload)


def _write(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_cursor(cursor: str, purpose: str, secret: bytes, pointer: str = "cursor") -> tuple[Any, ...]:
    """Return the values of a cursor of ours; raises Invalid `invalid_cursor` for any other."""
    wrong = invalid(pointer, "invalid_cursor", "is not a cursor of this list; start again without it")
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (ValueError, binascii.Error):
        raise wrong from None
    signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    # Only as it was written: the decoder passes over characters and bits that mean nothing.
    is_ours = hmac.compare_digest(signature, _signature(payload, purpose, secret)) and cursor == _write(raw)
    if not is_ours:
        raise wrong
    return tuple(json.loads(payload))


def _signature(payload: bytes, purpose: str, secret: bytes) -> bytes:
    return hmac.new(secret, purpose.encode() + b"\0" + payload, hashlib.sha256).digest()[:_SIGNATURE_BYTES]


def beyond(columns: Sequence[ColumnElement[Any]], values: Sequence[Any], *, descending: bool = False) -> Any:  # noqa: ANN401
    """Return the condition `columns > values` (or `<`), compared in order, that both engines can use an index for."""
    alternatives = []
    for index, (column, value) in enumerate(zip(columns, values, strict=True)):
        same = [columns[i] == values[i] for i in range(index)]
        alternatives.append(and_(*same, column < value if descending else column > value))
    return or_(*alternatives)


def page_by_id(session: Session, query: Select[Row], id_column: Any, page: Page) -> Slice[Row]:  # noqa: ANN401
    """Run `query` for one page, newest first (ids are UUIDv7); `id_column` is the mapped id of its entity."""
    ordered = query.order_by(id_column.desc()).limit(page.limit + 1)
    if page.after is not None:
        ordered = ordered.where(id_column < UUID(page.after[0]))
    return page.cut(session.scalars(ordered).all(), lambda row: (getattr(row, id_column.key),))
