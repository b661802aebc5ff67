"""Reads of the ledger: what is stored where, what a month has generated, balances and entries as callers see them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, func, or_, select
from sqlalchemy.orm import Session

from app.auth.actor import Actor, OrganisationId
from app.core.errors import NotFound
from app.core.paging import Page, Slice, page_by_id
from app.core.quantities import ZERO
from app.ledger.accounts import Account
from app.ledger.models import (
    Balance,
    Declaration,
    DeclarationId,
    LedgerEntry,
    LedgerTransaction,
    MonthlyFlow,
    OpeningStock,
    OpeningStockId,
)
from app.organisations.models import Site, SiteId
from app.organisations.queries import visible_sites

#: A value to compare with, or the parameter of a statement that is made once.
_Id = UUID | BindParameter[UUID]
_Text = str | BindParameter[str]


def storage_by_year(session: Session, site_id: UUID, material: str) -> dict[int, Decimal]:
    """Return tonnes in storage at a producer's site by stock year, oldest first, zeros left out."""
    rows = session.execute(
        select(Balance.stock_year, Balance.quantity_t)
        .where(*_in_storage(site_id, material), Balance.quantity_t > ZERO)
        .order_by(Balance.stock_year)
    )
    return {year: tonnes for year, tonnes in rows}  # noqa: C416 - a Row is no pair for dict()


def _in_storage(site_id: _Id, material: _Text) -> tuple[ColumnElement[bool], ...]:
    return (
        Balance.site_id == site_id,
        Balance.account == Account.STORAGE,
        Balance.material == material,
        Balance.origin_site_id == site_id,
    )


def stored_and_declared(
    session: Session, site_id: UUID, material: str, stock_year: int, month: str
) -> tuple[Decimal, bool]:
    """Return tonnes of one stock year in storage at a producer's site, and whether a month is declared.

    What a load must know before it leaves, in one statement.
    """
    wanted = {"site_id": site_id, "material": material, "stock_year": stock_year, "month": month}
    stored_t, is_declared = session.execute(_STORED_AND_DECLARED, wanted).one()
    return stored_t or ZERO, bool(is_declared)


def generated_t(session: Session, site_id: UUID, material: str, month: str) -> Decimal:
    """Return tonnes posted as generated at a site in a month, by dispatch and by declaration, in time and late."""
    total = session.scalar(
        select(func.sum(MonthlyFlow.quantity_t)).where(
            MonthlyFlow.month >= month,
            MonthlyFlow.origin_site_id == site_id,
            MonthlyFlow.material == material,
            _is_generation(),
            _own_month() == month,
        )
    )
    return -(total or ZERO)


def _own_month() -> ColumnElement[str]:
    """Return the month that a flow belongs to, wherever it counts."""
    return func.coalesce(func.nullif(MonthlyFlow.belongs_to, ""), MonthlyFlow.month)


def _is_generation() -> ColumnElement[bool]:
    return or_(MonthlyFlow.account == Account.GENERATION, MonthlyFlow.instead_of == Account.GENERATION)


def current_declaration(session: Session, site_id: UUID, material: str, month: str) -> Declaration | None:
    """Return the declaration in force for a month, if there is one."""
    return session.scalar(select(Declaration).where(*_in_force(site_id, material, month)))


def _in_force(site_id: _Id, material: _Text, month: _Text) -> tuple[ColumnElement[bool], ...]:
    return (
        Declaration.site_id == site_id,
        Declaration.material == material,
        Declaration.month == month,
        Declaration.replaced_by.is_(None),
    )


# Made once, because making it for every load takes longer than running it.
_STORED_AND_DECLARED = select(
    select(Balance.quantity_t)
    .where(*_in_storage(bindparam("site_id"), bindparam("material")), Balance.stock_year == bindparam("stock_year"))
    .scalar_subquery(),
    select(Declaration.id).where(*_in_force(bindparam("site_id"), bindparam("material"), bindparam("month"))).exists(),
)


def current_opening_stock(session: Session, site_id: UUID, material: str, stock_year: int) -> OpeningStock | None:
    """Return the opening stock in force for a stock year, if there is one."""
    return session.scalar(
        select(OpeningStock).where(
            OpeningStock.site_id == site_id,
            OpeningStock.material == material,
            OpeningStock.stock_year == stock_year,
            OpeningStock.replaced_by.is_(None),
        )
    )


@dataclass(frozen=True)
class Books:
    """What the ledger holds of some sites: owners, storage by stock year, generation by month, months declared."""

    owners: dict[UUID, OrganisationId]
    stored: dict[tuple[UUID, str], dict[int, Decimal]]
    generated: dict[tuple[UUID, str, str], Decimal]
    declared: set[tuple[UUID, str, str]]


