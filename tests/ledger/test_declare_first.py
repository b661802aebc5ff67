"""Many first declarations at once post what one by one would, and refuse what one by one would refuse."""

from uuid import UUID

import pytest

from app.auth.actor import Actor
from app.core.clock import today
from app.core.database import Database
from app.core.errors import Conflict, NotFound
from app.ledger.declarations import declare, declare_first
from app.ledger.opening_stocks import record_opening_stock
from app.ledger.schemas import DeclarationPost, OpeningStockPost
from app.ledger.verification import find_differences
from app.organisations.callers import authenticate
from tests.factories import PEPPER, Member, World

YEAR = today().year - 1


def _actor(database: Database, member: Member) -> Actor:
    with database.read() as session:
        return authenticate(session, member.key, PEPPER)


def _wishes(site_id: UUID) -> list[DeclarationPost]:
    def wish(month: int, generated_t: int, **totals: int) -> DeclarationPost:
        body = {"site_id": site_id, "material": "phosphogypsum", "month": f"{YEAR}-{month:02d}"}
        return DeclarationPost.model_validate(body | {"generated_t": generated_t} | totals)

    return [
        wish(1, 50, self_utilised_t=5),
        wish(2, 20, self_utilised_t=45, self_utilised_from_prior_t=15, entrusted_disposed_t=3),
        wish(3, 0, disposed_t=10, disposed_from_prior_t=4, discarded_t=1),
    ]


def _stocked_site(world: World, database: Database) -> tuple[Actor, UUID]:
    member = world.producer()
    actor, site_id = _actor(database, member), UUID(world.site(member)["id"])
    opening = OpeningStockPost.model_validate(
        {"site_id": site_id, "material": "phosphogypsum", "stock_year": YEAR - 1, "stored_t": 100}
    )
    with database.write() as session:
        record_opening_stock(session, actor, opening)
        session.commit()
    return actor, site_id


def test_many_at_once_post_what_one_by_one_would(world: World, database: Database) -> None:
    (one, one_site), (many, many_site) = _stocked_site(world, database), _stocked_site(world, database)
    with database.write() as session:
        for wish in _wishes(one_site):
            declare(session, one, wish)
        declare_first(session, [(many, wish) for wish in _wishes(many_site)])
        session.commit()
    rows = world.government().get(
        "/statistics/utilisation", **{"from": f"{YEAR}-01", "to": f"{YEAR}-12", "group_by": "site,month"}
    )["items"]
    figures: dict[str, list[object]] = {str(one_site): [], str(many_site): []}
    for row in rows:
        figures[row.pop("site")].append({name: row[name] for name in row if name != "site_name"})
    assert figures[str(one_site)] == figures[str(many_site)] != []
    with database.snapshot() as session:
        assert list(find_differences(session)) == []


def test_a_month_is_declared_first_only_once(world: World, database: Database) -> None:
    actor, site_id = _stocked_site(world, database)
    first, second, _ = _wishes(site_id)
    with database.write() as session:
        declare(session, actor, first)
        with pytest.raises(Conflict, match="declared already"):
            declare_first(session, [(actor, second), (actor, first)])


def test_what_is_not_there_is_not_drawn(world: World, database: Database) -> None:
    actor, site_id = _stocked_site(world, database)
    thirsty = _wishes(site_id)[1].model_copy(update={"self_utilised_from_prior_t": 101, "self_utilised_t": 101})
    with database.write() as session, pytest.raises(Conflict) as refusal:
        declare_first(session, [(actor, thirsty)])
    assert refusal.value.code == "insufficient_stock"


def test_the_site_of_another_is_refused(world: World, database: Database) -> None:
    _, site_id = _stocked_site(world, database)
    stranger = _actor(database, world.producer())
    with database.write() as session, pytest.raises(NotFound):
        declare_first(session, [(stranger, _wishes(site_id)[0])])
