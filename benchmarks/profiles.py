"""Where the time of a request goes below HTTP, by cProfile over the functions that the routes call."""

import cProfile
import pstats
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache, partial
from typing import Any, TypeVar
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy.orm import Session

import app.tables  # noqa: F401 - foreign keys resolve once every table is known
from app.auth.actor import Actor
from app.core.clock import now
from app.core.database import Database
from app.core.documents import write_json
from app.core.paging import Page
from app.core.settings import Settings
from app.exchange.models import AgreementId, Shipment, ShipmentId
from app.exchange.schemas import ReceiptPost, ShipmentPost, ShipmentRead
from app.exchange.shipments import dispatch, receive
from app.matching.conventions import conventions_of
from app.matching.lot_search import market_search
from app.matching.schemas import LotFilters
from app.matching.search import search_lots
from app.organisations.callers import authenticate
from benchmarks.figures import Clock, Row
from benchmarks.rivals import Question
from benchmarks.servers import load_average, served_url

_SHIPMENT = TypeAdapter(ShipmentRead)
_LOADS = 220
_NET_T = Decimal(30)
_WARM_UP = 20
Case = TypeVar("Case")
_SEARCH_PARTS = {
    "key": ("authenticate",),
    "reading the filters": ("market_search",),
    "sites and geodesics": ("find_nearby",),
    "making the statement": ("_compile_w_cache", "_meets", "by_rank", "as_table"),
    "database (execute, fetch)": ("do_execute", "fetchall"),
    "describing the lots": ("describe_lot",),
    "verdicts and terms": ("make_terms", "judge"),
    "JSON": ("write_json",),
}
_LOAD_PARTS = {
    "key": ("authenticate",),
    "ledger": ("post_dispatch", "post_receipt"),
    "commit": ("do_commit",),
    "statements (execute)": ("do_execute", "do_executemany"),
}


def profile_search(
    url: str, key: str, question: Question, centres: Sequence[tuple[float, float]], name: str
) -> Iterator[Row]:
    """Yield the time of a search below HTTP, with the share of its parts."""
    database, pepper = Database(url), _pepper()
    conventions = conventions_of(Settings(_env_file=None), None)

    def search(centre: tuple[float, float]) -> None:
        asked = question.parameters(centre, "distance")
        limit = asked.pop("limit")
        with database.read() as session:
            actor = authenticate(session, key, pepper)
            wish = market_search(LotFilters.model_validate(asked), actor, conventions)
            found = search_lots(session, wish, conventions, Page(limit, None, pepper, ""))
            write_json(found)

    yield _profile("search below HTTP, median", name, search, centres, _SEARCH_PARTS)
    database.dispose()


def profile_loads(url: str, producer_key: str, recycler_key: str, agreement_id: str, name: str) -> Row:
    """Return the time of a complete load below HTTP, with the ledger's share."""
    database = Database(served_url(url)).as_exchange()
    agreement = AgreementId(UUID(agreement_id))

    def take(number: int) -> None:
        ticket = ShipmentPost(
            ticket_no=f"P-{number}", vehicle_plate=f"渝A{number:05}", dispatched_at=now(), net_t=_NET_T
        )
        shipment_id = _write(database, producer_key, lambda session, actor: dispatch(session, actor, agreement, ticket))
        receipt = ReceiptPost(received_at=now(), net_t=_NET_T)
        _write(database, recycler_key, lambda session, actor: receive(session, actor, shipment_id, receipt))

    row = _profile("complete load below HTTP, median", name, take, range(_LOADS), _LOAD_PARTS)
    database.dispose()
    return row


def _write(database: Database, key: str, write: Callable[[Session, Actor], Shipment]) -> ShipmentId:
    """Do what a writing route does: check the key in one session, write and commit in another."""
    with database.read() as session:
        actor = authenticate(session, key, _pepper())
    with database.write() as session:
        shipment = write(session, actor)
        session.commit()
        _SHIPMENT.dump_json(ShipmentRead.model_validate(shipment, from_attributes=True))
        return shipment.id


def _profile(
    measure: str, name: str, call: Callable[[Case], None], cases: Sequence[Case], parts: dict[str, tuple[str, ...]]
) -> Row:
    """Time one half of the cases, then run the other under the profiler, which slows Python but not the database."""
    for case in cases[:_WARM_UP]:
        call(case)
    half = (len(cases) + _WARM_UP) // 2
    clock, profiler = Clock(), cProfile.Profile()
    for case in cases[_WARM_UP:half]:
        clock.time(measure, partial(call, case))
    for case in cases[half:]:
        profiler.runcall(call, case)
    remark = f"profile: {shares_of(profiler, parts)}"
    return Row(measure, name, clock.series(measure).median, "ms", load_average(), remark=remark)


def shares_of(profiler: cProfile.Profile, parts: Mapping[str, Sequence[str]]) -> str:
    """Return the share of each part, the functions of some names, in words."""
    # Not in the stubs: (file, line, function) -> (calls, all calls, own time, cumulative time, callers).
    stats: dict[tuple[str, int, str], tuple[int, int, float, float, Any]] = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    total = sum(own for _, _, own, _, _ in stats.values())
    shares = {
        part: sum(cumulative for (_, _, function), (*_, cumulative, _) in stats.items() if _is_among(function, names))
        for part, names in parts.items()
    }
    return ", ".join(f"{part} {100 * share / total:.0f} %" for part, share in shares.items())


def _is_among(function: str, names: Sequence[str]) -> bool:
    """Tell whether a function is one of some; those of C are `<method 'fetchall' of …>`."""
    return function in names or any(f"'{name}' of" in function for name in names)


@cache
def _pepper() -> bytes:
    return Settings(_env_file=None).secret.get_secret_value().encode()
