"""Requests made up from the document, good and bad ones, sent to the application; what is answered must keep to it."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from fastapi import FastAPI
from schemathesis.auths import AuthContext
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.engine import events, from_schema

import tests.contract.checks  # noqa: F401 - registers our own checks
from tests.api.market import OPERATIONS, Market

#: Checks that are left out, and why; all others are on.
LEFT_OUT = {
    "positive_data_acceptance": "Rules of trade refuse much that is well formed: an unknown material, a stale version, "
    "tonnes that are not there. Our own check asks that no such refusal is about the shape of the request.",
    "object_level_authorization": "It needs a login of its own kind; tests/access goes through all rights.",
    "use_after_free": "It needs chains of requests, which we make up ourselves (tests/journeys, tests/exchange): those "
    "that schemathesis infers soon revoke the key or suspend the organisation that sends them.",
    "ensure_resource_availability": "The same.",
}
#: Any text is a text, whatever it was made from: the rows of a file are judged by its job.
_FILES_OF_ROWS = {
    f"{method} {path}"
    for method, path, operation in OPERATIONS.values()
    if "text/csv" in operation.get("requestBody", {}).get("content", {})
}
#: Of a refusal of bad data: a bad If-Match is a version that the object does not have, and 400 is the word of OAuth2.
_REFUSALS = ["400", "401", "403", "404", "405", "409", "412", "413", "414", "415", "422", "429", "431", "503"]
_MOST_SECONDS_A_REQUEST = 10
#: Of ids in paths, how many are those of the market; the rest is made up.
_REAL_IDS = 0.8
#: Each operation is attacked by itself: what others answered is none of its business.
_BY_ITSELF = {"operation-ordering": "none", "extra-data-sources": {"responses": False}}
_PHASES = {"examples": {}, "coverage": _BY_ITSELF, "fuzzing": _BY_ITSELF, "stateful": {}}


@dataclass(frozen=True)
class Plan:
    """Which phases to go through, and with how many random cases an operation; the seed tells which ones."""

    seed: int
    phases: Sequence[str]
    examples: int


@dataclass
class Report:
    """How much was sent by phase, and what was wrong: one text for each fault and operation."""

    sent: Counter[str] = field(default_factory=Counter)
    faults: dict[tuple[str, str], str] = field(default_factory=dict)


class Attack:
    """What schemathesis makes up for a market, each operation called by one who may."""

    def __init__(self, application: FastAPI, market: Market, plan: Plan) -> None:
        document = market.real(application.openapi())  # its examples name what the market has
        self._schema = schemathesis.openapi.from_dict(document, config=_config(market, plan))
        self._schema.app = application
        keys = {f"{method} {path}": market.who(operation).key for method, path, operation in OPERATIONS.values()}

        class Keys:
            """The caller of an operation; checks try it without a key and with a wrong one as well."""

            def get(self, _case: schemathesis.Case[Any], context: AuthContext) -> str | None:
                return keys.get(context.operation.label)

            def set(self, case: schemathesis.Case[Any], data: str, _context: AuthContext) -> None:
                case.headers["Authorization"] = f"Bearer {data}"

        self._schema.auth(refresh_interval=None)(Keys)

    def run(self, *operations: str) -> Report:
        """Attack some operations, on the database that is under the application now."""
        report = Report()
        for event in from_schema(self._schema.include(operation_id=list(operations))).execute():
            _note(event, report)
        return report


def _config(market: Market, plan: Plan) -> SchemathesisConfig:
    ids = _real_ids(market)
    checks: dict[str, Any] = {name: {"enabled": False} for name in LEFT_OUT}
    checks["negative_data_rejection"] = {"expected-statuses": _REFUSALS}
    checks["max_response_time"] = _MOST_SECONDS_A_REQUEST
    return SchemathesisConfig.from_dict(
        {
            "seed": plan.seed,
            "continue-on-failure": True,
            "dictionaries": {name: {"values": values} for name, values in ids.items()},
            "parameters": {f"path.{name}": {"dictionary": name, "probability": _REAL_IDS} for name in ids},
            "generation": {"max-examples": plan.examples, "database": "none", "no-shrink": True},
            "phases": {name: {"enabled": name in plan.phases, **options} for name, options in _PHASES.items()},
            "checks": checks,
        }
    )


def _real_ids(market: Market) -> dict[str, list[Any]]:
    """Return what the market has for each name in a path."""
    found: dict[str, set[Any]] = defaultdict(set)
    for name in OPERATIONS:
        for parameter, value in market.example(name).path.items():
            found[parameter].add(value)
    return {name: sorted(values, key=str) for name, values in found.items()}


def _note(event: events.EngineEvent, report: Report) -> None:
    if isinstance(event, events.ScenarioFinished):
        report.sent[event.phase.value] += len(event.recorder.interactions)
        for where, text in _faults(event):
            report.faults.setdefault(where, text)
    elif isinstance(event, events.NonFatalError):
        report.faults.setdefault((event.label, "error"), repr(event.value))
    elif isinstance(event, events.FatalError):
        raise event.exception
    elif isinstance(event, events.EngineFinished):
        for failure in event.failures or []:
            report.faults.setdefault((str(failure.operation), failure.title), failure.message)


def _faults(event: events.ScenarioFinished) -> Iterator[tuple[tuple[str, str], str]]:
    for case_id, nodes in event.recorder.checks.items():
        for node in nodes:
            if node.failure_info is None:
                continue
            failure = node.failure_info.failure
            if failure.operation in _FILES_OF_ROWS and isinstance(failure, AcceptedNegativeData):
                continue
            interaction = event.recorder.interactions.get(case_id)
            answered = interaction.response if interaction is not None else None
            lines = [f"{failure.operation}: {failure.title}", failure.message, node.failure_info.code_sample[:1500]]
            if answered is not None:
                lines.append(f"-> {answered.status_code} {answered.content[:1000]!r}")
            yield (str(failure.operation), failure.title), "\n".join(lines)
