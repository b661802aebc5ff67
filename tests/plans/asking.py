"""Asks for plans over HTTP, and waits for their answers."""

import time
from collections.abc import Mapping
from typing import Any

from tests.factories import Body, Member

PATIENCE_SECONDS = 60
_NOTHING: Mapping[str, Any] = {}


def finish(member: Member, plan: Body) -> Body:
    """Return a plan once its job has ended."""
    return _wait(member, f"/plans/{plan['id']}")


def ask(member: Member, question: Mapping[str, Any] = _NOTHING) -> Body:
    """Return the finished plan of a question."""
    done = finish(member, member.post("/plans", dict(question), status=202))
    assert done["status"] == "done", done
    return done


def levers_of(member: Member, plan: Body) -> Body:
    """Return the levers of a plan once they are ranked."""
    return _wait(member, f"/plans/{plan['id']}/levers")


def _wait(member: Member, path: str) -> Body:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (read := member.get(path))["status"] in {"queued", "running", None}:
        assert time.monotonic() < deadline, read
        time.sleep(0.1)
    return dict(read)
