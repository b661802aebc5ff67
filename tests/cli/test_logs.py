"""Log lines of failures say where, and nothing of what was in hand there."""

import subprocess
import sys

import pytest

_FAILING = """
import structlog
from app.cli.logs import LogFormat, set_up_logs

def serve(body):
    raise RuntimeError("out of order", body)

set_up_logs(LogFormat({form!r}))
try:
    serve({{"api_key": "swx_" + "secret"}})
except RuntimeError:
    structlog.get_logger().exception("request_failed")
"""


@pytest.mark.parametrize("form", ["plain", "json"])
def test_a_traceback_shows_no_values(form: str) -> None:
    said = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", _FAILING.format(form=form)], check=True, capture_output=True, text=True
    ).stderr
    assert "request_failed" in said
    assert "RuntimeError" in said
    assert ":6 serve" in said
    assert "out of order" not in said  # a message holds what it complains of
    assert "swx_secret" not in said
