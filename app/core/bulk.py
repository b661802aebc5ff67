"""Many rows into one table at once: COPY on PostgreSQL, one prepared statement on SQLite."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Json, Jsonb
from sqlalchemy import ColumnElement, Connection, Dialect, Table, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, class_mapper

from app.core.database import Base, write_json_text

_TEXTS: Mapping[type | None, Callable[[Any], str]] = {
    UUID: lambda value: str(value.hex),
    date: date.isoformat,
    datetime: datetime.isoformat,
    Json: lambda value: write_json_text(value.obj),
    Jsonb: lambda value: write_json_text(value.obj),
}


def insert_rows(session: Session, entity: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Store rows of an entity; a row maps each of its attributes to a value, other keys are passed over.

    Column defaults are not applied. Nothing is known of the rows in the session afterwards.
    """
    if not rows:
        return
    mapper = class_mapper(entity)
    columns = {attribute.key: attribute.columns[0] for attribute in mapper.column_attrs}
    connection = session.connection()
    dialect = connection.dialect
    # Column by column: a call less for each value, of which an import has a hundred thousand a second.
    converted = [_convert(column, [row[key] for row in rows], dialect) for key, column in columns.items()]
    table = mapper.local_table
    assert isinstance(table, Table)  # noqa: S101 - no entity of ours is mapped to anything else
    names = [column.name for column in columns.values()]
    if dialect.name == "postgresql":
        _copy_in(connection, table.name, names, map(_as_text, converted))
        return
    compiled = insert(table).values(dict.fromkeys(names)).compile(dialect=dialect)
    connection.exec_driver_sql(str(compiled), list(zip(*converted, strict=True)))


def _copy_in(connection: Connection, table: str, names: Sequence[str], columns: Iterable[list[Any]]) -> None:
    """Store rows by COPY; the driver's errors become SQLAlchemy's, as those of any other statement."""
    listed = sql.SQL(", ").join(map(sql.Identifier, names))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), listed)
    raw: Any = connection.connection.driver_connection
    try:
        with raw.cursor() as cursor, cursor.copy(statement) as copy:
            for row in zip(*columns, strict=True):
                copy.write_row(row)
    except psycopg.Error as error:
        raise DBAPIError.instance(f"COPY {table}", None, error, psycopg.Error, dialect=connection.dialect) from error


def _convert(column: ColumnElement[Any], values: list[Any], dialect: Dialect) -> list[Any]:
    """Return values as the driver takes them."""
    convert = column.type.dialect_impl(dialect).bind_processor(dialect)
    return values if convert is None else _map_once(convert, values)


def _as_text(values: list[Any]) -> list[Any]:
    """Return the values of a column as COPY writes them, where the driver would take far longer to do so."""
    kind = next((type(value) for value in values if value is not None), None)
    write = _TEXTS.get(kind)
    return values if write is None else _map_once(lambda value: None if value is None else write(value), values)


def _map_once(convert: Callable[[Any], Any], values: list[Any]) -> list[Any]:
    """Return what becomes of each value; one that follows itself, as what all rows share does, is converted once."""
    converted: list[Any] = []
    last: Any = _map_once  # no value of a row
    result: Any = None
    for value in values:
        if value is not last:
            last, result = value, convert(value)
        converted.append(result)
    return converted
