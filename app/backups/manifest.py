"""What a backup says of itself: which program and schema it is of, and the totals that it must have when it is back."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Connection, column, func, inspect, select, table, text

#: Of the archive, not of the database.
FORMAT = 1
_OF_ALEMBIC = "alembic_version"


class Totals(BaseModel):
    """What is counted before and after: rows of every table, kilograms of the ledger by account, the last event."""

    model_config = ConfigDict(frozen=True)

    rows: dict[str, int]
    kg_by_account: dict[str, int]
    last_event: int


class Manifest(BaseModel):
    """What stands beside the database in an archive; `sha256` and `size` are of the database as it is unpacked."""

    model_config = ConfigDict(frozen=True)

    format: int
    engine: str
    revision: str
    created_at: datetime
    sha256: str
    size: int
    totals: Totals


def count_totals(connection: Connection) -> Totals:
    """Return the totals as one transaction sees them; by name, for a backup may be older than the program."""
    names = sorted(set(inspect(connection).get_table_names()) - {_OF_ALEMBIC})
    rows = {name: connection.scalar(select(func.count()).select_from(table(name))) or 0 for name in names}
    account: ColumnElement[str] = column("account")
    quantity: ColumnElement[int] = column("quantity_kg")
    sums = select(account, func.sum(quantity)).select_from(table("ledger_entries")).group_by(account)
    kilograms = {name: int(total) for name, total in connection.execute(sums)}
    last = connection.scalar(text("SELECT position FROM event_head"))
    return Totals(rows=rows, kg_by_account=dict(sorted(kilograms.items())), last_event=last or 0)


def read_revision(connection: Connection) -> str:
    """Return where the schema stands."""
    return str(connection.scalar(text(f"SELECT version_num FROM {_OF_ALEMBIC}")))  # noqa: S608 - a name of ours
