"""The three journeys of openapi/python/journeys.py, through a Python client generated from the document anew."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI

from app.cli.serving import address_of, listen, run_beside
from app.core.database import Database
from tests.factories import World

OPENAPI = Path(__file__).parents[2] / "openapi"
GENERATOR = Path(sys.executable).with_name("openapi-python-client")
PATIENCE_SECONDS = 120


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a client that was generated without a warning."""
    folder = tmp_path_factory.mktemp("client")
    document, config = OPENAPI / "openapi.json", OPENAPI / "python" / "config.yaml"
    command: list[str | Path] = [GENERATOR, "generate", "--path", document, "--config", config]
    command += ["--meta", "none", "--output-path", folder / "exchange_client", "--fail-on-warning"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def address(application: FastAPI, database: Database) -> Iterator[str]:
    """Return the address of a server on the loopback over the test's database."""
    application.state.database = database
    server = uvicorn.Server(uvicorn.Config(application, log_config=None, access_log=False, lifespan="off"))
    with listen("127.0.0.1", 0) as listener, run_beside(server, listener):
        yield address_of(listener)


def test_the_journeys_through_the_generated_client(generated: Path, address: str, world: World) -> None:
    environment = os.environ | {
        "PYTHONPATH": str(generated),
        "SWX_ADDRESS": address,
        "SWX_OPERATOR_KEY": world.operator().key,
        "SWX_AUTHORITY_KEY": world.government("50").key,
        "NO_PROXY": "127.0.0.1",
    }
    played = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, OPENAPI / "python" / "journeys.py"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert played.returncode == 0, played.stdout + played.stderr
    *trade, rate, refusal = played.stdout.splitlines()
    assert trade == [
        "offered: 12000.0 t of phosphogypsum at -15.5 CNY/t, open",
        "found: pass, 34.126 km, 6.68 CNY/t delivered",
        "received: received, 33.2 t of 33.22 t",
        "used: 30.0 t",
    ]
    assert rate.startswith("rate: ")  # another one for loads of New Year's Eve that are used in the new year
    assert refusal == "refused: 404 not_found: There is no such lot, or it is not yours to see."
