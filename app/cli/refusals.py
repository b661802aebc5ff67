"""What the command line says instead of a traceback when something expected is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError
from rich.console import Console
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError, SQLAlchemyError
from typer.core import TyperGroup

from app.catalogue.documents import CatalogueError
from app.core.errors import ExchangeError
from app.core.secrets import UnsafeSecret

#: What is not the answer of a command goes to standard error, so that the answer can be piped.
notes = Console(stderr=True, highlight=False, soft_wrap=True)


class Refusal(Exception):
    """A command cannot be done; the message says why and what to do."""


_EXPECTED = (
    Refusal,
    UnsafeSecret,
    ExchangeError,
    ValidationError,
    SettingsError,
    SQLAlchemyError,
    CatalogueError,
    OSError,
)


class RefusingGroup(TyperGroup):
    """Commands whose expected failures end in a sentence and exit code 1."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer's class of contexts is private
        """Run the command."""
        with refuse_in_words():
            return super().invoke(ctx)


@contextmanager
def refuse_in_words() -> Iterator[None]:
    """Turn expected failures into a sentence on standard error and exit code 1."""
    try:
        yield
    except BrokenPipeError:  # `| head` has read enough; typer ends without a word
        raise
    except _EXPECTED as error:
        sentence = _explain(error)
        if sentence is None:
            raise
        notes.print(sentence.strip(), style="red", markup=False)
        raise typer.Exit(1) from None


def _explain(error: Exception) -> str | None:
    """Return what to say of an error; None for one that is a fault of ours and needs its traceback."""
    match error:
        case ExchangeError():
            return error.detail
        case ValidationError(title="Settings"):
            return _faults(error)
        case ArgumentError() | NoSuchModuleError():
            return f"SWX_DATABASE_URL is not a database address: {error}"
        case OperationalError():
            return f"The database does not answer: {error.orig}"
        case ValidationError() | SQLAlchemyError():
            return None
    return str(error)


def _faults(error: ValidationError) -> str:
    """Name the settings that are wrong."""
    lines = [f"SWX_{'_'.join(map(str, fault['loc'])).upper()}: {fault['msg']}" for fault in error.errors()]
    return "The settings are wrong:\n" + "\n".join(lines)
