"""Runs commands of `swx` in this process, on a database of the test's."""

from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from app.cli import app


def run_swx(*arguments: object, folder: Path, url: str | None = None, **variables: str) -> Any:  # noqa: ANN401 - typer's result
    """Return exit code and output of a command; `folder` is SWX_DATA_DIR, `url` SWX_DATABASE_URL."""
    environment: dict[str, str | None] = {"SWX_DATA_DIR": str(folder), "SWX_DATABASE_URL": url, **variables}
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env=environment)
