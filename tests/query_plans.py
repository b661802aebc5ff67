"""How a database means to run a statement."""

from typing import Any

from sqlalchemy import Select, text
from sqlalchemy.orm import Session


def explain(session: Session, statement: Select[*tuple[Any, ...]]) -> str:
    """Return the plan of a statement, its parameters put in."""
    bind = session.get_bind()
    written = statement.compile(dialect=bind.dialect, compile_kwargs={"literal_binds": True})
    if bind.dialect.name == "postgresql":
        return "\n".join(session.scalars(text(f"EXPLAIN {written}".replace(":", r"\:"))))
    return "\n".join(row.detail for row in session.execute(text(f"EXPLAIN QUERY PLAN {written}")))
