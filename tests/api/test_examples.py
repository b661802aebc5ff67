"""Every operation's example, as the API documents show it, is sent to a small market and must succeed."""

import pytest
from fastapi import FastAPI

from app.api.examples import EXAMPLES
from tests.api.market import DOCUMENT, OPERATIONS, Market


def test_every_operation_has_an_example_a_summary_and_problems() -> None:
    assert set(EXAMPLES) == set(OPERATIONS)
    for name, (_, path, operation) in OPERATIONS.items():
        assert operation["summary"], name
        assert operation["description"], name
        problems = {status for status in operation["responses"] if int(status) >= 400}
        assert problems >= ({"422", "503"} if path.startswith("/v1") else {"503"}), name


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_the_example_works(name: str, market: Market) -> None:
    wanted = next(int(status) for status in OPERATIONS[name][2]["responses"] if int(status) < 400)
    answer = market.send(name)
    assert answer.status_code == wanted, answer.text


def test_the_document_is_the_one_on_file(application: FastAPI) -> None:
    assert application.openapi() == DOCUMENT, "the code and openapi/openapi.json differ: run `make openapi`"
