"""The worked year of docs/worked-year.md, lived through over HTTP, and the tables of that page."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.factories import FULING, Body, Deal, Member, World

PAGE = Path(__file__).parents[2] / "docs" / "worked-year.md"
TITLES = {"first": "Bulk waste, first quarter", "year": "Bulk waste, the year to date"}
WHOLE_YEAR = {"from": "2025-01", "to": "2025-12", "district": "50"}
FIRST_QUARTER = {"from": "2025-01", "to": "2025-03", "district": "50", "group_by": "month"}
_CODE = re.compile(r"`([^`]+)`")
_WINDOW = {"starts_on": "2025-01-01", "ends_on": "2025-12-31"}

Figure = float | None
#: Column head → figure's name → figure.
Table = dict[str, dict[str, Figure]]


def read_table(heading: str) -> Table:
    """Return the table under a heading of the page, by its columns; a – is None."""
    (section,) = re.findall(rf"(?ms)^##+ {re.escape(heading)}\n(.*?)(?=^##|\Z)", PAGE.read_text())
    rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in re.findall(r"(?m)^\|.*", section)]
    heads, _, *body = rows
    table: Table = {head: {} for head in heads[1:]}
    for label, *cells in body:
        (name,) = _CODE.findall(label)
        for head, cell in zip(heads[1:], cells, strict=True):
            table[head][name] = None if cell == "–" else float(cell.replace("−", "-"))
    return table


@dataclass(frozen=True)
class Year:
    """Who lived the year, and the bytes of the first publication when it was made."""

    authority: Member
    producers: dict[str, Deal]
    recyclers: dict[str, Member]
    published: bytes

    @property
    def names(self) -> dict[str, str]:
        """The letters of the producers by the ids of their organisations."""
        return {deal.producer.id: letter for letter, deal in self.producers.items()}


class _Trade:
    """Three producers with an agreement to each of two recyclers."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.deals: dict[str, dict[str, Deal]] = {}
        self.recyclers = {"X": world.recycler(), "Y": world.recycler()}
        places = {
            "X": world.site(self.recyclers["X"], **FULING)["id"],
            "Y": world.site(self.recyclers["Y"], district_code="500112")["id"],
        }
        for letter, code in (("A", "500115"), ("B", "500105"), ("C", "50-liangjiang")):
            producer = world.producer()
            origin = world.site(producer, district_code=code)["id"]
            self.deals[letter] = {
                name: Deal(producer, recycler, origin, places[name], {}, {}).offer(500).agree(500, **_WINDOW)
                for name, recycler in self.recyclers.items()
            }
        self.a, self.b, self.c = (deals["X"] for deals in self.deals.values())
        self.x, self.y = self.deals["A"]["X"], self.deals["A"]["Y"]
        self.authority, self.operator = world.government("50"), world.operator()

    def use_y(self, tonnes: float, on: str, **changes: Any) -> Body:  # noqa: ANN401 - JSON
        return self.y.use(tonnes, on, use="building_gypsum_powder", **changes)

    def close(self, *months: str) -> None:
        for month in months:
            self.operator.post(f"/ledger/periods/{month}/close", status=200)


def live_year(world: World) -> Year:
    """Do all that the page says happens, in its order."""
    trade = _Trade(world)
    disputed = _live_first_quarter(trade)
    trade.close("2025-01", "2025-02", "2025-03")
    for question, title in ((FIRST_QUARTER, TITLES["first"]), (WHOLE_YEAR, TITLES["year"])):
        trade.authority.post("/statistics/snapshots", {"title": title, "question": question})
    content: bytes = trade.authority.request("GET", "/statistics/snapshots/1").content
    _live_spring(trade, disputed)
    _live_rest(trade)
    producers = {letter: deals["X"] for letter, deals in trade.deals.items()}
    return Year(trade.authority, producers, trade.recyclers, content)


