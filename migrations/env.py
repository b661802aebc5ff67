"""How Alembic reaches the database: the settings' own, or the connection that the program hands over."""

from alembic import context
from sqlalchemy import JSON

from app.core.database import Database, UtcDateTime
from app.core.quantities import ScaledInteger
from app.core.row_security import EXCHANGE
from app.core.settings import Settings
from app.tables import metadata


def render_plain(kind, item, autogenerate):  # noqa: ANN001, ANN201 - Alembic's own signature
    """Write our column types as what they are in the database, so that migrations never import the program."""
    if kind == "type" and isinstance(item, ScaledInteger):
        return "sa.BigInteger()"
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, JSON):
        autogenerate.imports.add("from sqlalchemy.dialects import postgresql")
        plain = "sa.JSON()"
        return f'{plain}.with_variant(postgresql.JSONB(), "postgresql")' if item._variant_mapping else plain  # noqa: SLF001
    return False


def migrate_on(connection) -> None:  # noqa: ANN001 - Alembic calls this with its own connection
    """Run the migrations on an open connection: in its transaction, or each in one of its own."""
    context.configure(
        connection=connection,
        transaction_per_migration=True,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        render_item=render_plain,
    )
    with context.begin_transaction():
        context.run_migrations()


handed_over = context.config.attributes.get("connection")
if context.is_offline_mode():
    context.configure(dialect_name="postgresql", target_metadata=metadata, transaction_per_migration=True)
    context.run_migrations()
elif handed_over is not None:
    migrate_on(handed_over)
else:
    database = Database(Settings().url)
    with database.engine.execution_options(swx_caller=EXCHANGE).begin() as connection:
        migrate_on(connection)
    database.dispose()
