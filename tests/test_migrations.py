"""Migrations: from nothing to head and back with data in between, on both engines; models and migrations agree."""

from collections.abc import Sequence
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Row, inspect, text

from app.core.clock import today
from app.core.database import Database
from app.core.revisions import current_revision, head_revision, is_at_head, migrate
from app.tables import metadata
from tests.factories import World


def test_models_and_migrations_agree(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_to_base_and_to_head_again_with_data(world: World, database: Database, owned: Database) -> None:
    world.site(world.producer())
    assert is_at_head(database.engine)
    migrate(owned.engine, "base")
    assert current_revision(database.engine) is None
    left = set(inspect(database.engine).get_table_names()) - {"alembic_version"}
    assert left == set()
    migrate(owned.engine)
    assert current_revision(database.engine) == head_revision()
    with database.read() as session:
        assert session.execute(text("SELECT count(*) FROM sites")).scalar_one() == 0


def test_flows_of_late_postings_are_added_up_on_the_way_back(world: World, database: Database, owned: Database) -> None:
    deal = world.deal()
    month, following = f"{today().year - 1}-01", f"{today().year - 1}-02"
    deal.declare(month, 50)
    world.operator().post(f"/ledger/periods/{month}/close", status=200)
    deal.declare(month, 60)
    deal.declare(following, 7)
    read = "SELECT month, account, sum(quantity_kg), count(*) FROM ledger_flows GROUP BY month, account ORDER BY 1, 2"
    totals = {}
    for revision in ("head", "0009", "head"):
        migrate(owned.engine, revision)
        with database.read() as session:
            totals[revision] = session.execute(text(read)).all()
    assert [tuple(row) for row in totals["0009"]] == [
        (month, "generation", -50_000, 1),
        (month, "storage", 50_000, 1),
        (following, "generation", -17_000, 1),
        (following, "storage", 17_000, 1),
    ]
    assert totals["head"] == totals["0009"]


def test_assays_keep_their_results_on_the_way_to_documents_and_back(
    world: World, database: Database, owned: Database
) -> None:
    results = [
        {"parameter": "moisture", "value": 14.5, "unit": "%"},
        {"parameter": "na2o", "value": 1},
        {"parameter": "k2o", "value": 2000, "unit": "mg/kg"},
        {"parameter": "waste_class", "value": "I"},
        {"parameter": "uncontaminated", "value": True},
    ]
    producer = world.producer()
    lot = world.lot(producer, assay={"sampled_on": str(today()), "results": results})
    migrate(owned.engine, "0001")
    with database.read() as session:
        assert session.execute(text("SELECT count(*) FROM assay_results")).scalar_one() == len(results)
    migrate(owned.engine)
    read = producer.get(f"/lots/{lot['id']}")
    for document in (read, lot):  # derived values come back in any order: PostgreSQL keeps none in its JSON
        document["assay"]["results"].sort(key=lambda result: (result["derived"], result["parameter"]))
    assert read == lot
    assert sum(result["derived"] for result in read["assay"]["results"]) == 2


def test_months_and_years_of_origins_are_filled_from_the_flows(
    world: World, database: Database, owned: Database
) -> None:
    """What the migration adds up in SQL is what the ledger keeps as it posts."""
    year = today().year - 1
    deal = world.deal(1000)
    deal.opening(100, year - 1)
    deal.declare(
        f"{year}-03",
        90,
        self_utilised_t=25,
        self_utilised_from_prior_t=15,
        disposed_t=9,
        disposed_from_prior_t=2,
        discarded_t=1,
        entrusted_utilised_t=4,
    )
    load = deal.dispatch(30.5, f"{year}-03-04")
    deal.receive(load, f"{year}-03-05", net_t=30.45)
    deal.use(20, f"{year}-03-06")
    kept = [_all_rows(database, table) for table in ("ledger_origin_months", "ledger_origin_years")]
    assert [len(rows) for rows in kept] == [2, 1]
    migrate(owned.engine, "0010")
    migrate(owned.engine)
    assert [_all_rows(database, table) for table in ("ledger_origin_months", "ledger_origin_years")] == kept


def _all_rows(database: Database, table: str) -> Sequence[Row[Any]]:
    """Return all rows in the order of the key's three columns."""
    with database.read() as session:
        return session.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2, 3")).all()  # noqa: S608 - names of ours


def test_what_recurs_is_there_once_on_the_way_back(world: World, database: Database, owned: Database) -> None:
    """Two months of 40 t, of which one has 44 t shipped: the lot keeps 40 reserved and 44 shipped, and is withdrawn."""
    year = today().year - 1
    monthly = {"quantity_t": None, "recurring": {"per": "month", "quantity_t": 100}}
    deal = world.deal(1000).offer(0, **monthly)
    terms = monthly | {"recurring": {"per": "month", "quantity_t": 42}}
    deal = deal.agree(0, **terms, starts_on=f"{year}-03-01", ends_on=f"{year}-04-01")
    deal.dispatch(44, f"{year}-03-05")
    unused = deal.offer(0, **monthly)
    migrate(owned.engine, "0014")
    lots = "SELECT status, quantity_kg, reserved_kg, shipped_kg FROM lots ORDER BY id DESC LIMIT 2"
    agreements = "SELECT status, quantity_kg, shipped_kg FROM agreements ORDER BY id DESC LIMIT 1"
    with database.read() as session:
        assert [tuple(row) for row in session.execute(text(lots))] == [
            ("withdrawn", 100_000, 0, 0),
            ("withdrawn", 86_000, 42_000, 44_000),
        ]
        assert [tuple(row) for row in session.execute(text(agreements))] == [("accepted", 86_000, 44_000)]
    migrate(owned.engine)
    assert unused.producer.get(f"/lots/{unused.lot['id']}")["recurring"] is None
    deal.producer.post(f"/agreements/{deal.agreement['id']}/cancel", status=200)
    assert deal.producer.get(f"/lots/{deal.lot['id']}")["available_t"] == 42


def test_agreements_accepted_before_have_the_instant_of_their_proposal(world: World, owned: Database) -> None:
    deal = world.deal(1000)
    proposal = deal.offer(10).propose(5)
    migrate(owned.engine, "0013")
    migrate(owned.engine)
    accepted = deal.producer.get(f"/agreements/{deal.agreement['id']}")
    assert accepted["accepted_at"] == accepted["created_at"]
    assert deal.producer.get(f"/agreements/{proposal.agreement['id']}")["accepted_at"] is None
