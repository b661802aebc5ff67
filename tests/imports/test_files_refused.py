"""Files that are refused as a whole: nothing of them lands, the reason names what to do, and the worker lives on."""

import io
import zipfile
from collections.abc import Callable

import pytest

from app.imports import limits
from tests.factories import Member, World
from tests.imports.conftest import SITE
from tests.imports.files import CSV, HEADS, NDJSON, XLSX, counts, lot_row, run, send, write_csv, write_xlsx


def _bomb() -> bytes:
    """Return a workbook whose sheet unpacks to more than is read."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(write_xlsx([lot_row(SITE)]))) as model,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        for entry in model.infolist():
            archive.writestr(entry.filename, model.read(entry))
        with archive.open("xl/media/padding.xml", "w", force_zip64=True) as padding:
            for _ in range(limits.MAX_UNZIPPED_BYTES // 10_000_000 + 1):
                padding.write(bytes(10_000_000))
    return file.getvalue()


def _billion_laughs() -> bytes:
    """Return a workbook whose sheet defines entities of entities."""
    entities = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    sheet = f"<!DOCTYPE x [{entities}]><worksheet>&a9;</worksheet>"
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(write_xlsx([]))) as model, zipfile.ZipFile(file, "w") as archive:
        for entry in model.infolist():
            is_sheet = entry.filename.endswith("sheet1.xml")
            archive.writestr(entry.filename, sheet if is_sheet else model.read(entry))
    return file.getvalue()


FILES: dict[str, tuple[Callable[[], bytes], str, str, str]] = {
    "unknown column": (
        lambda: write_csv([lot_row(SITE)], (*HEADS[:2], "quantty_t", *HEADS[3:])),
        CSV,
        "unknown_column",
        "'quantty_t' (did you mean quantity_t",
    ),
    "two columns of one meaning": (
        lambda: write_csv([[*lot_row(SITE), "fly_ash"]], (*HEADS, "物料")),
        CSV,
        "duplicate_column",
        "'material' and '物料'",
    ),
    "head alone": (lambda: write_csv([]), CSV, "empty_file", "no rows"),
    "open quotation": (lambda: b'material\n"' + b"x" * 40_000, CSV, "unreadable_line", "quotation"),
    "not text": (lambda: b"\xff\xff\xff\x00", CSV, "unreadable_text", "UTF-8"),
    "too many columns": (lambda: b"," * 400 + b"x\n1\n", CSV, "too_many_columns", "300"),
    "too many rows": (lambda: b"material\n" + b"x\n" * 100_001, CSV, "too_many_rows", "100,000"),
    "too many lines": (lambda: b"{}\n" * 100_001, NDJSON, "too_many_rows", "100,000"),
    "no workbook": (lambda: b"PK\x03\x04 nonsense", XLSX, "unreadable_workbook", "no XLSX"),
    "a zip of something else": (lambda: _zip_of(b"text"), XLSX, "unreadable_workbook", "no workbook"),
    "zip bomb": (_bomb, XLSX, "workbook_too_large", "at most"),
    "billion laughs": (_billion_laughs, XLSX, "unreadable_workbook", "no workbook"),
}


def _zip_of(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("note.txt", content)
    return file.getvalue()


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize("name", FILES)
def test_the_reason_is_said_and_the_worker_lives(name: str, producer: Member) -> None:
    make, media_type, code, words = FILES[name]
    job = run(producer, make(), media_type)
    assert (job["status"], job["error"]["code"], job["done"]) == ("failed", code, 0), job["error"]
    assert words in job["error"]["detail"]
    assert counts(run(producer, write_csv([lot_row(SITE)]))) == ("done", 1, 0, 0)


def test_what_is_known_at_once_is_refused_at_once(producer: Member) -> None:
    empty = producer.request("POST", "/lots/import", content=b" \n", headers={"Content-Type": CSV})
    assert (empty.status_code, empty.json()["code"]) == (422, "empty_file")
    other = producer.request("POST", "/lots/import", json={"rows": []})
    assert (other.status_code, other.json()["code"]) == (415, "unsupported_media_type")
    assert "text/csv" in other.json()["detail"]
    large = producer.request(
        "POST", "/lots/import", content=bytes(limits.MAX_FILE_BYTES + 1), headers={"Content-Type": CSV}
    )
    assert (large.status_code, large.json()["code"]) == (413, "body_too_large")


def test_a_file_may_be_larger_than_other_bodies(producer: Member) -> None:
    assert send(producer, b"x" * 3_000_000)["status"] == "queued"


def test_an_organisation_cannot_pile_up_jobs(producer: Member, world: World) -> None:
    for _ in range(20):
        send(producer, b"x\n1\n")
    answer = producer.request("POST", "/lots/import", content=b"x\n1\n", headers={"Content-Type": CSV})
    assert (answer.status_code, answer.json()["code"], answer.json()["unfinished"]) == (409, "too_many_jobs", 20)
    send(world.producer(), b"x\n1\n")
