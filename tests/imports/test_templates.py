"""Templates: what they show is what the import takes."""

import csv
import io

import pytest
from openpyxl import load_workbook

from app.core.clock import today
from tests.factories import World
from tests.imports.files import CSV, XLSX, counts, run, write_csv, write_xlsx

pytestmark = pytest.mark.usefixtures("worker")


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("path", ["/lots/import", "/shipments/import", "/declarations/import"])
def test_the_example_of_a_template_imports(path: str, form: str, world: World) -> None:
    deal = world.deal(100)
    answer = deal.producer.request("GET", f"{path}/template", params={"format": form})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].endswith(f'.{form}"')
    if form == "csv":
        assert answer.content.startswith(b"\xef\xbb\xbf")
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    else:
        sheets = load_workbook(io.BytesIO(answer.content)).worksheets
        rows = [[cell or "" for cell in row] for row in sheets[0].iter_rows(values_only=True)]
        assert len(sheets) == 2
    unchanged = run(deal.producer, answer.content, CSV if form == "csv" else XLSX, path)
    assert unchanged["error"]["code"] == "empty_file"  # notes and example are remarks
    heads, notes, example = rows
    assert notes[0].startswith("#")
    example[0] = example[0].removeprefix("#")
    example = [
        deal.agreement["id"] if head.startswith("agreement_id") else cell
        for head, cell in zip(heads, example, strict=True)
    ]
    filled = (write_csv if form == "csv" else write_xlsx)([example], heads)
    job = run(deal.producer, filled, CSV if form == "csv" else XLSX, path)
    assert counts(job) == ("done", 1, 0, 0), job["refusals"]


def test_a_template_has_the_parameters_of_its_material(world: World) -> None:
    answer = world.producer().request("GET", "/lots/import/template", params={"material": "fly_ash"})
    heads = answer.content.decode("utf-8-sig").splitlines()[0]
    assert "fineness_45um" in heads or "loi" in heads
    assert "soluble_p2o5" not in heads
    assert str(today().year) in answer.text
