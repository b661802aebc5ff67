"""The second lock: as the role that serves, in plain SQL, each caller sees and changes its own rows and no others."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import Connection, RowMapping, delete, func, insert, select, text, update
from sqlalchemy.exc import ProgrammingError
from starlette.testclient import TestClient

from app.api.routing import Router
from app.core.database import Database
from app.core.row_security import EXCHANGE, NOBODY, Caller, Reach
from app.dependencies.callers import AnyActor
from app.dependencies.sessions import MarketSession, ReadSession, SearchSession, SnapshotSession, WriteSession
from app.exchange.models import Agreement
from app.tables import PRIVATE, PUBLIC, metadata
from tests.access.cast import Cast
from tests.factories import Member

pytestmark = pytest.mark.parametrize("engine", ["postgresql"])
#: Of these authorities and operators see no more than their own: they are nobody's business but their owners'.
AFFAIRS = frozenset(
    {
        *("api_keys", "delegations", "job_inputs", "job_refusals", "jobs", "plan_flows", "plans"),
        *("saved_search_matches", "saved_search_reach", "saved_searches", "webhook_deliveries", "webhooks"),
    }
)
#: Columns that say whose a row is: an organisation, a site, or the row that it belongs to.
_OWNERS = ("organisation_id", "producer_organisation_id", "recycler_organisation_id", "principal_id", "delegate_id")
_SITES = ("site_id", "origin_site_id")
_PARENTS = {
    "agreement_id": "agreements",
    "job_id": "jobs",
    "saved_search_id": "saved_searches",
    "utilisation_id": "utilisations",
    "shipment_id": "shipments",
    "webhook_id": "webhooks",
}


def caller_of(member: Member, reach: Reach = Reach.OWN) -> Caller:
    return Caller(UUID(member.id), reach)


def rows_of(database: Database, caller: Caller) -> dict[str, list[RowMapping]]:
    """Return all rows that a caller sees of each private table."""
    with database.read(lambda: caller) as session:
        return {name: list(session.execute(select(metadata.tables[name])).mappings()) for name in sorted(PRIVATE)}


class Ownership:
    """Who owns what, worked out from the rows themselves and not from the policies."""

    def __init__(self, database: Database, every: dict[str, list[RowMapping]]) -> None:
        with database.read() as session:
            sites = session.execute(select(metadata.tables["sites"])).mappings().all()
        self._owner_of_site = {row["id"]: row["organisation_id"] for row in sites}
        self._every = every

    def of(self, name: str, row: RowMapping) -> set[UUID]:
        """Return the organisations that a row of a private table is of."""
        if name == "plate_sightings":
            return set()
        if name == "plan_flows" and row["published_at"] is None:
            return {row["organisation_id"]}
        found = {row[column] for column in _OWNERS if row.get(column) is not None}
        if found:
            return found
        for column, parent in _PARENTS.items():
            if column in row and name != "received_loads":
                (above,) = [each for each in self._every[parent] if each["id"] == row[column]]
                return self.of(parent, above)
        return {self._owner_of_site[row[column]] for column in _SITES if column in row}


@pytest.fixture
def played(cast: Cast, stored: Database) -> tuple[Cast, Database]:
    """Return a market in which something stands in every private table, but where nobody can put it there by hand."""
    with stored.write() as session:
        utilisation, shipment, job = (
            session.execute(text(f"SELECT id FROM {table} ORDER BY id LIMIT 1")).scalar_one()  # noqa: S608 - ours
            for table in ("utilisations", "shipments", "jobs")
        )
        agreement, search, lot = (
            session.execute(text(f"SELECT id FROM {table} ORDER BY id LIMIT 1")).scalar_one()  # noqa: S608 - ours
            for table in ("agreements", "saved_searches", "lots")
        )
        values = {"u": utilisation, "s": shipment, "j": job, "a": agreement, "q": search, "l": lot}
        for statement in (
            "INSERT INTO utilisation_draws VALUES (:u, :s, 1) ON CONFLICT DO NOTHING",
            "INSERT INTO job_inputs VALUES (:j, 'x') ON CONFLICT DO NOTHING",
            "INSERT INTO job_refusals VALUES (:j, 99, 0, '/x', NULL, 'x', 'x')",
            "INSERT INTO agreement_months VALUES (:a, '2020-01', 0)",
            "INSERT INTO saved_search_matches VALUES (:q, :l, gen_random_uuid(), 'pass', now()) ON CONFLICT DO NOTHING",
        ):
            session.execute(text(statement), values)
        session.commit()
    return cast, stored


def test_every_table_is_private_with_a_policy_that_is_forced_or_public_with_a_reason(database: Database) -> None:
    assert PRIVATE | PUBLIC.keys() == metadata.tables.keys()
    assert not PRIVATE & PUBLIC.keys()
    assert all(PUBLIC.values())
    assert AFFAIRS < PRIVATE
    query = """
        SELECT relname, relrowsecurity AND relforcerowsecurity AS is_forced,
               EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid AND polcmd = '*') AS has_policy
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
    """
    with database.read() as session:
        guarded = {row.relname for row in session.execute(text(query)) if row.is_forced and row.has_policy}
        role = session.execute(
            text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        ).scalar_one()
    assert guarded == PRIVATE
    assert not role, "the tests themselves would pass the lock by"


def test_the_exchange_sees_every_row_and_nobody_none(played: tuple[Cast, Database]) -> None:
    _, database = played
    every = rows_of(database, EXCHANGE)
    assert [name for name, rows in every.items() if not rows] == []
    assert [name for name, rows in rows_of(database, NOBODY).items() if rows] == []
    with database.market() as session:
        seen = [
            name
            for name in PRIVATE
            if session.execute(select(func.count()).select_from(metadata.tables[name])).scalar_one()
        ]
    assert seen == []


def test_each_sees_its_own_rows_and_no_others(played: tuple[Cast, Database]) -> None:
    cast, database = played
    every = rows_of(database, EXCHANGE)
    ownership = Ownership(database, every)
    with database.read() as session:
        organisations = list(session.scalars(select(metadata.tables["organisations"].c.id)))
    seen_by_somebody = set()
    for organisation in organisations:
        seen = rows_of(database, Caller(organisation, Reach.OWN))
        for name, rows in every.items():
            due = [row for row in rows if organisation in ownership.of(name, row)]
            assert sorted(map(repr, seen[name])) == sorted(map(repr, due)), (name, organisation)
            seen_by_somebody |= {name} if due else set()
    assert seen_by_somebody == PRIVATE - {"plate_sightings"}
    assert cast.market.caller.id in map(str, organisations)


@pytest.mark.parametrize("reach", [Reach.AUTHORITY, Reach.OPERATOR])
def test_authorities_read_what_figures_are_made_of(played: tuple[Cast, Database], reach: Reach) -> None:
    cast, database = played
    every = rows_of(database, EXCHANGE)
    seen = rows_of(database, caller_of(cast.strangers["far"], reach))
    for name, rows in every.items():
        if name in AFFAIRS - {"api_keys"}:
            assert seen[name] == [], name
        elif name != "api_keys":
            assert len(seen[name]) == len(rows), name
    assert {row["organisation_id"] for row in seen["api_keys"]} == {UUID(cast.strangers["far"].id)}


@contextmanager
def acting(database: Database, caller: Caller) -> Iterator[Connection]:
    with database.write(lambda: caller) as session:
        yield session.connection()
        session.rollback()


def test_nobody_changes_rows_of_others(played: tuple[Cast, Database]) -> None:
    """Neither strangers nor those who may read them: nothing is hit, and nothing can be put there."""
    cast, database = played
    strangers = {
        "own": caller_of(cast.strangers["stranger"]),
        "authority": caller_of(cast.strangers["far"], Reach.AUTHORITY),
        "operator": caller_of(cast.strangers["operator"], Reach.OPERATOR),
        "nobody": NOBODY,
    }
    every = rows_of(database, EXCHANGE)
    ownership = Ownership(database, every)
    for kind, caller in strangers.items():
        for name, rows in every.items():
            table = metadata.tables[name]
            others = [row for row in rows if caller.organisation not in ownership.of(name, row)]
            column = next(iter(table.primary_key.columns))
            are_theirs = column.in_([row[column.name] for row in others])
            for statement in (
                update(table).where(are_theirs).values({column: column}),
                delete(table).where(are_theirs),
            ):
                with acting(database, caller) as connection:
                    assert connection.execute(statement).rowcount == 0, (kind, name)
            with (
                acting(database, caller) as connection,
                pytest.raises(ProgrammingError, match="row-level security policy"),
            ):
                connection.execute(insert(table).values({each: others[0][each.name] for each in table.columns}))


def test_rows_are_not_given_away(played: tuple[Cast, Database]) -> None:
    """One who may change a row cannot make it another one's."""
    cast, database = played
    theirs = {"organisation_id": UUID(cast.strangers["stranger"].id)}
    for name in ("webhooks", "saved_searches", "declarations", "utilisations", "api_keys", "jobs"):
        with (
            acting(database, caller_of(cast.market.caller)) as connection,
            pytest.raises(ProgrammingError, match="row-level security policy"),
        ):
            connection.execute(update(metadata.tables[name]).values(theirs))


