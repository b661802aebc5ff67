"""The bodies that rows stand for, checked as when each is posted alone, and their fingerprints."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from app.exchange.schemas import ShipmentPost
from app.imports.kinds import ImportKind
from app.ledger.schemas import DeclarationPost
from app.lots.assays import ReportedText
from app.lots.landing import check_lot, check_lot_of_table


class ShipmentRow(ShipmentPost):
    """A load with the agreement it is of."""

    agreement_id: UUID


class Given(NamedTuple):
    """A row as it is given: a body, and the results of its assay where they stand in columns of a table."""

    body: Any
    results: Sequence[ReportedText] = ()


_encode = msgspec.msgpack.Encoder().encode
#: Of a row as it is given and not as it is stored, so that a file keeps its fingerprints when the program changes.
_canonical = msgspec.msgpack.Encoder(order="sorted").encode


def _check_lot(given: Given) -> tuple[UUID, bytes]:
    lot = check_lot_of_table(*given) if given.results else check_lot(given.body)
    return lot.site_id, _encode(lot)


def _check_declaration(given: Given) -> tuple[UUID, bytes]:
    wish = DeclarationPost.model_validate(given.body)
    return wish.site_id, wish.model_dump_json().encode()


def _check_shipment(given: Given) -> tuple[None, bytes]:
    return None, ShipmentRow.model_validate(given.body).model_dump_json().encode()


#: Row → its site (None where another object decides) and what is landed; raises pydantic's ValidationError.
CHECKS: Mapping[ImportKind, Callable[[Given], tuple[UUID | None, bytes]]] = {
    ImportKind.LOTS: _check_lot,
    ImportKind.SHIPMENTS: _check_shipment,
    ImportKind.DECLARATIONS: _check_declaration,
}


class Fingerprints:
    """Names the rows of one file, so that equal ones in it are told apart and the same file names them the same."""

    def __init__(self, kind: ImportKind) -> None:
        self._kind = kind.encode() + b"\0"
        self._seen: dict[bytes, int] = {}

    def take(self, given: Given) -> bytes:
        """Return the fingerprint of the next row that is given so."""
        digest = hashlib.sha256(self._kind + _canonical(given)).digest()
        occurrence = self._seen.get(digest, 0)
        self._seen[digest] = occurrence + 1
        return hashlib.sha256(digest + occurrence.to_bytes(4, "big")).digest() if occurrence else digest
