"""Publications: numbered without a gap, the same bytes for ever, and what has changed since and why."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, text, update

from app.core.clock import today
from app.core.database import Database
from tests.cli.command import run_swx
from tests.databases import as_superuser
from tests.factories import Body, Deal, Member, World
from tests.reliability.tampering import EVENTS, HEAD, VIEWERS, disarm, read_event

YEAR = today().year - 1
QUESTION = {"from": f"{YEAR}-01", "to": f"{YEAR}-12", "district": "50", "group_by": "material"}


def _publish(authority: Member, **question: Any) -> Body:  # noqa: ANN401 - JSON
    body = {"title": "年报", "question": QUESTION | question}
    snapshot: Body = authority.post("/statistics/snapshots", body)
    return snapshot


def _content(authority: Member, number: int) -> bytes:
    answer = authority.request("GET", f"/statistics/snapshots/{number}")
    assert answer.status_code == 200, answer.text
    content: bytes = answer.content
    assert answer.headers["ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    return content


def _trade(world: World) -> tuple[Deal, Body]:
    """Make a year: 100 t declared in March, 40 t of them received and 30 t used."""
    deal = world.deal()
    deal.declare(f"{YEAR}-03", 100)
    load = deal.receive(deal.dispatch(40, f"{YEAR}-03-05"), f"{YEAR}-03-06", net_t=40)
    deal.use(30, f"{YEAR}-04-01")
    return deal, load


def test_a_publication_is_what_the_statistics_said(world: World) -> None:
    _trade(world)
    authority = world.government("50")
    brief = _publish(authority)
    assert brief["number"] == 1
    read = authority.get("/statistics/snapshots/1")
    live = authority.get("/statistics/utilisation", **QUESTION)
    assert read["statistics"] | {"as_of": ""} == live | {"as_of": ""}
    assert read["statistics"]["total"]["rate_pct"] == 30
    assert read["published_at"] == brief["published_at"] == read["statistics"]["as_of"]
    assert brief["sha256"] == hashlib.sha256(_content(authority, 1)).hexdigest()
    unchanged = authority.get("/statistics/snapshots/1/diff")
    assert (unchanged["changed"], unchanged["total"], unchanged["items"]) == (False, [], [])
    assert (unchanged["causes"], unchanged["latest"]) == ([], [])


def test_later_corrections_leave_it_byte_for_byte_and_are_named(world: World) -> None:
    deal, load = _trade(world)
    authority = world.government("50")
    _publish(authority)
    before = _content(authority, 1)
    declared = deal.declare(f"{YEAR}-03", 120)
    proposal = {"received_net_t": 39.95, "comment": "misread"}
    correction = deal.producer.post(f"/shipments/{load['id']}/corrections", proposal)
    deal.recycler.post(f"/corrections/{correction['id']}/approve", status=200)
    deal.use(5, f"{YEAR}-05-01")
    assert _content(authority, 1) == before
    diff = authority.get("/statistics/snapshots/1/diff")
    assert diff["changed"] is True
    changes = {item["figure"]: (item["was"], item["now"], item["change"]) for item in diff["total"]}
    assert changes["generated_t"] == (100, 120, 20)
    assert changes["utilised_t"] == (30, 35, 5)
    assert changes["weighing_difference_t"] == (0, 0.05, 0.05)
    assert changes["rate_pct"] == (30, 29.17, -0.83)
    (row,) = diff["items"]
    assert (row["row"], row["presence"]) == ({"material": "phosphogypsum"}, "changed")
    assert row["figures"] == diff["total"]
    causes = {item["source_type"]: item for item in diff["causes"]}
    assert causes.keys() >= {"declaration", "receipt", "receipt_reversal", "utilisation"}
    assert causes["receipt"]["transactions"] == 1
    sources = {(item["source_type"], item["source_id"]) for item in diff["latest"]}
    assert ("receipt", correction["id"]) in sources
    assert ("receipt_reversal", correction["id"]) in sources
    assert ("declaration", declared["id"]) in sources
    assert all(item["site_id"] == deal.origin for item in diff["latest"])
    assert _publish(authority)["number"] == 2
    assert authority.get("/statistics/snapshots/2/diff")["changed"] is False


def test_a_publication_proves_the_events_that_it_rests_on(
    world: World, database: Database, database_url: str, tmp_path: Path
) -> None:
    """Also to somebody who has nothing but its bytes; and the events prove those bytes."""
    deal, _ = _trade(world)
    authority = world.government("50")
    brief = _publish(authority)
    deal.use(5, f"{YEAR}-05-01")
    head = authority.get("/statistics/snapshots/1")["events_head"]
    published = next(item for item in authority.get("/events")["items"] if item["type"] == "snapshot.published")
    assert published["data"] == {"number": 1, "sha256": brief["sha256"]}
    with database.read() as session:
        following = session.scalar(text("SELECT type FROM events WHERE position > :position ORDER BY position"), head)
    assert following == "snapshot.published"
    asked = ("verify-events", "--anchor", f"{head['position']}:{head['hash']}")
    assert run_swx(*asked, folder=tmp_path, url=database_url).exit_code == 0
    with as_superuser(database) as session:  # everything since the day before is forgotten, head included
        disarm(connection := session.connection())
        for table in (VIEWERS, EVENTS):
            connection.execute(delete(table).where(table.c.position >= head["position"]))
        before = read_event(connection, head["position"] - 1)
        connection.execute(update(HEAD).values(position=before["position"], hash=before["hash"]))
    assert run_swx("verify-events", folder=tmp_path, url=database_url).exit_code == 0
    said = run_swx(*asked, folder=tmp_path, url=database_url)
    assert (said.exit_code, f"anchor of position {head['position']}" in said.stdout) == (1, True)


def test_rows_that_came_and_went(world: World) -> None:
    deal, _ = _trade(world)
    authority = world.government("50")
    _publish(authority, group_by="month,use")
    deal.use(2, f"{YEAR}-06-01", use="building_gypsum_powder")
    diff = authority.get("/statistics/snapshots/1/diff")
    added = [item["row"] for item in diff["items"] if item["presence"] == "added"]
    assert {"month": f"{YEAR}-06", "use": "building_gypsum_powder"} in added


def test_publications_are_their_authoritys(world: World) -> None:
    authority, other = world.government("50"), world.government("500115")
    _publish(authority)
    assert [item["number"] for item in authority.get("/statistics/snapshots")["items"]] == [1]
    assert other.get("/statistics/snapshots")["items"] == []
    for path in ("/statistics/snapshots/1", "/statistics/snapshots/1/diff", "/statistics/snapshots/9"):
        assert other.request("GET", path).status_code == 404
    body = {"title": "x", "question": QUESTION}
    assert world.producer().post("/statistics/snapshots", body, 403)["code"]
    assert other.post("/statistics/snapshots", body, 403)["code"] == "outside_jurisdiction"
    assert other.post("/statistics/snapshots", body | {"question": QUESTION | {"district": "500115"}})["number"] == 2


@pytest.mark.parametrize(
    ("question", "pointer"),
    [
        ({"format": "csv"}, "/question"),
        ({"from": f"{YEAR}-13"}, "/question/from"),
        ({"group_by": "colour"}, "/question/group_by"),
        ({"to": f"{YEAR - 1}-12"}, "/question/to"),
        ({"material": ["gold"]}, "/question/material"),
    ],
)
def test_questions_that_cannot_be_frozen(world: World, question: Body, pointer: str) -> None:
    authority = world.government("50")
    refusal = authority.post("/statistics/snapshots", {"title": "x", "question": QUESTION | question}, 422)
    assert [fault["pointer"] for fault in refusal["errors"]] == [pointer]
    assert authority.get("/statistics/snapshots")["items"] == []


def test_numbers_have_no_gap_when_many_publish_at_once(world: World) -> None:
    authority = world.government("50")
    body = {"title": "x", "question": QUESTION}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: authority.request("POST", "/statistics/snapshots", json=body), range(12)))
    assert [answer.status_code for answer in answers] == [201] * 12
    assert sorted(answer.json()["number"] for answer in answers) == list(range(1, 13))


def test_postings_under_way_are_either_in_a_publication_or_among_its_causes(world: World) -> None:
    deal = world.deal(1000)
    authority = world.government("50")

    def ship(number: int) -> None:
        ticket = {
            "ticket_no": f"P-{number}",
            "vehicle_plate": f"渝A1234{number % 10}",
            "dispatched_at": f"{YEAR}-03-05T00:00:00Z",
            "net_t": 10,
        }
        deal.producer.post(f"/agreements/{deal.agreement['id']}/shipments", ticket)

    def publish(_number: int) -> None:
        _publish(authority)

    with ThreadPoolExecutor(6) as pool:
        work = [pool.submit(publish if number % 4 == 3 else ship, number) for number in range(24)]
        for done in work:
            done.result()
    for number in range(1, 7):
        published = authority.get(f"/statistics/snapshots/{number}")["statistics"]["total"]["generated_t"]
        causes = authority.get(f"/statistics/snapshots/{number}/diff")["causes"]
        since = [cause["transactions"] for cause in causes if cause["source_type"] == "dispatch"]
        assert published + 10 * sum(since) == 180
