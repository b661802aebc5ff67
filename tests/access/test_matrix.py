"""The matrix of rights: every operation, sent as everyone who might try it. Nothing leaks, nothing moves."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from app.auth.actor import Role, Scope
from app.core.database import Database, new_id
from app.tables import metadata
from tests.access.cast import Cast
from tests.access.expectations import ROWS, UNMARKED, Answer, Public
from tests.api.market import OPERATIONS
from tests.factories import Member

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
#: Status, and the code where the status can have several.
_REFUSALS: Mapping[Answer, tuple[int, str | None]] = {
    Answer.HIDDEN: (404, "not_found"),
    Answer.FAULT: (422, None),
    Answer.OUTSIDE: (403, "outside_jurisdiction"),
    Answer.EXCESS: (403, "scope_exceeded"),
}
_GUARDED = {name: row for name, row in ROWS.items() if row.who is not Public.ANYBODY}
_OF_ROLES = {name: (row, row.who) for name, row in ROWS.items() if isinstance(row.who, frozenset)}


def send(
    cast: Cast, name: str, key: str | None, ids: Mapping[str, str] | None = None, acting_for: str | None = None
) -> Any:  # noqa: ANN401 - a response
    """Send an operation's example with a key, or none; `ids` take the place of ids in its path."""
    method, template, _ = OPERATIONS[name]
    example = cast.market.example(name)
    path = template.format(**{part: (ids or {}).get(str(value), value) for part, value in example.path.items()})
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    if acting_for is not None:
        headers["Acting-For"] = acting_for
    body: dict[str, Any] = {"json": example.body}
    if example.text is not None:
        body, headers["Content-Type"] = {"content": example.text.encode()}, example.media_type
    return cast.market.caller.client.request(method, path, params=example.query, headers=headers, **body)


def owner(cast: Cast, name: str) -> Member:
    """Return the member whose objects the example of an operation names."""
    return cast.market.who(OPERATIONS[name][2])


def digest(database: Database) -> dict[str, str]:
    """Return what each table holds, for comparison."""
    with database.read() as session:
        return {
            name: hashlib.sha256(repr(sorted(map(repr, session.execute(select(table)).all()))).encode()).hexdigest()
            for name, table in metadata.tables.items()
        }


def leaks(cast: Cast, answer: Any) -> list[str]:  # noqa: ANN401 - a response
    """Return the private marks in an answer, its headers included."""
    text = answer.content.decode("utf-8", errors="replace") + str(dict(answer.headers))
    return sorted(mark for mark in cast.marks if mark in text)


@dataclass
class Faults:
    """What went wrong, all of it at once."""

    found: list[str]

    def check(self, name: str, answer: Any, status: int, code: str | None = None) -> None:  # noqa: ANN401 - a response
        """Note an answer that is not the one expected."""
        said = answer.json().get("code") if answer.status_code >= 400 else None
        if answer.status_code != status or (code is not None and said != code):
            self.found.append(
                f"{name}: {answer.status_code} {said} instead of {status} {code or ''}: {answer.text[:200]}"
            )


@pytest.fixture
def faults(stored: Database) -> Iterator[Faults]:
    """Return where faults are noted; afterwards there are none, and nothing in the database has moved."""
    before = digest(stored)
    noted = Faults([])
    yield noted
    after = digest(stored)
    noted.found += [f"the table {table} has changed" for table in before if before[table] != after[table]]
    assert not noted.found, "\n".join(noted.found)


def test_every_operation_has_a_row() -> None:
    missing, gone = sorted(OPERATIONS.keys() - ROWS.keys()), sorted(ROWS.keys() - OPERATIONS.keys())
    assert not missing, (
        f"Who may call {', '.join(missing)}, and how is a stranger answered? Say so in tests/access/expectations.py: "
        f'"{missing[0]}": Row(who, scope, stranger)'
    )
    assert not gone, f"There is no {', '.join(gone)} any more: take the row out of tests/access/expectations.py"


def test_the_document_names_the_same_roles_and_scopes() -> None:
    for name, row in ROWS.items():
        _, _, operation = OPERATIONS[name]
        assert bool(operation["security"]) == (row.who is not Public.ANYBODY), name
        if isinstance(row.who, frozenset):
            assert operation["x-roles"] == (["any"] if row.who == set(Role) else sorted(row.who)), name
        assert operation.get("x-scope") == row.scope, name


def test_without_a_key(cast: Cast, faults: Faults) -> None:
    for name in _GUARDED:
        faults.check(name, send(cast, name, None), 401, "missing_key")


def test_with_a_key_that_has_ended(cast: Cast, faults: Faults) -> None:
    for name in _GUARDED:
        for keys in (cast.revoked, cast.expired):
            faults.check(name, send(cast, name, keys[owner(cast, name).id]), 401, "key_expired")


def test_what_anybody_may_call_asks_for_no_key(cast: Cast, stored: Database) -> None:  # noqa: ARG001 - the database behind it
    for name in ROWS.keys() - _GUARDED.keys():
        for key in (None, cast.revoked[cast.market.caller.id]):
            if name == "post_organisation" and key is not None:
                continue  # a second application, of the same credit code
            answer = send(cast, name, key)
            assert answer.status_code < 300, (name, answer.text)
            assert leaks(cast, answer) == [], name


def test_of_another_role(cast: Cast, faults: Faults) -> None:
    for name, (_, who) in _OF_ROLES.items():
        for role in set(Role) - who:
            faults.check(f"{name} as {role}", send(cast, name, cast.one_role[role].key), 403, "role_required")


