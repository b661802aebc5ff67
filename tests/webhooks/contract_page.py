"""The lines of docs/webhooks.md for Node verify what is sent, and refuse what is not; run by `make contract`."""

import json
import subprocess

from app.core.database import new_id
from app.webhooks.signing import secret_of
from tests.webhooks.page import BODY, PEPPER, lines, signed

_CALL = """
const [secret, body, headers] = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
try { console.log(verify(secret, body, headers).type); } catch (error) { console.log(error.message); }
"""


def test_the_lines_of_node() -> None:
    secret, headers = signed(new_id())
    stale = headers | {"webhook-timestamp": str(int(headers["webhook-timestamp"]) - 301)}
    cases = [
        (secret, BODY, headers, "lot.opened"),
        (secret, BODY.replace("lot", "log"), headers, "not signed by us"),
        (secret_of(new_id(), 1, PEPPER), BODY, headers, "not signed by us"),
        (secret, BODY, stale, "too old or too new"),
    ]
    command = ["node", "-e", lines("js") + _CALL]
    for *given, expected in cases:
        said = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=True)  # noqa: S603 - our own page
        assert said.stdout.strip() == expected
