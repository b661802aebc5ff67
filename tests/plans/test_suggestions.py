"""Published plans: their sides see their flows as suggestions, and turn one into a proposal, once."""

import pytest

from app.core.clock import month_of, months_from, today
from app.core.database import Database
from tests.factories import Body, Member, World
from tests.plans.planned import compute_plan


class Published:
    """A plan with one flow, published, of a lot of 12 000 t for a demand of 9 000 t."""

    def __init__(
        self,
        world: World,
        database: Database,
        question: Body | None = None,
        demand: Body | None = None,
        **lot: object,
    ) -> None:
        self.producer, self.recycler, self.authority = world.producer(), world.recycler(), world.government("50")
        self.lot = world.lot(self.producer, **({"quantity_t": 12000} | lot))
        self.demand = world.demand(self.recycler, **({"quantity_t": 9000} | (demand or {})))
        self.plan = self.authority.post("/plans", question or {}, status=202)["id"]
        compute_plan(database, self.plan)
        assert self.suggestions(self.producer) == []
        self.authority.post(f"/plans/{self.plan}/publish", status=200)

    @staticmethod
    def suggestions(member: Member) -> list[Body]:
        return list(member.get("/plans/suggestions")["items"])

    def propose(self, member: Member, number: int = 1, **headers: str) -> tuple[int, Body]:
        path = f"/plans/{self.plan}/flows/{number}/propose"
        answer = member.request(
            "POST", path, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        return answer.status_code, answer.json()


@pytest.fixture
def published(world: World, database: Database) -> Published:
    return Published(world, database)


def test_a_suggestion_becomes_an_agreement(published: Published, world: World) -> None:
    (suggestion,) = published.suggestions(published.producer)
    assert (suggestion["side"], suggestion["quantity_t"]) == ("producer", 9000)
    assert suggestion["other"]["name"] == published.recycler.name
    assert suggestion["planned_by"]["name"] == published.authority.name
    assert published.suggestions(world.producer()) == []
    assert published.propose(world.producer())[0] == 404
    status, agreement = published.propose(published.producer)
    assert status == 201, agreement
    assert (agreement["status"], agreement["quantity_t"], agreement["price_cny_per_t"]) == ("proposed", 9000, -15)
    assert published.suggestions(published.recycler)[0]["agreement_id"] == agreement["id"]
    accepted = published.recycler.post(f"/agreements/{agreement['id']}/accept", status=200)
    assert accepted["status"] == "accepted"
    status, refused = published.propose(published.recycler)
    assert (status, refused["code"], refused["agreement_id"]) == (409, "already_proposed", agreement["id"])


def test_sent_again_it_is_answered_again(published: Published) -> None:
    first = published.propose(published.recycler, Idempotency_Key="once")
    assert first[0] == 201
    assert published.propose(published.recycler, Idempotency_Key="once") == first
    assert len(published.recycler.get("/agreements")["items"]) == 1


def test_of_a_lot_that_is_another_now_nothing_is_proposed(published: Published) -> None:
    published.producer.patch(f"/lots/{published.lot['id']}", {"price_cny_per_t": -14})
    assert published.propose(published.recycler)[1]["code"] == "lot_changed"
    published.producer.patch(f"/lots/{published.lot['id']}", {"price_cny_per_t": -15})
    assert published.propose(published.recycler)[0] == 201


def test_of_a_lot_with_too_little_left_nothing_is_proposed(published: Published) -> None:
    terms = {
        "lot_id": published.lot["id"],
        "destination_site_id": published.demand["site"]["id"],
        "quantity_t": 5000,
        "price_cny_per_t": -15,
        "starts_on": published.lot["available_from"],
        "ends_on": published.lot["available_to"],
    }
    agreement = published.recycler.post("/agreements", terms)
    published.producer.post(f"/agreements/{agreement['id']}/accept", status=200)
    assert published.propose(published.recycler)[1]["code"] == "lot_changed"


def test_for_a_demand_that_is_another_now_nothing_is_proposed(published: Published) -> None:
    published.recycler.patch(f"/demands/{published.demand['id']}", {"max_distance_km": 300})
    assert published.propose(published.producer)[1]["code"] == "demand_changed"
    published.recycler.post(f"/demands/{published.demand['id']}/withdraw", status=200)
    assert published.propose(published.producer)[1]["code"] == "demand_changed"


def test_a_plan_is_published_once(published: Published) -> None:
    again = published.authority.request("POST", f"/plans/{published.plan}/publish")
    assert (again.status_code, again.json()["code"]) == (409, "already_published")
    told = [event["type"] for event in published.recycler.get("/events", limit=100)["items"]]
    assert "plan.published" in told


def test_what_a_stream_has_left_over_is_agreed_by_hand(world: World, database: Database) -> None:
    monthly = {"quantity_t": None, "recurring": {"per": "month", "quantity_t": 2000}}
    third_month = months_from(month_of(today()), 3)[-1]
    published = Published(world, database, {"months": 3}, {"needed_from": f"{third_month}-01"}, **monthly)
    (suggestion,) = published.suggestions(published.producer)
    assert suggestion["quantity_t"] == 6000
    status, refused = published.propose(published.producer)
    assert (status, refused["code"], refused["available_t"]) == (409, "more_than_a_month", 2000)
    assert "2000.000 t a month" in refused["detail"]


def test_of_a_stream_a_month_is_proposed(world: World, database: Database) -> None:
    monthly = {"quantity_t": None, "recurring": {"per": "month", "quantity_t": 2000}}
    published = Published(world, database, {"months": 3}, **monthly)
    suggestions = published.suggestions(published.producer)
    assert [each["quantity_t"] for each in suggestions] == [2000, 2000, 2000]
    for suggestion in suggestions[1:]:
        status, agreement = published.propose(published.producer, suggestion["number"])
        assert status == 201, agreement
        assert agreement["recurring"] == {"per": "month", "quantity_t": 2000}
        assert {agreement["starts_on"][:7], agreement["ends_on"][:7]} == {suggestion["month"]}
