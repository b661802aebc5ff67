"""Migrations: from nothing to head and back with data in between, on both engines; models and migrations agree."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from app.core.database import Database
from app.core.revisions import current_revision, head_revision, is_at_head, migrate
from app.tables import metadata
from tests.factories import World


def test_models_and_migrations_agree(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_to_base_and_to_head_again_with_data(world: World, database: Database) -> None:
    world.site(world.producer())
    assert is_at_head(database.engine)
    migrate(database.engine, "base")
    assert current_revision(database.engine) is None
    left = set(inspect(database.engine).get_table_names()) - {"alembic_version"}
    assert left == set()
    migrate(database.engine)
    assert current_revision(database.engine) == head_revision()
    with database.read() as session:
        assert session.execute(text("SELECT count(*) FROM sites")).scalar_one() == 0
