"""The lines of docs/webhooks.md that receivers copy verify what is sent, and refuse what is not."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from uuid import UUID

import pytest

from app.core.clock import now
from app.core.database import new_id
from app.webhooks.signing import secret_of, sign_headers

PAGE = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"
_BODY = '{"type":"lot.opened","data":{"name":"磷石膏"}}'
_CALL = """
const [secret, body, headers] = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
try { console.log(verify(secret, body, headers).type); } catch (error) { console.log(error.message); }
"""


def _lines(language: str) -> str:
    (block,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return str(block)


def _signed(webhook_id: UUID) -> tuple[str, dict[str, str]]:
    """Return the secret of before, and headers with two signatures."""
    secrets = [secret_of(webhook_id, generation, b"pepper") for generation in (2, 1)]
    return secrets[1], sign_headers(new_id(), _BODY.encode(), secrets, now())


def test_the_lines_of_python() -> None:
    secret, headers = _signed(new_id())

    class Request:
        """As frameworks have it."""

    request = Request()
    request.headers = headers  # type: ignore[attr-defined]  # what the lines read
    names = {"secret": secret, "body": _BODY.encode(), "request": request}
    exec(_lines("python"), names)  # noqa: S102 - our own page
    assert names["message"] == json.loads(_BODY)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
def test_the_lines_of_node() -> None:
    secret, headers = _signed(new_id())
    stale = headers | {"webhook-timestamp": str(int(headers["webhook-timestamp"]) - 301)}
    cases = [
        (secret, _BODY, headers, "lot.opened"),
        (secret, _BODY.replace("lot", "log"), headers, "not signed by us"),
        (secret_of(new_id(), 1, b"pepper"), _BODY, headers, "not signed by us"),
        (secret, _BODY, stale, "too old or too new"),
    ]
    for *given, expected in cases:
        node = shutil.which("node") or "node"
        said = subprocess.run(  # noqa: S603 - our own page
            [node, "-e", _lines("js") + _CALL], input=json.dumps(given), capture_output=True, text=True, check=True
        )
        assert said.stdout.strip() == expected
