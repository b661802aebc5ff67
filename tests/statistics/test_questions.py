"""What the utilisation statistics refuse to be asked."""

from typing import Any

import pytest

from app.statistics import flows, queries
from tests.factories import World
from tests.statistics.books import Books, worked_case

YEAR = {"from": "2025-01", "to": "2025-12"}
Params = dict[str, Any]


REFUSED: list[tuple[Params, set[str]]] = [
    ({}, {"from", "to"}),
    ({"from": "2025-01"}, {"to"}),
    ({"from": "2025-13", "to": "2025-1"}, {"from", "to"}),
    ({"from": "2025-02", "to": "2025-01"}, {"to"}),
    ({"from": "2015-01", "to": "2025-01"}, {"to"}),
    (YEAR | {"group_by": "month,colour"}, {"group_by"}),
    (YEAR | {"group_by": "month,month"}, {"group_by"}),
    (YEAR | {"group_by": "month,"}, {"group_by"}),
    (YEAR | {"basis": "guessed"}, {"basis"}),
    (YEAR | {"place": "nowhere"}, {"place"}),
    (YEAR | {"districts": "future"}, {"districts"}),
    (YEAR | {"scope": "most"}, {"scope"}),
    (YEAR | {"format": "pdf"}, {"format"}),
    (YEAR | {"district": "5"}, {"district"}),
    (YEAR | {"district": "50%"}, {"district"}),
    (YEAR | {"district": "50-atlantis"}, {"district"}),
    (YEAR | {"material": ["phosphogipsum"]}, {"material"}),
    (YEAR | {"material": ["scrap_steel"]}, {"material"}),
    (YEAR | {"regoin": "50"}, {"regoin"}),
]


def test_bad_questions_are_refused_by_name(world: World) -> None:
    authority = world.government()
    for params, pointers in REFUSED:
        response = authority.request("GET", "/statistics/utilisation", params=params)
        assert response.status_code == 422, params
        assert {fault["pointer"] for fault in response.json()["errors"]} == pointers, params


def test_all_faults_come_at_once_with_near_names(world: World) -> None:
    params = {"from": "2025-02", "to": "2025-01", "material": ["phosphogipsum", "scrap_steel"]}
    problem = world.operator().request("GET", "/statistics/utilisation", params=params).json()
    codes = [fault["code"] for fault in problem["errors"]]
    assert codes == ["period_reversed", "unknown_material", "outside_scope"]
    assert "phosphogypsum" in problem["errors"][1]["detail"]


def test_ten_years_are_a_period(world: World) -> None:
    params = {"from": "2016-01", "to": "2025-12"}
    assert world.operator().request("GET", "/statistics/utilisation", params=params).status_code == 200


def test_an_answer_that_is_too_long_is_refused(world: World, books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    worked_case(books, *books.sites(world))
    operator = world.operator()
    for rows, groups, status in ((12, 2, 200), (11, 2, 422), (12, 1, 422)):
        monkeypatch.setattr(queries, "MAX_ROWS", rows)
        monkeypatch.setattr(flows, "MAX_GROUPS", groups)
        response = operator.request("GET", "/statistics/utilisation", params=YEAR | {"group_by": "month"})
        assert response.status_code == status
        assert status == 200 or response.json()["code"] == "too_many_rows"
