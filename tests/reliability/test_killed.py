"""kill -9 under a load of writes: what was acknowledged is there, once; ready again soon; the books are sound."""

import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.command import run_swx
from tests.databases import ENGINES, make_current
from tests.drills import IS_LONG, examples
from tests.postgres import APP, OWNER, PostgresServer, start_postgres
from tests.reliability import dying_server
from tests.reliability.gates import Crew
from tests.served import Served, serving

#: How often a server is killed, by its database.
KILLS = {"sqlite": examples(1, 50), "postgresql": examples(1, 20)}
DATABASE_KILLS = examples(1, 20)
COMMITS = examples(1, 20)
#: Beside other tests the clock says little: there the processor's time of the start is judged, which grows too.
READY_SECONDS = 5 if IS_LONG else 15
GATES = 4
DURABLE = ("-D", "data", "--listen_addresses=", "--max_connections=100", "--io_method=sync")


@contextmanager
def _durable(engine: str, folder: Path) -> Iterator[tuple[Served, PostgresServer | None]]:
    """Yield a server that does not run yet, on a fresh database that keeps what it has acknowledged."""
    if engine == "sqlite":
        served, postgres = Served(f"sqlite:///{folder / 'exchange.db'}", folder), None
        make_current(served.url)
        yield served, None
        return
    with start_postgres() as postgres:
        postgres.halt()
        postgres.restart(DURABLE)
        postgres.create_roles()
        postgres.create_database("exchange", owner=OWNER)
        served = Served(postgres.url("exchange", APP), folder)
        make_current(served.url)
        yield served, postgres


def _assert_sound(crew: Crew, served: Served, folder: Path) -> None:
    """Send again what is in doubt; then everything must be there once, and the ledger and the chain hold."""
    for gate in crew.gates:
        gate.send_doubtful_again()
        assert gate.doubtful == []
        assert len(gate.acknowledged) == gate.sent
    assert crew.find_faults() == []
    for command in ("verify-ledger", "verify-events"):
        result = run_swx(command, folder=folder, url=served.url)
        assert result.exit_code == 0, result.output


@pytest.mark.drill
@pytest.mark.parametrize("engine", ENGINES)
def test_the_server_is_killed(engine: str, tmp_path: Path) -> None:
    chance = random.Random(f"server {engine}")
    with _durable(engine, tmp_path) as (served, _), serving(served):
        crew = Crew(served, GATES)
        served.anew = True  # to load the program is a part of being ready again
        for _ in range(KILLS[engine]):
            crew.start()
            crew.wait_for(chance.randrange(1, 40))
            served.end(signal.SIGKILL)
            crew.stop()
            seconds = served.start()
            assert (seconds if IS_LONG else served.processor_seconds()) <= READY_SECONDS
            assert crew.find_faults() == []
        _assert_sound(crew, served, tmp_path)


@pytest.mark.drill
def test_the_database_is_killed(tmp_path: Path) -> None:
    chance = random.Random("database")
    with _durable("postgresql", tmp_path) as (served, postgres), serving(served):
        assert postgres is not None
        crew = Crew(served, GATES)
        for _ in range(DATABASE_KILLS):
            crew.start()
            crew.wait_for(chance.randrange(1, 40))
            postgres.halt(signal.SIGKILL)
            _start_again(postgres)
            crew.wait_for(1)  # by itself
            crew.stop()
            assert crew.find_faults() == []
        _assert_sound(crew, served, tmp_path)


def _start_again(postgres: PostgresServer) -> None:
    """Start PostgreSQL again; it refuses as long as one of its killed parent's processes is still ending."""
    for _ in range(20):
        try:
            postgres.restart()
        except RuntimeError:
            continue
        return
    raise AssertionError("PostgreSQL does not start again")


@pytest.mark.drill
@pytest.mark.parametrize("engine", ENGINES if IS_LONG else ["postgresql"])
def test_killed_between_commit_and_answer(engine: str, tmp_path: Path) -> None:
    with _durable(engine, tmp_path) as (served, _):
        order = tmp_path / "die"
        mortal = replace(served, program=dying_server.main, variables={"DIES_AT": str(order)})
        crew = None
        for _ in range(COMMITS):
            with serving(mortal), mortal.connect() as client:
                crew = crew or Crew(mortal, 1)
                gate = crew.gates[0]
                gate.served = mortal
                order.touch()
                assert not gate.send_next(client)
                order.unlink()
            assert crew.count_stored() == gate.sent, "it died before the commit: that shows nothing"
            with serving(served):
                gate.served = served
                gate.send_doubtful_again()
                assert (gate.doubtful, crew.find_faults()) == ([], [])
                assert len(gate.acknowledged) == crew.count_stored() == gate.sent