def test_what_is_set_ends_with_its_transaction(played: tuple[Cast, Database]) -> None:
    """The next one on the same connection is nobody again."""
    _, database = played
    count = select(func.count()).select_from(Agreement)
    for make in (database.read, database.write, database.snapshot):
        for _ in range(3):
            with make(lambda: EXCHANGE) as session:
                assert session.scalar(count)
            with make(lambda: NOBODY) as session:
                assert session.scalar(count) == 0
    with database.market() as session:
        assert session.scalar(count) == 0


def test_what_agreements_bring_to_demands_is_everybodys_and_nothing_else(played: tuple[Cast, Database]) -> None:
    """The functions reach every row; what is asked after them in the same transaction does not."""
    _, database = played
    with database.read() as session:
        agreements = list(session.scalars(select(Agreement.id)))
        demands = list(session.scalars(select(Agreement.demand_id).where(Agreement.demand_id.is_not(None))))
    with database.read(lambda: NOBODY) as session:
        for name, ids in (("agreements_of_demands", demands), ("months_of_agreements", agreements)):
            found = session.execute(text(f"SELECT * FROM {name}(:ids)"), {"ids": ids}).mappings().all()  # noqa: S608
            assert found
            assert not {"producer_organisation_id", "recycler_organisation_id"} & set(found[0])
            assert session.scalar(select(func.count()).select_from(Agreement)) == 0


