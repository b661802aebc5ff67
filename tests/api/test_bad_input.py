"""Bad input: every operation that takes a body answers all its faults at once, with pointers, and stores nothing."""

from sqlalchemy import func, select

from app.core.database import Database
from app.tables import metadata
from tests.api.market import OPERATIONS, Market

_WITH_BODY = sorted(
    name
    for name, (_, _, operation) in OPERATIONS.items()
    if "application/json" in operation.get("requestBody", {}).get("content", {})
)
_NO_OBJECTS = (b"{", b"[]", b"null", b'"text"', b'{"a": NaN}', b"\xff\xfe", b"[" * 5000, b"")
#: What leaves out a body that may be left out.
_NO_BODY = (b"null", b"")


#: Also a request that is refused counts for its caller's limit.
_COUNTS_REQUESTS = "rate_buckets"


def _rows(database: Database) -> dict[str, int]:
    with database.read() as session:
        counted = {name: select(func.count()).select_from(table) for name, table in metadata.tables.items()}
        del counted[_COUNTS_REQUESTS]
        return {name: session.scalar(count) or 0 for name, count in counted.items()}


def test_all_faults_of_a_body_at_once(market: Market, stored: Database) -> None:
    before = _rows(stored)
    for name in _WITH_BODY:
        wrong = {field: {"not": ["what", "was", "asked"]} for field in market.example(name).body or {}}
        answer = market.send(name, body=wrong | {"surprise": 1})
        assert answer.status_code == 422, (name, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        faults = answer.json()["errors"]
        found = {fault["pointer"].split("/")[1] for fault in faults}
        assert found >= wrong.keys() | {"surprise"}, (name, faults)
        assert all(fault["code"] and fault["detail"] for fault in faults)
    assert _rows(stored) == before


def test_a_body_that_is_no_json_object(market: Market, stored: Database) -> None:
    before = _rows(stored)
    for name in _WITH_BODY:
        is_needed = OPERATIONS[name][2]["requestBody"].get("required", False)
        for content in _NO_OBJECTS:
            if content in _NO_BODY and not is_needed:
                continue
            answer = market.send(name, content=content)
            assert answer.status_code == 422, (name, content[:20], answer.text)
            assert answer.json()["errors"]
    assert _rows(stored) == before


def test_an_unknown_query_parameter_is_refused(market: Market) -> None:
    for name, (_, path, _) in OPERATIONS.items():
        if path.startswith("/v1"):
            answer = market.send(name, query={**market.example(name).query, "surprise": "1"})
            assert answer.status_code == 422, (name, answer.text)
            assert [fault["pointer"] for fault in answer.json()["errors"]] == ["surprise"]


def test_a_path_or_method_that_is_not_there(market: Market) -> None:
    missing = market.caller.request("GET", "/nothing")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    wrong = market.caller.request("DELETE", "/me")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert wrong.headers["allow"] == "GET"
    for path, methods in (("/lots", "GET, POST"), ("/lots/import", "POST"), (f"/sites/{market.site}", "GET, PATCH")):
        assert market.caller.request("PUT", path).headers["allow"] == methods


def test_a_body_that_is_too_large(market: Market) -> None:
    answer = market.send("post_lot", content=b"x" * 3_000_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert answer.headers["x-request-id"]