def test_without_the_scope(cast: Cast, faults: Faults) -> None:
    for name, row in _GUARDED.items():
        if row.scope is not None:
            key = cast.lacking[owner(cast, name).id, row.scope]
            faults.check(name, send(cast, name, key), 403, "scope_required")


@pytest.mark.parametrize("status", ["pending", "suspended"])
def test_of_an_organisation_that_is_not_active(cast: Cast, faults: Faults, status: str) -> None:
    for name, row in _GUARDED.items():
        answer = send(cast, name, cast.not_active[status][owner(cast, name).id])
        if row.who is Public.ANY_KEY:
            faults.check(name, answer, 200)
        else:
            faults.check(name, answer, 403, f"organisation_{status}")
        faults.found += [f"{name} shows {leak}" for leak in leaks(cast, answer)]


def test_for_one_who_has_lent_nothing(cast: Cast, faults: Faults) -> None:
    for name in _GUARDED:
        answer = send(cast, name, cast.strangers["stranger"].key, acting_for=owner(cast, name).id)
        faults.check(name, answer, 403, "delegation_required")


def test_a_delegate_who_may_read_writes_nothing(cast: Cast, faults: Faults) -> None:
    for name, row in _GUARDED.items():
        if row.scope not in {None, Scope.MARKET_READ} and owner(cast, name) is cast.market.caller:
            answer = send(cast, name, cast.delegate.key, acting_for=cast.market.caller.id)
            faults.check(name, answer, 403)
            faults.found += [f"{name} shows {leak}" for leak in leaks(cast, answer)]


def _callable(kind: str) -> Iterator[tuple[str, Answer]]:
    """Return the operations that a kind of stranger has the role for, with the answer to expect."""
    roles = {"stranger": {Role.PRODUCER, Role.RECYCLER}, "operator": {Role.OPERATOR}}.get(kind, {Role.GOVERNMENT})
    for name, row in _GUARDED.items():
        answer = row.answer_to(kind)
        if answer is not None and (row.who is Public.ANY_KEY or (isinstance(row.who, frozenset) and row.who & roles)):
            yield name, answer


KINDS = ("stranger", "inspector", "far", "operator")


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_reaches_what_is_not_theirs(cast: Cast, faults: Faults, kind: str) -> None:
    key = cast.strangers[kind].key
    for name, expected in _callable(kind):
        if expected not in _REFUSALS:
            continue
        answer = send(cast, name, key)
        faults.check(name, answer, *_REFUSALS[expected])
        faults.found += [f"{name} shows {leak}" for leak in leaks(cast, answer)]
        named = {str(part) for part in cast.market.example(name).path.values() if _UUID.fullmatch(str(part))}
        if expected is Answer.HIDDEN and named:
            absent = send(cast, name, key, {identifier: str(new_id()) for identifier in named})
            if absent.json() != answer.json():
                faults.found.append(f"{name} tells a foreign object from none: {answer.text} but {absent.text}")


@pytest.mark.parametrize("kind", KINDS)
def test_others_see_only_what_they_may(cast: Cast, stored: Database, kind: str) -> None:  # noqa: ARG001 - the database behind it
    faults = Faults([])
    for name, expected in _callable(kind):
        if expected in _REFUSALS:
            continue
        answer = send(cast, name, cast.strangers[kind].key)
        faults.check(name, answer, _success(name))
        if expected is not Answer.SEES:
            faults.found += [f"{name} shows {leak}" for leak in leaks(cast, answer)]
    assert not faults.found, "\n".join(faults.found)


@pytest.mark.parametrize("kind", ["stranger", "inspector", "far"])
def test_a_lot_that_has_left_the_market_is_hidden(cast: Cast, faults: Faults, kind: str) -> None:
    for name in ("get_lot", "get_lot_verdict", "get_assays", "get_assay", "get_lot_matches"):
        faults.check(name, send(cast, name, cast.strangers[kind].key, cast.withdrawn), 404, "not_found")


def test_an_assay_of_another_lot_is_hidden(cast: Cast, faults: Faults) -> None:
    """Two ids in a path belong together: one's own first does not open a foreign second."""
    own, other = (set(cast.withdrawn), set(cast.withdrawn.values()))
    example = cast.market.example("get_assay").path
    assert {str(value) for value in example.values()} == own
    swapped = {str(example["lot_id"]): next(iter(other - {cast.withdrawn[str(example["assay_id"])]}))}
    faults.check("get_assay", send(cast, "get_assay", cast.market.caller.key, swapped), 404, "not_found")


def _success(name: str) -> int:
    return next(int(status) for status in OPERATIONS[name][2]["responses"] if int(status) < 400)


def test_owners_read_what_is_theirs(cast: Cast, stored: Database) -> None:  # noqa: ARG001 - the database behind it
    """So the marks would have been seen above. What owners write is sent in tests/api/test_examples.py, one by one."""
    faults = Faults([])
    for name, row in ROWS.items():
        if OPERATIONS[name][0] == "GET":
            answer = send(cast, name, owner(cast, name).key)
            faults.check(name, answer, _success(name))
            is_private = row.stranger in {Answer.HIDDEN, Answer.OWN} and name not in UNMARKED
            if is_private and not leaks(cast, answer):
                faults.found.append(f"{name} shows its owner nothing that is marked as private")
    assert not faults.found, "\n".join(faults.found)