def _live_first_quarter(trade: _Trade) -> Body:
    """Live January to March; return the load that is disputed."""
    a, b, c = trade.a, trade.b, trade.c
    b_to_y, c_to_y = trade.deals["B"]["Y"], trade.deals["C"]["Y"]
    a.opening(100, 2024)
    b.opening(40, 2024)
    a.receive(a.dispatch(30, "2025-01-10"), "2025-01-12", net_t=29.9)
    own = {"self_utilised_t": 10, "self_utilised_from_prior_t": 4, "discarded_t": 1}
    a.declare("2025-01", 80, disposed_t=8, disposed_from_prior_t=3, **own)
    b_to_y.receive(b_to_y.dispatch(20, "2025-01-15"), "2025-01-16", net_t=20, refused_t=5, reason="wet")
    b.declare("2025-01", 50)
    late = c.dispatch(10, "2025-01-28")
    c.declare("2025-01", 25)
    trade.x.use(20, "2025-01-25")

    c.receive(late, "2025-02-02")
    disputed = a.receive(a.dispatch(40, "2025-02-05"), "2025-02-06", net_t=38)
    of_2024 = trade.y.dispatch(25, "2025-02-20", stock_year=2024)
    a.declare("2025-02", 20, self_utilised_t=15, self_utilised_from_prior_t=5)
    b.declare("2025-02", 10, self_utilised_t=30, self_utilised_from_prior_t=20)
    c_to_y.receive(c_to_y.dispatch(22, "2025-02-14"), "2025-02-15")
    trade.x.use(30, "2025-02-25")

    trade.y.receive(of_2024, "2025-03-01")
    a.declare("2025-03", 60, disposed_t=10, disposed_from_prior_t=10)
    c.declare("2025-03", 12)
    trade.use_y(12, "2025-03-20", shipment_ids=[of_2024["id"]])
    trade.use_y(18, "2025-03-28")
    return disputed


def _live_spring(trade: _Trade, disputed: Body) -> None:
    """Live April, close it, and live May."""
    a, b, c = trade.a, trade.b, trade.c
    wish = {"comment": "the bridge at X was read wrongly", "received_net_t": 39.9}
    correction = a.recycler.post(f"/shipments/{disputed['id']}/corrections", wish)
    a.producer.post(f"/corrections/{correction['id']}/approve", status=200)
    a.opening(94, 2024)
    trade.y.receive(trade.y.dispatch(50, "2025-04-10"), "2025-04-11", net_t=50, refused_t=50, reason="wet")
    a.declare("2025-04", 30, entrusted_utilised_t=5, entrusted_disposed_t=4)
    to_y = trade.deals["B"]["Y"]
    unwanted = to_y.dispatch(12, "2025-04-05")
    b.producer.post(f"/shipments/{unwanted['id']}/void", status=200)
    b.declare("2025-04", 15)
    c.declare("2025-02", 30)
    c.declare("2025-04", 8)
    used = trade.use_y(10, "2025-04-20")
    trade.close("2025-04")
    trade.y.recycler.post(f"/utilisations/{used['id']}/reverse", status=200)
    c.declare("2025-05", 20)


def _live_rest(trade: _Trade) -> None:
    """Live July, November and December."""
    a, b, c = trade.a, trade.b, trade.c
    a.declare("2025-07", 0, self_utilised_t=20, self_utilised_from_prior_t=7)
    trade.x.use(25, "2025-07-10")
    b.receive(b.dispatch(20, "2025-11-10", stock_year=2024), "2025-11-11", net_t=20.05)
    b.declare("2025-11", 5)
    a.receive(a.dispatch(60, "2025-11-20"), "2025-11-21", net_t=60.2)
    a.declare("2025-11", 10)
    trade.x.use(40, "2025-12-15")
    trade.use_y(10, "2025-12-20")
    trade.y.dispatch(18, "2025-12-28")
    c.declare("2025-12", 9, entrusted_disposed_t=6, discarded_t=2)
