"""Landing of checked rows: each once, whatever file or attempt brings it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

import msgspec
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.auth.actor import Actor
from app.core.bulk import insert_rows
from app.core.errors import ExchangeError, Fault, Invalid, NotFound
from app.exchange.models import AgreementId
from app.exchange.schemas import ShipmentPost
from app.exchange.shipments import dispatch
from app.imports.bodies import ShipmentRow
from app.imports.frames import Refused, Row
from app.imports.kinds import ImportKind
from app.imports.models import ImportedRow
from app.ledger.declarations import declare
from app.ledger.schemas import DeclarationPost
from app.lots.landing import CheckedLot, land_lots

_lots = msgspec.msgpack.Decoder(CheckedLot)


@dataclass
class Outcome:
    """What became of the rows of a chunk."""

    landed: int = 0
    already_there: int = 0
    refused: list[Refused] = field(default_factory=list)


def land_rows(session: Session, actor: Actor, kind: ImportKind, rows: Sequence[Row], *, dry_run: bool) -> Outcome:
    """Store rows that no file of the organisation has landed before, with their fingerprints; a dry run stores nothing.

    A row that the present state forbids is refused; the others land.
    """
    if kind is ImportKind.LOTS and not dry_run:
        fresh = _remember_fresh(session, actor, rows)
        land_lots(session, actor, [_lots.decode(row.content) for row in fresh])
        return Outcome(len(fresh), len(rows) - len(fresh))
    fresh = _find_fresh(session, actor, rows)
    outcome = Outcome(already_there=len(rows) - len(fresh))
    if kind is ImportKind.LOTS:
        outcome.landed = len(fresh)
        return outcome
    with session.begin_nested() as trial:
        _land_one_by_one(session, actor, _SERVICES[kind], fresh, outcome)
        if dry_run:
            trial.rollback()
    return outcome


def _land_one_by_one(
    session: Session,
    actor: Actor,
    serve: Callable[[Session, Actor, bytes], None],
    rows: Sequence[Row],
    outcome: Outcome,
) -> None:
    for row in rows:
        try:
            with session.begin_nested():
                serve(session, actor, row.content)
                _remember(session, actor, [row])
        except ExchangeError as error:
            outcome.refused += [
                Refused(row.number, row.line, fault.pointer, None, fault.code, fault.detail) for fault in _faults(error)
            ]
        except (IntegrityError, StaleDataError):
            detail = "another request changed the same thing at the same time; send the row again"
            outcome.refused.append(Refused(row.number, row.line, "", None, "write_conflict", detail))
        else:
            outcome.landed += 1


def _faults(error: ExchangeError) -> list[Fault]:
    if isinstance(error, Invalid):
        return error.faults
    pointer = "/agreement_id" if isinstance(error, NotFound) else ""  # the only object that a row names but its site
    return [Fault(pointer, error.code, error.detail)]


def _dispatch(session: Session, actor: Actor, content: bytes) -> None:
    row = ShipmentRow.model_validate_json(content)
    ticket = ShipmentPost.model_validate(row.model_dump(exclude={"agreement_id"}))
    dispatch(session, actor, AgreementId(row.agreement_id), ticket)


def _declare(session: Session, actor: Actor, content: bytes) -> None:
    declare(session, actor, DeclarationPost.model_validate_json(content))


_SERVICES: Mapping[ImportKind, Callable[[Session, Actor, bytes], None]] = {
    ImportKind.SHIPMENTS: _dispatch,
    ImportKind.DECLARATIONS: _declare,
}


def _remember_fresh(session: Session, actor: Actor, rows: Sequence[Row]) -> Sequence[Row]:
    """Store the fingerprints of the rows that have not landed before, and return those rows.

    Nearly every file is new, so it is first taken for one: that saves looking up each of its rows. A twin job that
    stores one of them at the same time makes this one wait, and then find them.
    """
    try:
        with session.begin_nested():
            _remember(session, actor, rows)
    except IntegrityError:
        fresh = _find_fresh(session, actor, rows)
        _remember(session, actor, fresh)
        return fresh
    return rows


def _find_fresh(session: Session, actor: Actor, rows: Sequence[Row]) -> list[Row]:
    query = select(ImportedRow.fingerprint).where(
        ImportedRow.organisation_id == actor.organisation_id,
        ImportedRow.fingerprint.in_([row.fingerprint for row in rows]),
    )
    known = set(session.scalars(query))
    return [row for row in rows if row.fingerprint not in known]


def _remember(session: Session, actor: Actor, rows: Sequence[Row]) -> None:
    """Store fingerprints, in their order, so that two jobs never wait for each other in turn."""
    prints = [{"organisation_id": actor.organisation_id, "fingerprint": row.fingerprint} for row in rows]
    insert_rows(session, ImportedRow, sorted(prints, key=itemgetter("fingerprint")))
