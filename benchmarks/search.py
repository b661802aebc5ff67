"""The search over HTTP at rising numbers of lots, beside SQL by hand, geopy, and a bare route for one lot."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from app.auth.actor import Role
from app.core.database import Database
from app.core.settings import Settings
from app.organisations.models import OrganisationStatus
from app.organisations.service import enrol
from benchmarks.client import Client, connect
from benchmarks.figures import Clock, Row, at_least, at_most, calmest
from benchmarks.market import Market
from benchmarks.profiles import profile_search
from benchmarks.rivals import HandWritten, Limit, PlainPython, Question
from benchmarks.servers import serve, serve_bare

SORTS = ("distance", "delivered_price")
QUESTION = Question(
    material="phosphogypsum",
    limits=(Limit("caso4_2h2o", ">=", 76.0), Limit("soluble_p2o5", "<=", 0.8), Limit("moisture", "<=", 20.0)),
    within_km=300.0,
    rows=50,
)
CENTRES, WARM_UP, READS = 150, 20, 300
_LOOPS = {10_000: 5, 100_000: 3}
_MILLION = 1_000_000


@dataclass(frozen=True)
class Setting:
    """A database with its market, and how the table calls it."""

    url: str
    market: Market
    name: str


def measure(setting: Setting) -> Iterator[Row]:
    """Yield the rows of one database."""
    key = _enrol_searcher(setting.url)
    with serve(setting.url) as served, connect(served.address, key) as http:
        for sort in SORTS:
            clock, load = calmest(partial(_compare, setting, http, sort))
            yield from _search_rows(setting, clock, sort, load)
        memory = served.resident_mb()
        goal = at_most(memory, 400)
        yield Row("memory of the server after these searches", setting.name, memory, "MB", load, goal)
        with serve_bare(setting.url) as bare, connect(bare.address) as bare_http:
            clock, load = calmest(lambda: _read_lots(setting, http, bare_http))
            yield from _read_rows(setting, clock, load)
    yield from profile_search(setting.url, key, QUESTION, setting.market.centres(100, seed=3), setting.name)


def _enrol_searcher(url: str) -> str:
    database = Database(url)
    pepper = Settings(_env_file=None).secret.get_secret_value().encode()
    with database.write() as session:
        status = OrganisationStatus.ACTIVE
        _, key = enrol(session, [Role.RECYCLER], pepper, name="searching works", status=status)
        session.commit()
    database.dispose()
    return key


def _compare(setting: Setting, http: Client, sort: str) -> Clock:
    """Ask all sides from the same places in turn; every page by hand must be the page of the exchange."""
    clock = Clock()
    by_hand = HandWritten(setting.url, QUESTION)
    centres = setting.market.centres(CENTRES, seed=2)
    for centre in setting.market.centres(WARM_UP, seed=1):
        _search(http, centre, sort)
        by_hand.ask(centre, sort)
    for centre in centres:
        answer = clock.time("http", partial(_search, http, centre, sort))
        rows = clock.time("hand", partial(by_hand.ask, centre, sort))
        _check_same(answer, [row[0] for row in rows])
    by_hand.close()
    plain = PlainPython(setting.url, QUESTION)
    for centre in centres[: _LOOPS.get(setting.market.lots, 1)]:
        ids = clock.time("loop", partial(plain.ask, centre, sort))
        _check_same(_search(http, centre, sort), list(ids))
    return clock


def _search(http: Client, centre: tuple[float, float], sort: str) -> bytes:
    return http.get("/v1/lots", QUESTION.parameters(centre, sort))


def _check_same(answer: bytes, ids: list[Any]) -> None:
    found: list[str] = [item["lot"]["id"].replace("-", "") for item in json.loads(answer)["items"]]
    if found != [str(identifier).replace("-", "") for identifier in ids[: QUESTION.rows]]:
        raise AssertionError("the sides found different lots")


def _search_rows(setting: Setting, clock: Clock, sort: str, load: float) -> Iterator[Row]:
    http, hand, loop = (clock.series(side) for side in ("http", "hand", "loop"))
    is_million, name = setting.market.lots >= _MILLION, setting.name
    goal = at_most(http.median, 25) if is_million else None
    yield Row(f"search by {sort}, median", name, http.median, "ms", load, goal)
    goal = at_most(http.p95, 60) if is_million else None
    yield Row(f"search by {sort}, p95", name, http.p95, "ms", load, goal)
    ratio = http.median / hand.median
    remark = f"by hand: median {hand.median:.1f} ms, p95 {hand.p95:.1f} ms"
    yield Row("… over SQL by hand", name, ratio, "×", load, at_most(ratio, 2), remark)
    ratio = loop.median / http.median
    goal = at_least(ratio, 200) if is_million else None
    remark = f"geopy loop: {loop.median:,.0f} ms"
    yield Row("… faster than geopy over all open lots", name, ratio, "×", load, goal, remark)


def _read_lots(setting: Setting, http: Client, bare: Client) -> Clock:
    places = setting.market.centres(3, seed=4)
    pages = [json.loads(_search(http, centre, "distance"))["items"] for centre in places]
    ids = [item["lot"]["id"] for page in pages for item in page]
    clock = Clock()
    sides = {"exchange": (http, "/v1/lots/{}"), "row": (bare, "/lots/{}/row"), "whole": (bare, "/lots/{}")}
    for round_ in range(-WARM_UP, READS):
        identifier = ids[round_ % len(ids)]
        for side, (client, path) in sides.items():
            timed = side if round_ >= 0 else "warm-up"
            clock.time(timed, partial(client.get, path.format(identifier)))
    return clock


def _read_rows(setting: Setting, clock: Clock, load: float) -> Iterator[Row]:
    exchange, row, whole = (clock.series(side) for side in ("exchange", "row", "whole"))
    name = setting.name
    yield Row("reading one lot, median", name, exchange.median, "ms", load, remark=f"p95 {exchange.p95:.1f} ms")
    share = 100 * whole.median / exchange.median
    remark = f"bare: {whole.median:.1f} ms, no key"
    yield Row("… speed of a bare route with the same content", name, share, "%", load, at_least(share, 60), remark)
    share = 100 * row.median / exchange.median
    remark = f"bare: {row.median:.1f} ms; no key, site, owner or assay results"
    yield Row("… speed of a bare route for the row alone", name, share, "%", load, remark=remark)
