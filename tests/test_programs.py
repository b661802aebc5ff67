"""Processes of `swx` that tests start: what is forked has all that a new process would have of its own."""

import signal
import sys
from pathlib import Path

import pytest

from app.core.database import new_id
from tests.programs import Swx


@pytest.mark.parametrize("anew", [False, True])
def test_it_speaks_and_ends_as_a_command_does(*, anew: bool, tmp_path: Path) -> None:
    with Swx("verify-ledger", folder=tmp_path, url="sqlite:///nowhere/at-all.db", anew=anew) as refused:
        assert refused.wait() == 1
    assert refused.messages == "There is no database at nowhere/at-all.db; make one with: swx migrate\n"
    with Swx("serve", "--port", 0, folder=tmp_path, anew=anew) as killed:
        assert killed.poll() is None
        assert killed.end(signal.SIGKILL) == -signal.SIGKILL


def print_an_id() -> None:
    sys.stdout.write(f"{new_id()}\n")


def test_forks_draw_different_ids(tmp_path: Path) -> None:
    forks = [Swx(folder=tmp_path, program=print_an_id, anew=False) for _ in range(2)]
    assert [fork.wait() for fork in forks] == [0, 0]
    random_parts = {fork.messages.strip().rpartition("-")[2] for fork in forks}
    assert len(random_parts) == 2, [fork.messages for fork in forks]
