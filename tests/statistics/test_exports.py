"""The utilisation statistics as CSV."""

import csv
import io

from app.auth.actor import Role
from tests.factories import Member, World
from tests.statistics.books import Books, ask, worked_case

PERIOD = {"from": "2025-01", "to": "2025-02"}


def download(member: Member, **params: str) -> list[list[str]]:
    """Return the cells of a CSV answer."""
    response = member.request("GET", "/statistics/utilisation", params=PERIOD | {"format": "csv"} | params)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="utilisation_2025-01_2025-02.csv"' in response.headers["content-disposition"]
    assert response.content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))


def test_rows_and_total_are_those_of_the_json_answer(world: World, books: Books) -> None:
    worked_case(books, *books.sites(world))
    answer = ask(world.operator(), "2025-01", "2025-02", group_by="district,month,use")
    header, *rows, total = download(world.operator(), group_by="district,month,use")
    assert header == ["district", "month", "use", *answer["total"]]
    assert len(rows) == len(answer["items"]) == 4
    for cells, row in zip(rows, answer["items"], strict=True):
        for name, cell in zip(header, cells, strict=True):
            if row[name] is None:
                assert cell == ""
            else:
                assert (float(cell) if name.endswith(("_t", "_pct")) else cell) == row[name]
    assert total[:3] == ["total", "", ""]
    assert [float(cell) for cell in total[3:]] == list(answer["total"].values())


def test_without_columns_there_is_the_total_alone(world: World, books: Books) -> None:
    worked_case(books, *books.sites(world))
    header, total = download(world.operator())
    assert header[0] == "generated_t"
    assert dict(zip(header, total, strict=True))["rate_pct"] == "76.47"


def test_a_name_is_never_a_formula(world: World, books: Books) -> None:
    producer = world.member(Role.PRODUCER, name='=HYPERLINK("http://x","y")')
    worked_case(books, *books.sites(world, producer))
    header, row, total = download(world.operator(), group_by="organisation,site")
    assert header[:4] == ["organisation", "organisation_name", "site", "site_name"]
    assert row[1] == '\'=HYPERLINK("http://x","y")'
    assert row[0] == producer.id
    assert total[:4] == ["total", "", "", ""]
