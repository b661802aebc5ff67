"""The ledger: opening stocks, monthly declarations, closing of months, balances and entries."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from app.api.answers import created
from app.api.problems import problem_responses
from app.api.routing import Router
from app.auth.actor import Actor, Role, Scope
from app.catalogue.keys import MaterialKey
from app.core.paging import Slice
from app.core.schema import Month, PageOf
from app.dependencies.callers import Allow
from app.dependencies.creating import CreatingSession
from app.dependencies.lists import ListQuery
from app.dependencies.sessions import MarketSession, ReadSession, WriteSession
from app.ledger import periods, queries
from app.ledger.declarations import declare
from app.ledger.models import Declaration, DeclarationId, OpeningStock, OpeningStockId, Period
from app.ledger.opening_stocks import record_opening_stock
from app.ledger.schemas import (
    BalanceRead,
    Balances,
    DeclarationPost,
    DeclarationRead,
    EntryRead,
    OpeningStockPost,
    OpeningStockRead,
    PeriodRead,
    Periods,
)

router = Router(tags=["ledger"])
Declarer = Annotated[Actor, Depends(Allow(Role.PRODUCER, scope=Scope.LEDGER_WRITE))]
Operator = Annotated[Actor, Depends(Allow(Role.OPERATOR, scope=Scope.LEDGER_WRITE))]
Producer = Annotated[Actor, Depends(Allow(Role.PRODUCER, scope=Scope.MARKET_READ))]
Reader = Annotated[Actor, Depends(Allow(scope=Scope.STATISTICS_READ))]


class DeclarationsQuery(ListQuery):
    """Filters of the list of declarations."""

    site_id: UUID | None = None
    material: MaterialKey | None = None
    month: Month | None = None


@router.post(
    "/opening-stocks",
    status_code=201,
    response_model=OpeningStockRead,
    summary="Record an opening stock",
    responses=problem_responses(409, 422),
)
def post_opening_stock(
    wish: OpeningStockPost, session: CreatingSession, actor: Declarer, response: Response
) -> OpeningStock:
    """State what a site held of an earlier year's waste; absolute, posting again replaces."""
    opening = record_opening_stock(session, actor, wish)
    created(response, "/v1/opening-stocks", opening.id)
    return opening


@router.get("/opening-stocks", response_model=PageOf[OpeningStockRead], summary="List own opening stocks")
def get_opening_stocks(
    query: Annotated[ListQuery, Query()], session: ReadSession, actor: Producer, request: Request
) -> Slice[OpeningStock]:
    """List one's own opening stocks, newest first, replaced ones included."""
    return queries.list_opening_stocks(session, actor, query.page(request))


@router.get("/opening-stocks/{opening_stock_id}", response_model=OpeningStockRead, summary="Read one opening stock")
def get_opening_stock(opening_stock_id: UUID, session: ReadSession, actor: Producer) -> OpeningStock:
    """Read one of one's own opening stocks."""
    return queries.find_opening_stock(session, actor, OpeningStockId(opening_stock_id))


@router.post(
    "/declarations",
    status_code=201,
    response_model=DeclarationRead,
    summary="Declare a month",
    responses=problem_responses(409, 422),
)
def post_declaration(
    wish: DeclarationPost, session: CreatingSession, actor: Declarer, response: Response
) -> Declaration:
    """Declare a month's absolute totals; the ledger posts the difference to what is posted already."""
    declaration = declare(session, actor, wish)
    created(response, "/v1/declarations", declaration.id)
    return declaration


@router.get("/declarations", response_model=PageOf[DeclarationRead], summary="List own declarations")
def get_declarations(
    query: Annotated[DeclarationsQuery, Query()], session: ReadSession, actor: Producer, request: Request
) -> Slice[Declaration]:
    """List one's own declarations, newest first, replaced ones included."""
    return queries.list_declarations(session, actor, query.site_id, query.material, query.month, query.page(request))


@router.get("/declarations/{declaration_id}", response_model=DeclarationRead, summary="Read one declaration")
def get_declaration(declaration_id: UUID, session: ReadSession, actor: Producer) -> Declaration:
    """Read one of one's own declarations."""
    return queries.find_declaration(session, actor, DeclarationId(declaration_id))


@router.post(
    "/ledger/periods/{month}/close",
    response_model=PeriodRead,
    summary="Close a month",
    responses=problem_responses(409),
)
def close_period(month: Month, session: WriteSession, actor: Operator) -> Period:
    """Close a month that is over, after all earlier ones: its flows and balances never change again.

    What is posted for it afterwards counts in the earliest open month, keeps its day in `occurred_on` and names the
    month in `belongs_to`. Refused are a month that is not over, one that is closed already, and one before which
    another is open: the answer says which.
    """
    return periods.close_period(session, actor, month)


@router.get("/ledger/periods", summary="List closed months")
def get_periods(query: Annotated[ListQuery, Query()], session: MarketSession, _: Reader, request: Request) -> Periods:
    """List the closed months, latest first, and say where postings of closed months count now."""
    found = periods.list_periods(session, query.page(request))
    return Periods(
        items=[PeriodRead.model_validate(period) for period in found.items],
        next_cursor=found.next_cursor,
        earliest_open_month=periods.earliest_open_month(session),
    )


@router.get("/ledger/balances", summary="Read balances")
def get_balances(session: ReadSession, actor: Reader) -> Balances:
    """Read all balances that are not zero: one's own sites and waste; an authority: the sites of its jurisdiction."""
    rows = queries.list_balances(session, actor)
    return Balances(items=[BalanceRead.model_validate(row) for row in rows])


@router.get("/ledger/entries", response_model=PageOf[EntryRead], summary="List entries")
def get_entries(
    query: Annotated[ListQuery, Query()], session: ReadSession, actor: Reader, request: Request
) -> Slice[queries.EntryRow]:
    """List ledger entries, newest first: one's own sites and waste; an authority: the sites of its jurisdiction."""
    return queries.list_entries(session, actor, query.page(request))
