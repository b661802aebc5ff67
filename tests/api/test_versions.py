"""Objects that change carry their version as ETag, and nothing changes one that is not as the caller knew it."""

from typing import Any

import pytest

from tests.api.market import DOCUMENT, OPERATIONS, Market

_SCHEMAS = DOCUMENT["components"]["schemas"]


def _answers_with_version(operation: dict[str, Any]) -> bool:
    wanted = next(answer for status, answer in operation["responses"].items() if int(status) < 400)
    schema = wanted.get("content", {}).get("application/json", {}).get("schema", {})
    return "version" in _SCHEMAS.get(schema.get("$ref", "").rpartition("/")[2], {}).get("properties", {})


VERSIONED = {name for name, (_, _, operation) in OPERATIONS.items() if _answers_with_version(operation)}
CREATING = {name for name in VERSIONED if "201" in OPERATIONS[name][2]["responses"]}
CHANGING = {name for name in VERSIONED if OPERATIONS[name][0] != "GET"} - CREATING


@pytest.mark.parametrize("name", sorted(VERSIONED))
def test_every_answer_of_one_object_carries_its_version(name: str, market: Market) -> None:
    answer = market.send(name)
    assert answer.headers["etag"] == f'"{answer.json()["version"]}"'


@pytest.mark.parametrize("name", sorted(CHANGING))
def test_nothing_changes_what_is_not_as_the_caller_knew_it(name: str, market: Market) -> None:
    """A new route that changes an object, and does not look at If-Match, is red here."""
    assert "If-Match" in [parameter["name"] for parameter in OPERATIONS[name][2]["parameters"]]
    stale = market.send(name, headers={"If-Match": '"999"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version"), stale.text
    nonsense = market.send(name, headers={"If-Match": "yesterday"})
    assert nonsense.status_code == 412
    assert market.send(name, headers={"If-Match": "*"}).status_code == 200


def test_every_change_of_a_versioned_object_is_looked_at() -> None:
    assert {"patch_lot", "patch_site", "patch_demand", "accept_agreement", "post_receipt"} <= CHANGING
