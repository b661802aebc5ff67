"""A server outside development refuses to start with a secret that others know or can guess, however it is started."""

import secrets
from pathlib import Path

import pytest

from app.core.secrets import UnsafeSecret, derive_key
from app.core.settings import DEVELOPMENT_SECRET, Environment, Settings
from app.main import create_app
from tests.cli.command import run_swx

WEAK = [None, DEVELOPMENT_SECRET, "", " " * 40, "a" * 31]
STARTS = [
    ("serve", "--port", "0"),
    ("worker",),
    ("keys", "issue", "--role", "operator", "--name", "office"),
]


@pytest.mark.parametrize("secret", WEAK)
def test_the_application_itself_refuses(secret: str | None, tmp_path: Path) -> None:
    """As an application server would start it, without the command line."""
    own = {} if secret is None else {"secret": secret}
    settings = Settings.model_validate({"environment": "production", "data_dir": tmp_path, **own})
    with pytest.raises(UnsafeSecret, match="SWX_SECRET"):
        create_app(settings)


@pytest.mark.parametrize("secret", WEAK)
@pytest.mark.parametrize("arguments", STARTS, ids=lambda arguments: arguments[0])
def test_commands_refuse(arguments: tuple[str, ...], secret: str | None, tmp_path: Path) -> None:
    own = {} if secret is None else {"SWX_SECRET": secret}
    result = run_swx(*arguments, folder=tmp_path, SWX_ENVIRONMENT="production", **own)
    assert result.exit_code == 1
    assert "openssl rand" in result.stderr
    assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_secret_of_ones_own_serves() -> None:
    settings = Settings.model_validate(
        {
            "environment": Environment.PRODUCTION,
            "database_url": "postgresql+psycopg://",
            "secret": secrets.token_urlsafe(32),
        }
    )
    assert create_app(settings).state.settings is settings


def test_each_purpose_has_a_key_of_its_own() -> None:
    made = {derive_key(b"s" * 32, "a"), derive_key(b"s" * 32, "b"), derive_key(b"t" * 32, "a")}
    assert len(made) == 3
    assert all(len(key) == 32 for key in made)
