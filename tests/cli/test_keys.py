"""`swx keys issue`: the key alone on one line, good for the API at once."""

import secrets
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.cli.command import run_swx


def test_the_key_stands_alone_and_works(database_url: str, client: TestClient, tmp_path: Path) -> None:
    arguments = ("keys", "issue", "--role", "government", "--name", "重庆市生态环境局", "--jurisdiction", "50")
    result = run_swx(*arguments, folder=tmp_path, url=database_url)
    assert result.exit_code == 0, result.output
    key = result.stdout.removesuffix("\n")
    assert key.startswith("swx_")
    assert not any(character.isspace() for character in key)
    me = client.get("/v1/me", headers={"Authorization": f"Bearer {key}"}).json()
    assert me["roles"] == ["government"]
    assert (me["organisation"]["name"], me["organisation"]["jurisdiction"]) == ("重庆市生态环境局", "50")
    assert me["organisation"]["status"] == "active"


@pytest.mark.parametrize("jurisdiction", ["5001", "500102", "50-liangjiang"])
def test_digits_and_district_keys_are_jurisdictions(jurisdiction: str, tmp_path: Path) -> None:
    arguments = ("keys", "issue", "--role", "government", "--name", "x", "--jurisdiction", jurisdiction)
    assert run_swx(*arguments, folder=tmp_path).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--role", "government", "--name", "x", "--jurisdiction", "500"), "2, 4 or 6 digits"),
        (("--role", "government", "--name", "x", "--jurisdiction", "50-liangjang"), "50-liangjiang"),
        (("--role", "operator", "--name", "x", "--jurisdiction", "50"), "Only an authority"),
        (("--role", "operator", "--name", " "), "1 to 200 characters"),
    ],
)
def test_refusals_say_what_to_give(arguments: tuple[str, ...], sentence: str, tmp_path: Path) -> None:
    result = run_swx("keys", "issue", *arguments, folder=tmp_path)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert sentence in result.stderr


def test_producers_apply_over_the_api(tmp_path: Path) -> None:
    result = run_swx("keys", "issue", "--role", "producer", "--name", "x", folder=tmp_path)
    assert result.exit_code == 2
    assert "government" in result.stderr


def test_production_refuses_the_secret_that_everyone_knows(tmp_path: Path) -> None:
    arguments = ("keys", "issue", "--role", "operator", "--name", "x")
    result = run_swx(*arguments, folder=tmp_path, SWX_ENVIRONMENT="production")
    assert result.exit_code == 1
    assert "SWX_SECRET" in result.stderr
    own = secrets.token_urlsafe(32)
    assert run_swx(*arguments, folder=tmp_path, SWX_ENVIRONMENT="production", SWX_SECRET=own).exit_code == 0
