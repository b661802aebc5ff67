"""Files as plant offices make them, sent and followed to their end."""

import io
import json
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import xlsxwriter

from app.core.clock import today
from tests.factories import Body, Member

CSV = "text/csv"
NDJSON = "application/x-ndjson"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PATIENCE_SECONDS = 60
FINAL = {"done", "failed", "cancelled"}

HEADS = (
    "site", "material", "quantity_t", "available_from", "available_to", "price_cny_per_t", "origin_process",
    "sampled_on", "report_no", "caso4_2h2o [% dry]", "soluble_p2o5 [mg/kg]", "moisture [%]",
)  # fmt: skip


def lot_row(site: str, **changes: Any) -> list[Any]:  # noqa: ANN401 - cells of any type
    """Return the cells of a good lot under HEADS; changes name columns without their brackets."""
    day = today()
    cells = {
        "site": site,
        "material": "phosphogypsum",
        "quantity_t": "1200.5",
        "available_from": str(day),
        "available_to": str(day + timedelta(days=90)),
        "price_cny_per_t": "-15",
        "origin_process": "dihydrate",
        "sampled_on": str(day - timedelta(days=10)),
        "report_no": "JC-1",
        "caso4_2h2o": "91.2",
        "soluble_p2o5": "2400",
        "moisture": "14.5",
    }
    assert changes.keys() <= cells.keys()
    return list((cells | changes).values())


def write_csv(rows: Sequence[Sequence[Any]], heads: Sequence[str] = HEADS) -> bytes:
    """Return CSV in UTF-8."""
    return "".join(",".join(str(cell) for cell in row) + "\r\n" for row in (heads, *rows)).encode()


def write_xlsx(rows: Sequence[Sequence[Any]], heads: Sequence[str] = HEADS) -> bytes:
    """Return a workbook with one sheet; text stays text."""
    file = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "default_date_format": "yyyy/m/d"}
    with xlsxwriter.Workbook(file, options) as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate((heads, *rows)):
            sheet.write_row(number, 0, row)
    return file.getvalue()


def write_ndjson(bodies: Sequence[Body]) -> bytes:
    """Return lines of JSON."""
    return "\n".join(json.dumps(body, ensure_ascii=False) for body in bodies).encode()


def send(member: Member, content: bytes, media_type: str = CSV, path: str = "/lots/import", **query: Any) -> Body:  # noqa: ANN401 - query values
    """Hand in a file and return its job as it is accepted."""
    answer = member.request("POST", path, content=content, headers={"Content-Type": media_type}, params=query)
    assert answer.status_code == 202, answer.text
    job: Body = answer.json()
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    return job


def finish(member: Member, job: Body) -> Body:
    """Return a job once it has ended."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (now := member.get(f"/jobs/{job['id']}"))["status"] not in FINAL:
        assert time.monotonic() < deadline, now
        time.sleep(0.1)
    return dict(now)


def run(member: Member, content: bytes, media_type: str = CSV, path: str = "/lots/import", **query: Any) -> Body:  # noqa: ANN401 - query values
    """Hand in a file and return its job once it has ended."""
    return finish(member, send(member, content, media_type, path, **query))


def counts(job: Body) -> tuple[str, int, int, int]:
    """Return status, landed, refused, already there."""
    return job["status"], job["landed"], job["refused"], job["already_there"]


def refusals(job: Body) -> list[tuple[int, str, str]]:
    """Return line, pointer and code of each refusal."""
    return [(item["line"], item["pointer"], item["code"]) for item in job["refusals"]]
