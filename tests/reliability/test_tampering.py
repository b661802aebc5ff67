"""100 tamperings of the events by somebody who may do anything in the database: 100 found and named, and no more."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, text, update

from app.core.database import Database, new_id
from app.events.chain import GENESIS, chain_hash
from app.events.findings import Finding, FindingKind
from app.events.record import NewEvent, name_delegate, record_events
from app.events.storing import tell
from app.events.tracing import START, Link
from app.events.types import EventType
from app.events.verification import find_tampering, read_anchor
from tests.cli.command import run_swx
from tests.databases import Templates, superuser_url
from tests.drills import IS_LONG
from tests.reliability.tampering import (
    ACTS,
    EVENTS,
    HEAD,
    VIEWERS,
    Due,
    close_gap,
    disarm,
    insert_between,
    made_up,
    read_event,
    read_viewers,
)

TAMPERINGS = 100
#: Positions between two of them.
ROOM = 10
EVENTS_THERE = (TAMPERINGS + 2) * ROOM
#: More than a batch of the verification, where it is long.
EXTRA = 5000 if IS_LONG else 0
SEEDS = range(1, 21) if IS_LONG else range(1, 3)


@pytest.fixture
def database(database_url: str, templates: Templates) -> Iterator[Database]:
    """Return the database in the hands of one who may do anything in it."""
    mighty = templates.open(superuser_url(database_url))
    yield mighty
    mighty.dispose()


def _fill(database: Database, chance: random.Random, count: int = EVENTS_THERE) -> None:
    """Record events of the market and of one to three viewers, in transactions of one to 150."""
    organisations = [new_id() for _ in range(20)]
    left = count
    while left:
        size = min(left, chance.choice([1, 2, 5, 150]))
        with database.write() as session:
            name_delegate(session, chance.choice([None, None, *organisations]))
            record_events(session, [_happened(chance, organisations) for _ in range(size)])
            session.commit()
        left -= size


def _happened(chance: random.Random, organisations: list[Any]) -> NewEvent:
    viewers = tuple(chance.sample(organisations, chance.randint(1, 3)))
    author = chance.choice([*organisations, None])
    return NewEvent(
        chance.choice(list(EventType)),
        chance.choice(["lot", "shipment"]),
        new_id(),
        author,
        author and new_id(),
        {"material": "磷石膏", "site_id": str(new_id()), "fields": ['a"\\b', "\u2028"]},
        for_market=chance.random() < 0.3,
        viewers=viewers,
    )


def _find(database: Database, since: Link = START, **anchors: Any) -> list[Finding]:  # noqa: ANN401 - by position
    with database.read() as session:
        return list(find_tampering(session, since, {int(name[1:]): value for name, value in anchors.items()}))


def _due(found: list[Finding]) -> list[Due]:
    return sorted((finding.kind, finding.first, finding.last) for finding in found)


@pytest.mark.drill
@pytest.mark.parametrize("seed", SEEDS)
def test_a_hundred_tamperings_are_found_and_named(
    seed: int, database: Database, database_url: str, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    _fill(database, chance, EVENTS_THERE + EXTRA)
    assert _find(database) == []
    assert run_swx("verify-events", folder=tmp_path, url=database_url).exit_code == 0
    due: list[Due] = []
    with database.engine.begin() as connection:
        disarm(connection)
        # The two that renumber others come first and stand last.
        due += close_gap(connection, EVENTS_THERE - ROOM)
        due += insert_between(connection, EVENTS_THERE - 2 * ROOM, follows=bool(seed % 2))
        acts = [*ACTS, *chance.choices(ACTS, k=TAMPERINGS - 2 - len(ACTS))]
        chance.shuffle(acts)
        for number, act in enumerate(acts, start=1):
            due += act(connection, number * ROOM, chance)
    found = _find(database)
    assert _due(found) == sorted(due)
    said = run_swx("verify-events", folder=tmp_path, url=database_url)
    assert said.exit_code == 1
    assert f"Findings in the events: {len(due)}" in said.stderr
    assert sorted(said.stdout.splitlines()) == sorted(finding.sentence for finding in found)


def _name(act: Any) -> str:  # noqa: ANN401 - a tampering
    return str(act.__name__.strip("_"))


@pytest.mark.parametrize(
    ("position", "act"),
    # Before the first there is nothing to follow from.
    [(position, act) for position in (1, 20, 37) for act in ACTS if (position, _name(act)) != (1, "rewrite")],
    ids=lambda given: given if isinstance(given, int) else _name(given),
)
def test_each_tampering_alone_at_the_ends_and_between(act: Any, position: int, database: Database) -> None:  # noqa: ANN401 - a tampering
    chance = random.Random(position)
    _fill(database, chance, 41)
    with database.engine.begin() as connection:
        disarm(connection)
        due = act(connection, position, chance)
    assert _due(_find(database)) == sorted(due)


def _shift_head(connection: Connection, by: int) -> None:
    connection.execute(update(HEAD).values(position=HEAD.c.position + by))


def _spoil_head(connection: Connection) -> None:
    connection.execute(update(HEAD).values(hash="e" * 64))


def _cut(connection: Connection) -> None:
    for table in (EVENTS, VIEWERS):
        connection.execute(delete(table).where(table.c.position > 38))


def _append(connection: Connection) -> None:
    row = made_up(connection, 41) | {"position": 42}
    connection.execute(insert(EVENTS).values(**row))


def _append_well(connection: Connection) -> None:
    row = made_up(connection, 41) | {"position": 42}
    row["hash"] = chain_hash(read_event(connection, 41)["hash"], 42, tell(row, []).content)
    connection.execute(insert(EVENTS).values(**row))


def _put_before(connection: Connection) -> None:
    connection.execute(insert(EVENTS).values(**made_up(connection, 41) | {"position": 0}))


def _show_nothing(connection: Connection) -> None:
    connection.execute(insert(VIEWERS).values(position=77, organisation_id=new_id()))


@pytest.mark.parametrize(
    ("spoil", "due"),
    [
        (lambda connection: _shift_head(connection, 5), (FindingKind.HEAD, 46, 46)),
        (lambda connection: _shift_head(connection, -3), (FindingKind.HEAD, 38, 38)),
        (_spoil_head, (FindingKind.HEAD, 41, 41)),
        (lambda connection: connection.execute(delete(HEAD)), (FindingKind.HEAD, 0, 0)),
        (lambda connection: connection.execute(delete(EVENTS)), (FindingKind.MISSING, 1, 41)),
        (_cut, (FindingKind.MISSING, 39, 41)),
        (_append, (FindingKind.INSERTED, 42, 42)),
        (_append_well, (FindingKind.INSERTED, 42, 42)),
        (_put_before, (FindingKind.INSERTED, 0, 0)),
        (_show_nothing, (FindingKind.VIEWERS, 77, 77)),
    ],
)
def test_the_head_and_the_ends(spoil: Any, due: Due, database: Database) -> None:  # noqa: ANN401 - a tampering
    _fill(database, random.Random(3), 41)
    with database.engine.begin() as connection:
        disarm(connection)
        spoil(connection)
    assert _due(_find(database)) == [due]


def test_only_an_anchor_tells_of_an_end_cut_off_with_its_head(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    _fill(database, random.Random(4), 41)
    said = run_swx("verify-events", folder=tmp_path, url=database_url)
    anchor = said.stdout.splitlines()[-1]
    for option in ("--anchor", "--since"):
        assert run_swx("verify-events", option, anchor, folder=tmp_path, url=database_url).exit_code == 0
    with database.engine.begin() as connection:
        disarm(connection)
        _cut(connection)
        connection.execute(update(HEAD).values(position=38, hash=read_event(connection, 38)["hash"]))
    assert _find(database) == []
    for option in ("--anchor", "--since"):
        said = run_swx("verify-events", option, anchor, folder=tmp_path, url=database_url)
        assert (said.exit_code, "anchor of position 41" in said.stdout) == (1, True)


def test_only_an_anchor_tells_of_a_history_written_anew(database: Database) -> None:
    _fill(database, random.Random(5), 41)
    with database.read() as session:
        anchor = read_anchor(session)
    with database.engine.begin() as connection:
        disarm(connection)
        last = GENESIS
        for position in range(1, 42):
            row = read_event(connection, position)
            row["type"] = "lot.opened" if position == 7 else row["type"]
            viewers = [] if row["for_market"] else read_viewers(connection, position)
            last = row["hash"] = chain_hash(last, position, tell(row, viewers).content)
            connection.execute(update(EVENTS).where(EVENTS.c.position == position).values(**row))
        connection.execute(update(HEAD).values(hash=last))
    assert _find(database) == []
    assert _due(_find(database, _41=anchor.hash)) == [(FindingKind.ANCHOR, 41, 41)]
    assert _due(_find(database, since=anchor)) == [(FindingKind.ANCHOR, 41, 41)]


def test_a_long_run_is_one_finding(database: Database) -> None:
    _fill(database, random.Random(6), 3000)
    with database.engine.begin() as connection:
        disarm(connection)
        connection.execute(update(EVENTS).where(EVENTS.c.position.between(100, 2500)).values(hash="a" * 64))
    assert _due(_find(database)) == [(FindingKind.HASH_CHANGED, 100, 2500)]


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(
    "change",
    [
        "id = 'no uuid'",
        "id = upper(id)",
        "subject_id = 1.5",
        "occurred_at = 'yesterday'",
        "data = x'ff00'",
        "data = CAST(x'ff00' AS TEXT)",
        "type = CAST(type AS BLOB)",
        "for_market = 7",
        "hash = 5",
        "hash = x'00'",
    ],
)
def test_whatever_sqlite_holds_is_a_finding(change: str, database: Database) -> None:
    """No column of SQLite is bound to its type, not even that of the position."""
    _fill(database, random.Random(7), 41)
    kept = "type, occurred_at, subject_kind, subject_id, data, for_market, hash"
    stray = f"INSERT INTO events (position, id, {kept}) SELECT 'abc', 'x', {kept} FROM events WHERE position = 3"  # noqa: S608
    with database.engine.begin() as connection:
        disarm(connection)
        connection.execute(text(f"UPDATE events SET {change} WHERE position = 20"))  # noqa: S608 - from above
        connection.execute(text(stray))
    kind = FindingKind.HASH_CHANGED if change.startswith("hash") else FindingKind.CHANGED
    assert _due(_find(database)) == sorted([(kind, 20, 20), (FindingKind.INSERTED, 0, 0)])
