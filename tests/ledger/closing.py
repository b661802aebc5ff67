"""Closing months over HTTP, and what is published of them."""

import re
from typing import Any

from app.core.database import Database
from app.ledger.verification import find_differences
from tests.factories import Body, Deal, Member, World

#: Every way to ask that shows other figures.
QUESTIONS: list[dict[str, str]] = [
    {"group_by": "month,material,site"},
    {"group_by": "month,district,organisation", "basis": "verified"},
    {"group_by": "month,place,use"},
    {"group_by": "month,site,use", "place": "utilised"},
    {},
]
_READ_AT = re.compile(r'"as_of":"[^"]*"')


def close(world: World, month: str, status: int = 200) -> Body:
    """Close a month as the operator."""
    answer: Body = world.operator().post(f"/ledger/periods/{month}/close", status=status)
    return answer


def published(authority: Member, first: str, last: str) -> list[str]:
    """Return the answers of the statistics about some months, as text, but for the time of reading."""
    texts = []
    for question in QUESTIONS:
        answer = authority.request("GET", "/statistics/utilisation", params={"from": first, "to": last, **question})
        assert answer.status_code == 200, answer.text
        texts.append(_READ_AT.sub("", answer.text))
    return texts


def rows_by_month(member: Member, first: str, last: str) -> dict[str, Body]:
    """Return the rows of the statistics by month, each shown to satisfy the identity and to continue the stock."""
    answer = member.get("/statistics/utilisation", **{"from": first, "to": last, "group_by": "month"})
    for row in [*answer["items"], answer["total"]]:
        fresh_use = row["utilised_t"] - row["utilised_from_prior_t"]
        fresh_disposal = row["disposed_t"] - row["disposed_from_prior_t"]
        accounted = fresh_use + row["stored_t"] + fresh_disposal + row["discarded_t"]
        assert round(row["generated_t"] - accounted, 3) == 0, row
        left = row["stored_t"] - row["utilised_from_prior_t"] - row["disposed_from_prior_t"]
        closing = row["opening_t"] + row["prior_stock_adjustment_t"] + left
        assert round(row["closing_t"] - closing, 3) == 0, row
    return {row["month"]: row for row in answer["items"]}


def newest_entries(deal: Deal, source_type: str) -> list[Body]:
    """Return what the newest transaction of a kind of source put on the accounts, as the producer sees it."""
    entries = deal.producer.get("/ledger/entries", limit=100)["items"]
    found = next(row["transaction_id"] for row in entries if row["source_type"] == source_type)
    return [row for row in entries if row["transaction_id"] == found]


def assert_sound(database: Database) -> None:
    """Assert that the ledger's own check finds nothing."""
    with database.snapshot() as session:
        assert list(find_differences(session)) == []


def shown(row: Body, *names: str) -> list[Any]:
    """Return some figures of a row."""
    return [row[name] for name in names]
