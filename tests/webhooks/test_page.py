"""The lines of docs/webhooks.md that receivers copy verify what is sent; those of Node: `contract_page.py`."""

import json

from app.core.database import new_id
from tests.webhooks.page import BODY, lines, signed


def test_the_lines_of_python() -> None:
    secret, headers = signed(new_id())

    class Request:
        """As frameworks have it."""

    request = Request()
    request.headers = headers  # type: ignore[attr-defined]  # what the lines read
    names = {"secret": secret, "body": BODY.encode(), "request": request}
    exec(lines("python"), names)  # noqa: S102 - our own page
    assert names["message"] == json.loads(BODY)