def test_a_route_that_forgets_its_filter_leaks_nothing(played: tuple[Cast, Database], application: FastAPI) -> None:
    """Planted, of each kind of session: what it answers is the caller's own, and on the market's sessions nothing."""
    cast, _ = played
    router = Router()

    def plant(path: str, session_type: object) -> None:
        def leak(actor: AnyActor, session: session_type) -> list[str]:  # type: ignore[valid-type]
            return [str(each) for each in session.scalars(select(Agreement.id))] if actor else []  # type: ignore[attr-defined]

        router.get(path)(leak)

    kinds = {"read": ReadSession, "write": WriteSession, "snapshot": SnapshotSession}
    blind = {"market": MarketSession, "search": SearchSession}
    for name, kind in (kinds | blind).items():
        plant(f"/leak/{name}", kind)
    before = list(application.router.routes)
    application.include_router(router)
    application.router.routes.insert(0, application.router.routes.pop())
    try:
        client = TestClient(application)
        for name in kinds | blind:
            for member in (cast.market.caller, cast.strangers["stranger"]):
                answer = client.get(f"/leak/{name}", headers={"Authorization": f"Bearer {member.key}"})
                assert answer.status_code == 200, answer.text
                is_own = member is cast.market.caller and name in kinds
                assert bool(answer.json()) == is_own, (name, member.name)
    finally:
        application.router.routes[:] = before
