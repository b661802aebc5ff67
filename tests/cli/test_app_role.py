"""`swx migrate --app-role`: a role that owns nothing is let in, now and for tables yet to come."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.core.database import Database
from tests.cli.command import run_swx
from tests.databases import Templates, as_owner
from tests.postgres import APP, OWNER


@pytest.fixture
def blank_url(engine: str, templates: Templates) -> Iterator[str]:
    """Return the URL of a database with nothing in it, its owner's."""
    with templates.blank(engine) as url:
        yield url


@pytest.mark.parametrize("engine", ["postgresql"])
def test_it_is_let_in_and_owns_nothing(blank_url: str, tmp_path: Path) -> None:
    assert run_swx("migrate", folder=tmp_path, url=blank_url).exit_code == 0
    app = Database(blank_url.replace(OWNER, APP))
    with app.write() as session, pytest.raises(ProgrammingError, match="permission denied"):
        session.execute(text("SELECT 1 FROM lots"))
    for _ in range(2):  # saying it again changes nothing
        told = run_swx("migrate", "--app-role", APP, folder=tmp_path, url=blank_url)
        assert (told.exit_code, f"{APP} may serve and work" in told.stderr) == (0, True), told.output
    with as_owner(app) as session:
        session.execute(text("CREATE TABLE later (n int)"))
    with app.write() as session:
        session.execute(text("INSERT INTO later VALUES (1)"))
        assert session.execute(text("SELECT count(*) FROM lots")).scalar_one() == 0
        session.commit()
        for forbidden in ("TRUNCATE lots", "ALTER TABLE lots DISABLE ROW LEVEL SECURITY", "DROP POLICY own ON jobs"):
            with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
                session.execute(text(forbidden))
            session.rollback()
    app.dispose()


def test_a_role_that_is_not_there_is_said_to_be_missing(engine: str, blank_url: str, tmp_path: Path) -> None:
    told = run_swx("migrate", "--app-role", 'no "such" role', folder=tmp_path, url=blank_url)
    assert told.exit_code == 1
    assert ("does not exist" if engine == "postgresql" else "A file has no roles") in told.stderr
