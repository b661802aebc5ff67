"""The only writer of tonnes: entries, and in the same transaction the balances, flows and months derived from them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Insert, Update, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.core.bulk import columns_of, insert_few, parameters_of, table_of
from app.core.clock import month_of, now
from app.core.database import Base, new_id
from app.core.quantities import ZERO
from app.core.row_security import list_sites, naming_sites
from app.ledger import origin_months
from app.ledger.accounts import PHYSICAL_STOCKS, Account, Leg, Posting, posting_month, settle
from app.ledger.models import (
    ORIGIN_FIGURES,
    YEAR_FIGURES,
    Balance,
    LedgerEntry,
    LedgerHead,
    LedgerTransaction,
    MonthlyFlow,
    OriginMonth,
    OriginYear,
    TransactionId,
)
from app.organisations.models import Site

Key = tuple[Any, ...]
Figures = Mapping[str, Decimal]
# Statements of every load are made once: making one takes longer than running it.
_SITES = (
    select(Site.id)
    .where(Site.id.in_(bindparam("site_ids", expanding=True)))
    .order_by(Site.id)
    .with_for_update(key_share=True)
)
_OPEN_MONTHS = select(LedgerHead.closed_to).with_for_update(read=True)
#: The same for PostgreSQL, which opens the rows of these sites with them: those of the other side of an agreement.
_NAMED_SITES = _SITES.add_columns(naming_sites(bindparam("names")))
_OPEN_MONTHS_OF_SITES = _OPEN_MONTHS.add_columns(naming_sites(bindparam("names")))
_BALANCE_KEY = ("site_id", "account", "material", "origin_site_id", "stock_year")
_FLOW_KEY = (
    "month",
    "origin_site_id",
    "site_id",
    "material",
    "account",
    "kind",
    "stock_year",
    "use",
    "verified",
    "belongs_to",
    "instead_of",
)


def lock_sites(session: Session, *site_ids: UUID) -> None:
    """Serialise what is posted for these sites until the transaction ends; always in order of id.

    FOR NO KEY UPDATE, so that rows which merely refer to a site can still be inserted meanwhile.
    """
    connection, wanted = session.connection(), {"site_ids": list(set(site_ids))}
    if connection.dialect.name == "postgresql":
        connection.execute(_NAMED_SITES, wanted | {"names": list_sites(set(site_ids))})
    else:
        connection.execute(_SITES, wanted)


def post(session: Session, *postings: Posting) -> None:
    """Post transactions together: their net effect, not each alone, must keep every stock at or above zero.

    Those of a closed month count in the earliest open one, which stays open until this transaction ends. Raises
    IntegrityError when a source posts twice or a stock would go below zero; callers that hold the lock of the site have
    checked both before.
    """
    touched = {site for posting in postings for leg in posting.legs for site in (leg.site_id, leg.origin_site_id)}
    closed_to = hold_open_months(session, touched)
    months = [posting_month(posting.occurred_on, closed_to) for posting in postings]
    settled = [settle(posting, month) for posting, month in zip(postings, months, strict=True)]
    transactions = [_transaction(posting, month) for posting, month in zip(settled, months, strict=True)]
    insert_few(session, LedgerTransaction, transactions)
    entries = [
        _entry(transaction["id"], leg)
        for transaction, posting in zip(transactions, settled, strict=True)
        for leg in posting.legs
        if leg.quantity_t
    ]
    if entries:
        insert_few(session, LedgerEntry, entries)
        _add_to_balances(session, entries)
        _add_to_flows(session, transactions, settled)


def hold_open_months(session: Session, site_ids: Collection[UUID] = ()) -> str:
    """Return the last closed month (empty: none), which stays the last until the transaction ends.

    Taken after the locks of sites; what is then posted may be of these sites. On SQLite the write lock of the
    transaction does the same.
    """
    connection = session.connection()
    names = site_ids and connection.dialect.name == "postgresql"
    statement = _OPEN_MONTHS_OF_SITES if names else _OPEN_MONTHS
    closed_to: str = connection.scalars(statement, {"names": list_sites(site_ids)} if names else None).one()
    return closed_to


@dataclass(frozen=True)
class Posted:
    """A transaction that stands: nothing has reversed it."""

    id: TransactionId
    occurred_on: date
    legs: tuple[Leg, ...]


def transaction_of(session: Session, source_type: str, source_id: UUID) -> tuple[TransactionId, tuple[Leg, ...]]:
    """Return the transaction that a business object posted, with its legs; raises NoResultFound."""
    identifier = session.scalars(
        select(LedgerTransaction.id).where(
            LedgerTransaction.source_type == source_type, LedgerTransaction.source_id == source_id
        )
    ).one()
    return identifier, _legs_of(session, identifier)


def standing(session: Session, source_types: Collection[str], source_ids: Collection[UUID]) -> dict[str, Posted]:
    """Return by source type what stands of all that some business objects posted: one of each type at most.

    A reversal has the type of what it reverses with `_reversal` behind it, and one of the same objects as its source.
    """
    types = [*source_types, *(f"{name}_reversal" for name in source_types)]
    rows = session.scalars(
        select(LedgerTransaction).where(
            LedgerTransaction.source_type.in_(types), LedgerTransaction.source_id.in_(source_ids)
        )
    ).all()
    undone = {row.reversal_of for row in rows}
    return {
        row.source_type: Posted(row.id, row.occurred_on, _legs_of(session, row.id))
        for row in rows
        if row.id not in undone and row.reversal_of is None
    }


def _legs_of(session: Session, transaction_id: TransactionId) -> tuple[Leg, ...]:
    entries = session.scalars(select(LedgerEntry).where(LedgerEntry.transaction_id == transaction_id)).all()
    return tuple(_leg(entry) for entry in entries)


def _transaction(posting: Posting, month: str) -> dict[str, Any]:
    own = month_of(posting.occurred_on)
    return {
        "id": new_id(),
        "kind": posting.kind.value,
        "occurred_on": posting.occurred_on,
        "month": month,
        "belongs_to": None if month == own else own,
        "source_type": posting.source_type,
        "source_id": posting.source_id,
        "reversal_of": posting.reversal_of,
        "recorded_at": now(),
    }


def _entry(transaction_id: UUID, leg: Leg) -> dict[str, Any]:
    return {"id": new_id(), "transaction_id": transaction_id, **_columns(leg)}


def _columns(leg: Leg) -> dict[str, Any]:
    return {**vars(leg), "account": leg.account.value}


def _leg(entry: LedgerEntry) -> Leg:
    return Leg(
        account=Account(entry.account),
        site_id=entry.site_id,
        material=entry.material,
        origin_site_id=entry.origin_site_id,
        stock_year=entry.stock_year,
        quantity_t=entry.quantity_t,
        use=entry.use,
        verified=entry.verified,
        instead_of=entry.instead_of,
    )


def _sums(rows: Iterable[dict[str, Any]], key: Sequence[str]) -> list[dict[str, Any]]:
    """Add up rows of one key; sorted, so that concurrent postings touch rows in one order; zeros left out."""
    totals: dict[Key, Decimal] = {}
    for row in rows:
        identity = tuple(row[name] for name in key)
        totals[identity] = totals.get(identity, ZERO) + row["quantity_t"]
    ordered = sorted(totals.items(), key=lambda item: str(item[0]))
    return [dict(zip(key, identity, strict=True)) | {"quantity_t": total} for identity, total in ordered if total]


def _add_to_balances(session: Session, entries: Sequence[dict[str, Any]]) -> None:
    rows = _sums(entries, _BALANCE_KEY)
    draws = [row for row in rows if row["quantity_t"] < 0 and row["account"] in PHYSICAL_STOCKS]
    additions = [row for row in rows if row not in draws]
    _upsert(session, Balance, additions)
    for row in draws:
        # An upsert would test the CHECK on the negative row it first tries to insert, so a draw is an UPDATE.
        drawn = {f"of_{name}": row[name] for name in _BALANCE_KEY} | {"drawn_t": row["quantity_t"]}
        if session.connection().execute(_drawing(), drawn).rowcount != 1:
            raise AssertionError(f"nothing to draw on: {row}")


def _add_to_flows(session: Session, transactions: Sequence[dict[str, Any]], postings: Sequence[Posting]) -> None:
    """Add to the monthly flows, and to the months of the origins, which are the same movements less finely divided."""
    rows = [
        {
            **_columns(leg),
            "month": transaction["month"],
            "kind": transaction["kind"],
            "belongs_to": transaction["belongs_to"] or "",
        }
        for transaction, posting in zip(transactions, postings, strict=True)
        for leg in posting.legs
    ]
    _add_to_origin_months(session, rows)
    _upsert(session, MonthlyFlow, _sums(rows, _FLOW_KEY))


def _add_to_origin_months(session: Session, movements: Sequence[dict[str, Any]]) -> None:
    """Add to the months of the origins, and to their years."""
    months = origin_months.sum_figures(movements)
    _add_figures(session, OriginMonth, origin_months.KEY, ORIGIN_FIGURES, months)
    years = origin_months.sum_years(months)
    _add_figures(session, OriginYear, origin_months.YEAR_KEY, YEAR_FIGURES, years)


def _add_figures(
    session: Session, entity: type[Base], key: tuple[str, ...], figures: Sequence[str], totals: Mapping[Key, Figures]
) -> None:
    """Add figures to the rows of their keys, in the order of those, as to all rows that postings share."""
    rows = [
        dict(zip(key, identity, strict=True)) | {name: sums.get(name, ZERO) for name in figures}
        for identity, sums in sorted(totals.items(), key=lambda item: str(item[0]))
        if any(sums.values())
    ]
    _upsert(session, entity, rows)


def _upsert(session: Session, entity: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows or add their tonnes to those that are there, atomically."""
    if rows:
        connection = session.connection()
        connection.execute(_adding(connection.dialect.name, entity), rows)


@cache
def _adding(dialect_name: str, entity: type[Base]) -> Insert:
    """Return the upsert that adds to every column that is not part of the key."""
    dialect = postgresql if dialect_name == "postgresql" else sqlite
    table = table_of(entity)
    adding = dialect.insert(table).values(dict(parameters_of(entity)))
    statement: Insert = adding.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={column.name: column + adding.excluded[column.name] for column in table.c if not column.primary_key},
    )
    return statement


@cache
def _drawing() -> Update:
    """Return the UPDATE that adds negative tonnes to a balance that is there."""
    columns = columns_of(Balance)
    same = (columns[name] == bindparam(f"of_{name}") for name in _BALANCE_KEY)
    stored = columns["quantity_t"]
    return update(table_of(Balance)).where(*same).values({stored: stored + bindparam("drawn_t", type_=stored.type)})
