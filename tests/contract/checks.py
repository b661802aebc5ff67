"""What we ask of every answer beside what schemathesis asks: promised shapes, ids, and that all is reached."""

from http import HTTPStatus
from typing import Any, get_args

import schemathesis
from pydantic_core.core_schema import ErrorType
from schemathesis import Case, CheckContext, Response

#: Codes of faults that no schema rules out: a field that another one asks for, bounds and digits of a decimal that is
#: sent as text, rules of our own.
_BEYOND_SCHEMAS = {"missing", "value_error", "assertion_error"}
_BEYOND_SCHEMAS |= {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}
_BEYOND_SCHEMAS |= {"decimal_max_digits", "decimal_max_places", "decimal_whole_digits"}
#: Codes of faults in the shape of a request, as pydantic gives them.
_SHAPES = set(get_args(ErrorType)) - _BEYOND_SCHEMAS


@schemathesis.check
def well_formed_is_well_formed(_context: CheckContext, response: Response, case: Case[Any]) -> None:
    """Fail where a request that the document calls well formed is refused for its shape."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY:
        codes = {fault["code"] for fault in response.json()["errors"]}
        assert not codes & _SHAPES, f"refused for its shape: {response.json()['detail']}"


@schemathesis.check
def answers_carry_a_request_id(_context: CheckContext, response: Response, _case: Case[Any]) -> None:
    """Fail without the id that logs know, and without the code of a refusal that programs know."""
    assert response.headers.get("x-request-id"), "no X-Request-Id"
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        assert response.json()["code"], "no code"


@schemathesis.check
class EveryOperationIsReached:
    """An attack that only sees refusals shows nothing: each operation must have answered with success once."""

    def __init__(self) -> None:
        self.reached: set[str] = set()
        self.tried: set[str] = set()

    def after_response(self, _context: CheckContext, response: Response, case: Case[Any]) -> None:
        """Note what was answered."""
        self.tried.add(case.operation.label)
        if response.status_code < HTTPStatus.BAD_REQUEST:
            self.reached.add(case.operation.label)

    def after_run(self, _context: CheckContext) -> None:
        """Fail for what was never reached."""
        missed = sorted(self.tried - self.reached)
        assert not missed, f"never answered with success: {', '.join(missed)}"
