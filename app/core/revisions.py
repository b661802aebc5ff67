"""The database's schema: where it stands, where it should stand, and the way there (Alembic)."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

_FOLDER = Path(__file__).resolve().parents[2] / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("path_separator", "os")
    return config


def current_revision(engine: Engine) -> str | None:
    """Return the revision of the database; None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str | None:
    """Return the revision that this program needs."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def is_at_head(engine: Engine) -> bool:
    """Tell whether the database is at the revision that this program needs."""
    return current_revision(engine) == head_revision()


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the database to `revision`, up or down ("base" undoes all), in one transaction."""
    config = _config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        current = MigrationContext.configure(connection).get_current_revision()
        if revision == "base" or revision in _before(current):
            command.downgrade(config, revision)
        else:
            command.upgrade(config, revision)


def _before(revision: str | None) -> set[str]:
    """Return the revisions that lead to one."""
    if revision is None:
        return set()
    scripts = ScriptDirectory.from_config(_config()).iterate_revisions(revision, "base")
    return {script.revision for script in scripts} - {revision}