def read_books(session: Session, site_ids: Collection[UUID]) -> Books:
    """Return what `storage_by_year`, `generated_t` and `current_declaration` say of many sites, in four statements."""
    owners = session.execute(select(Site.id, Site.organisation_id).where(Site.id.in_(site_ids)))
    stored: dict[tuple[UUID, str], dict[int, Decimal]] = {}
    storage = select(Balance.site_id, Balance.material, Balance.stock_year, Balance.quantity_t).where(
        Balance.site_id.in_(site_ids),
        Balance.account == Account.STORAGE,
        Balance.origin_site_id == Balance.site_id,
        Balance.quantity_t > ZERO,
    )
    for site_id, material, year, tonnes in session.execute(storage.order_by(Balance.stock_year)):
        stored.setdefault((site_id, material), {})[year] = tonnes
    month = (MonthlyFlow.origin_site_id, MonthlyFlow.material, _own_month())
    generation = (
        select(*month, func.sum(MonthlyFlow.quantity_t))
        .where(MonthlyFlow.origin_site_id.in_(site_ids), _is_generation())
        .group_by(*month)
    )
    declared = select(Declaration.site_id, Declaration.material, Declaration.month).where(
        Declaration.site_id.in_(site_ids), Declaration.replaced_by.is_(None)
    )
    return Books(
        owners={site_id: owner for site_id, owner in owners},  # noqa: C416 - a Row is no pair for dict()
        stored=stored,
        generated={(site, material, at): -tonnes for site, material, at, tonnes in session.execute(generation)},
        declared={(site, material, at) for site, material, at in session.execute(declared)},
    )


def list_opening_stocks(session: Session, actor: Actor, page: Page) -> Slice[OpeningStock]:
    """Return one page of the caller's opening stocks, newest first."""
    query = select(OpeningStock).where(OpeningStock.organisation_id == actor.organisation_id)
    return page_by_id(session, query, OpeningStock.id, page)


def find_opening_stock(session: Session, actor: Actor, opening_stock_id: OpeningStockId) -> OpeningStock:
    """Return an opening stock of the caller, or raise NotFound."""
    found = session.get(OpeningStock, opening_stock_id)
    if found is None or found.organisation_id != actor.organisation_id:
        raise NotFound("opening stock")
    return found


def list_declarations(
    session: Session, actor: Actor, site_id: UUID | None, material: str | None, month: str | None, page: Page
) -> Slice[Declaration]:
    """Return one page of the caller's declarations, newest first, replaced ones included."""
    query = select(Declaration).where(Declaration.organisation_id == actor.organisation_id)
    if site_id is not None:
        query = query.where(Declaration.site_id == site_id)
    if material is not None:
        query = query.where(Declaration.material == material)
    if month is not None:
        query = query.where(Declaration.month == month)
    return page_by_id(session, query, Declaration.id, page)


def find_declaration(session: Session, actor: Actor, declaration_id: DeclarationId) -> Declaration:
    """Return a declaration of the caller, or raise NotFound."""
    found = session.get(Declaration, declaration_id)
    if found is None or found.organisation_id != actor.organisation_id:
        raise NotFound("declaration")
    return found


@dataclass(frozen=True)
class EntryRow:
    """An entry with what its transaction says of it."""

    id: UUID
    transaction_id: UUID
    kind: str
    occurred_on: date
    month: str
    belongs_to: str | None
    account: str
    instead_of: str | None
    site_id: UUID
    material: str
    origin_site_id: UUID
    stock_year: int
    quantity_t: Decimal
    use: str | None
    source_type: str
    source_id: UUID


def _seen_sites(actor: Actor) -> Select[SiteId]:
    return select(Site.id).where(visible_sites(actor))


def list_entries(session: Session, actor: Actor, page: Page) -> Slice[EntryRow]:
    """Return one page of the entries that the caller may see, newest first."""
    seen = _seen_sites(actor)
    own_origin = select(Site.id).where(Site.organisation_id == OrganisationId(actor.organisation_id))
    query = (
        select(LedgerEntry, LedgerTransaction)
        .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .where(or_(LedgerEntry.site_id.in_(seen), LedgerEntry.origin_site_id.in_(own_origin)))
        .order_by(LedgerEntry.id.desc())
        .limit(page.limit + 1)
    )
    if page.after is not None:
        query = query.where(LedgerEntry.id < UUID(page.after[0]))
    rows = [_entry_row(entry, transaction) for entry, transaction in session.execute(query)]
    return page.cut(rows, lambda row: (row.id,))


def _entry_row(entry: LedgerEntry, transaction: LedgerTransaction) -> EntryRow:
    return EntryRow(
        id=entry.id,
        transaction_id=transaction.id,
        kind=transaction.kind,
        occurred_on=transaction.occurred_on,
        month=transaction.month,
        belongs_to=transaction.belongs_to,
        account=entry.account,
        instead_of=entry.instead_of or None,
        site_id=entry.site_id,
        material=entry.material,
        origin_site_id=entry.origin_site_id,
        stock_year=entry.stock_year,
        quantity_t=entry.quantity_t,
        use=entry.use or None,
        source_type=transaction.source_type,
        source_id=transaction.source_id,
    )


def list_balances(session: Session, actor: Actor) -> Sequence[Balance]:
    """Return all balances that are not zero at the sites that the caller may see, and those of its own waste."""
    own_origin = select(Site.id).where(Site.organisation_id == actor.organisation_id)
    return session.scalars(
        select(Balance)
        .where(
            or_(Balance.site_id.in_(_seen_sites(actor)), Balance.origin_site_id.in_(own_origin)),
            Balance.quantity_t != ZERO,
        )
        .order_by(Balance.site_id, Balance.account, Balance.material, Balance.origin_site_id, Balance.stock_year)
    ).all()
