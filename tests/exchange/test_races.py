"""Many clients at once: never oversold, never posted twice, on both engines."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from app.core.clock import month_of, months_from, today
from app.core.database import Database
from app.ledger.verification import find_differences
from tests.factories import Deal, World

CLIENTS = 8
YEAR = today().year - 1


def _at_once(calls: Sequence[Callable[[], int]]) -> list[int]:
    with ThreadPoolExecutor(CLIENTS) as pool:
        return list(pool.map(lambda call: call(), calls))


def _accepting(deal: Deal) -> Callable[[], int]:
    def accept() -> int:
        status: int = deal.producer.request("POST", f"/agreements/{deal.agreement['id']}/accept").status_code
        return status

    return accept


def _shipping(deal: Deal, ticket_no: str, dispatched_at: str) -> Callable[[], int]:
    ticket = {
        "ticket_no": ticket_no,
        "vehicle_plate": "渝A12345",
        "dispatched_at": dispatched_at,
        "net_t": 10,
    }
    path = f"/agreements/{deal.agreement['id']}/shipments"
    return lambda: deal.producer.request("POST", path, json=ticket).status_code


def test_a_lot_is_never_oversold(world: World) -> None:
    deal = world.deal().offer(100)
    statuses = _at_once([_accepting(deal.propose(30)) for _ in range(CLIENTS)])
    assert sorted(statuses) == [200] * 3 + [409] * (CLIENTS - 3)
    lot = deal.producer.get(f"/lots/{deal.lot['id']}")
    assert lot["available_t"] == 10


def test_no_month_of_a_recurring_lot_is_oversold(world: World) -> None:
    """Agreements over two of three months each, from both ends: each month takes three of 30 t, none a fourth."""
    months = months_from(month_of(today()), 3)
    monthly = {"quantity_t": None, "recurring": {"per": "month", "quantity_t": 100}}
    deal = world.deal().offer(0, **monthly)
    proposals = [
        deal.propose(
            0,
            **monthly | {"recurring": {"per": "month", "quantity_t": 30}},
            starts_on=f"{months[number % 2]}-01",
            ends_on=f"{months[number % 2 + 1]}-28",
        )
        for number in range(16)
    ]
    statuses = _at_once([_accepting(proposal) for proposal in proposals])
    assert sorted(set(statuses)) == [200, 409]
    lot = deal.producer.get(f"/lots/{deal.lot['id']}")
    free = [item["available_t"] for item in lot["available_by_month"][:3]]
    early, late = (
        sum(status == 200 for status in statuses[first::2])  # whose agreements begin in the first, or second month
        for first in (0, 1)
    )
    assert free == [100 - 30 * early, 100 - 30 * (early + late), 100 - 30 * late]
    assert early + late == 3


def test_loads_of_one_month_at_once_never_exceed_it(world: World) -> None:
    monthly = {"quantity_t": None, "recurring": {"per": "month", "quantity_t": 35}}
    days = {"starts_on": f"{YEAR}-03-01", "ends_on": f"{YEAR}-04-30"}
    deal = world.deal().offer(0, **monthly).agree(0, **monthly, **days)

    def ship(number: int) -> Callable[[], int]:
        return _shipping(deal, f"M-{number}", f"{YEAR}-{'03-31T17' if number % 2 else '03-31T15'}:00:00Z")

    statuses = _at_once([ship(number) for number in range(12)])
    assert [sorted(statuses[first::2]) for first in (0, 1)] == [[201] * 3 + [409] * 3] * 2
    agreement = deal.producer.get(f"/agreements/{deal.agreement['id']}")
    assert [(item["shipped_t"], item["reserved_t"]) for item in agreement["by_month"]] == [(30, 5), (30, 5)]


def test_accepting_twice_at_once_reserves_once(world: World) -> None:
    deal = world.deal().offer(100).propose(30)
    statuses = _at_once([_accepting(deal)] * CLIENTS)
    assert sorted(statuses) == [200] + [409] * (CLIENTS - 1)
    assert deal.producer.get(f"/lots/{deal.lot['id']}")["available_t"] == 70


def test_loads_and_declarations_of_one_site_at_once(world: World, database: Database) -> None:
    deal = world.deal()
    month = f"{YEAR}-03"

    def ship(number: int) -> Callable[[], int]:
        return _shipping(deal, f"R-{number}", f"{month}-05T00:00:00Z")

    def declare() -> int:
        body = {"site_id": deal.origin, "material": "phosphogypsum", "month": month, "generated_t": 500}
        status: int = deal.producer.request("POST", "/declarations", json=body).status_code
        return status

    statuses = _at_once([ship(0), declare, ship(1), ship(1), declare, ship(2), ship(3), ship(3)])
    assert statuses.count(201) == 6
    assert deal.balances() == {("generation", YEAR): -500, ("in_transit", YEAR): 40, ("storage", YEAR): 460}
    with database.snapshot() as session:
        assert list(find_differences(session)) == []


def test_stock_is_never_used_twice(world: World) -> None:
    deal = world.deal()
    deal.receive(deal.dispatch(50, f"{YEAR}-03-01"), f"{YEAR}-03-02")

    def use(number: int) -> Callable[[], int]:
        body = {
            "site_id": deal.destination,
            "material": "phosphogypsum",
            "utilised_on": f"{YEAR}-03-03",
            "quantity_t": 20,
            "use": "cement_retarder",
            "batch_no": f"R-{number}",
        }
        return lambda: deal.recycler.request("POST", "/utilisations", json=body).status_code

    statuses = _at_once([use(number) for number in range(CLIENTS)])
    assert sorted(statuses) == [201] * 2 + [409] * (CLIENTS - 2)
    assert deal.balances()["received", YEAR] == 10


def test_refusals_dispatches_and_uses_at_once_never_stand_in_each_others_way(world: World, database: Database) -> None:
    deal = world.deal(10_000)
    deal.declare(f"{YEAR}-03", 1000)
    deal.receive(deal.dispatch(100, f"{YEAR}-03-01"), f"{YEAR}-03-02")
    loads = [deal.dispatch(10, f"{YEAR}-03-03") for _ in range(12)]
    other = deal.offer(10_000).agree(5_000)  # of another lot: no lock on a lot keeps the two apart

    def refuse(load: dict[str, str]) -> Callable[[], int]:
        receipt = {"received_at": f"{YEAR}-03-04T00:00:00Z", "net_t": 10, "refused_t": 4, "reason": "wet"}
        return lambda: deal.recycler.request("POST", f"/shipments/{load['id']}/receipt", json=receipt).status_code

    def ship(number: int) -> Callable[[], int]:
        return _shipping(other, f"S-{number}", f"{YEAR}-03-05T00:00:00Z")

    def use(number: int) -> Callable[[], int]:
        body = {
            "site_id": deal.destination,
            "material": "phosphogypsum",
            "utilised_on": f"{YEAR}-03-05",
            "quantity_t": 5,
            "use": "cement_retarder",
            "batch_no": f"U-{number}",
        }
        return lambda: deal.recycler.request("POST", "/utilisations", json=body).status_code

    calls = [call for n, load in enumerate(loads) for call in (refuse(load), ship(n), use(n))]
    assert set(_at_once(calls)) <= {200, 201}
    assert deal.balances() == {
        ("generation", YEAR): -1000,
        ("storage", YEAR): 1000 - 100 - 120 + 48 - 120,
        ("in_transit", YEAR): 120,
        ("received", YEAR): 100 + 72 - 60,
        ("utilised", YEAR): 60,
    }
    with database.snapshot() as session:
        assert list(find_differences(session)) == []


def test_a_ticket_number_of_two_lots_at_once_is_taken_once(world: World) -> None:
    first = world.deal(1000)
    second = first.offer(1000).agree(1000)

    def ship(deal: Deal) -> Callable[[], int]:
        ticket = {
            "ticket_no": "T-same",
            "vehicle_plate": "渝A12345",
            "dispatched_at": f"{YEAR}-03-05T00:00:00Z",
            "net_t": 10,
        }
        path = f"/agreements/{deal.agreement['id']}/shipments"

        def send() -> int:
            answer = deal.producer.request("POST", path, json=ticket)
            assert answer.status_code == 201 or answer.json()["code"] == "ticket_exists", answer.text
            status: int = answer.status_code
            return status

        return send

    assert sorted(_at_once([ship(first), ship(second)] * 4)) == [201] + [409] * 7
