"""Lots from files: every format lands the same lots as POST, bad rows never block good ones, nothing lands twice."""

import time
from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.auth.models import ApiKey
from app.core.clock import today
from app.core.database import Base, Database
from app.imports.models import ImportedRow
from app.jobs.models import Job, JobInput, JobStatus
from app.jobs.service import submit_job
from app.lots.models import Assay, Lot
from app.organisations.models import Organisation, OrganisationStatus
from tests.factories import Body, Member, World
from tests.imports.conftest import SITE
from tests.imports.files import (
    CSV,
    HEADS,
    NDJSON,
    PATIENCE_SECONDS,
    XLSX,
    counts,
    lot_row,
    refusals,
    run,
    write_csv,
    write_ndjson,
    write_xlsx,
)

pytestmark = pytest.mark.usefixtures("worker")


def _count(database: Database, *entities: type[Base]) -> list[int]:
    with database.read() as session:
        return [session.scalar(select(func.count()).select_from(entity)) or 0 for entity in entities]


def _lots(producer: Member) -> list[Body]:
    items = producer.get("/lots", verdict="pass,unknown,fail", sort="newest")["items"]
    return [item["lot"] for item in items]


def _body(site_id: str) -> Body:
    return {
        "site_id": site_id,
        "material": "phosphogypsum",
        "quantity_t": 1200.5,
        "available_from": str(today()),
        "available_to": str(today() + timedelta(days=90)),
        "price_cny_per_t": -15,
        "origin": {"process": "dihydrate"},
        "assay": {
            "sampled_on": str(today() - timedelta(days=10)),
            "report_no": "JC-1",
            "results": [
                {"parameter": "caso4_2h2o", "value": 91.2, "unit": "%", "basis": "dry"},
                {"parameter": "soluble_p2o5", "value": 2400, "unit": "mg/kg"},
                {"parameter": "moisture", "value": 14.5, "unit": "%"},
            ],
        },
    }


@pytest.mark.parametrize("media_type", [CSV, NDJSON, XLSX])
def test_a_file_lands_what_posting_lands(media_type: str, producer: Member) -> None:
    site_id = producer.get("/sites")["items"][0]["id"]
    posted = producer.post("/lots", _body(site_id))
    content = {
        CSV: write_csv([lot_row(SITE)]),
        NDJSON: write_ndjson([_body(site_id)]),
        XLSX: write_xlsx([lot_row(SITE, quantity_t=1200.5, soluble_p2o5=2400, caso4_2h2o=91.2, moisture=14.5)]),
    }[media_type]
    job = run(producer, content, media_type)
    assert counts(job) == ("done", 1, 0, 0)
    assert (job["done"], job["total"], job["refusals"], job["error"]) == (1, 1, [], None)
    imported = next(lot for lot in _lots(producer) if lot["id"] != posted["id"])
    posted = producer.get(f"/lots/{posted['id']}")
    imported = producer.get(f"/lots/{imported['id']}")
    for lot in (posted, imported):
        for changing in ("id", "created_at"):
            del lot[changing], lot["assay"][changing]
    assert imported == posted


def test_a_column_of_tonnes_a_month_lands_recurring_lots(producer: Member) -> None:
    heads = ("site", "material", "数量", "每月供应量", "available_from", "available_to", "price_cny_per_t")
    rest = [str(today()), str(today() + timedelta(days=90)), "-15"]
    rows = [
        [SITE, "phosphogypsum", "", "4000.5", *rest],
        [SITE, "phosphogypsum", "1200", "", *rest],
        [SITE, "phosphogypsum", "1200", "4000", *rest],
        [SITE, "phosphogypsum", "", "", *rest],
        [SITE, "phosphogypsum", "", "0", *rest],
    ]
    job = run(producer, write_csv(rows, heads))
    assert counts(job) == ("done", 2, 3, 0)
    assert refusals(job) == [
        (4, "/quantity_t", "one_quantity"),
        (5, "/quantity_t", "one_quantity"),
        (6, "/recurring/quantity_t", "greater_than"),
    ]
    assert [item["column"] for item in job["refusals"]] == ["数量", "数量", "每月供应量"]
    once, monthly = sorted(_lots(producer), key=lambda lot: lot["available_t"])
    assert (once["quantity_t"], once["recurring"]) == (1200, None)
    assert (monthly["quantity_t"], monthly["recurring"]) == (None, {"per": "month", "quantity_t": 4000.5})
    line = {"site_id": monthly["site"]["id"], "material": "phosphogypsum", "price_cny_per_t": 0}
    line |= {"available_from": rest[0], "available_to": rest[1], "recurring": {"per": "month", "quantity_t": 3}}
    assert counts(run(producer, write_ndjson([line]), NDJSON)) == ("done", 1, 0, 0)


def test_good_rows_land_and_bad_ones_say_why(producer: Member, world: World) -> None:
    other = world.site(world.producer())["id"]
    heads = (*HEADS, "site_id")
    rows = [
        [*lot_row(SITE), ""],
        [*lot_row(SITE, material="phosphogypsim", quantity_t="-3", soluble_p2o5="<0.1"), ""],
        [*lot_row(SITE, moisture="", soluble_p2o5=""), ""],
        [*lot_row("南门"), ""],
        [*lot_row(""), other],
        [*lot_row(SITE, available_to="2020-01-01", sampled_on=""), ""],
        [*lot_row(SITE), "", "stray"],
    ]
    job = run(producer, write_csv(rows, heads))
    assert counts(job) == ("done", 2, 5, 0)
    assert refusals(job) == [
        (3, "/material", "unknown_material"),
        (3, "/quantity_t", "greater_than"),
        (3, "/assay/results/1/value", "wrong_kind"),
        (5, "/site_id", "unknown_site"),
        (6, "/site_id", "unknown_site"),
        (7, "/available_to", "in_the_past"),
        (7, "/assay/sampled_on", "missing"),
        (8, "", "too_many_cells"),
    ]
    heads_at_fault = [item["column"] for item in job["refusals"]]
    assert heads_at_fault[:4] == ["material", "quantity_t", "soluble_p2o5 [mg/kg]", "site"]
    assert heads_at_fault[6:] == ["sampled_on", None]
    assert "phosphogypsum" in job["refusals"][0]["reason"]
    assert len(_lots(producer)) == 2


def test_the_codes_are_those_of_posting(producer: Member) -> None:
    wrong = _body("01990000-0000-7000-8000-000000000000") | {"quantity_t": "1.23456", "surprise": 1}
    wrong["assay"]["results"][0] |= {"basis": "as_received", "value": 130}
    del wrong["assay"]["results"][2]
    posted = producer.request("POST", "/lots", json=wrong).json()["errors"]
    job = run(producer, write_ndjson([wrong]) + b"\n{nonsense\n[]\n\n" + write_ndjson([_body("x")]), NDJSON)
    assert [item["pointer"] for item in job["refusals"] if item["line"] == 1] == [f["pointer"] for f in posted]
    assert [item["code"] for item in job["refusals"] if item["line"] == 1] == [f["code"] for f in posted]
    assert refusals(job)[len(posted) :] == [
        (2, "", "json_invalid"),
        (3, "", "model_attributes_type"),
        (5, "/site_id", "uuid_parsing"),
    ]


def test_a_dry_run_reports_and_stores_nothing(producer: Member, database: Database) -> None:
    content = write_csv([lot_row(SITE), lot_row(SITE, quantity_t="many")])
    job = run(producer, content, dry_run=True)
    assert (counts(job), job["dry_run"]) == (("done", 1, 1, 0), True)
    assert refusals(job) == [(3, "/quantity_t", "decimal_parsing")]
    assert _count(database, Lot, Assay, ImportedRow, JobInput) == [0, 0, 0, 0]
    assert counts(run(producer, content)) == ("done", 1, 1, 0)
    assert counts(run(producer, content, dry_run=True)) == ("done", 0, 1, 1)


def test_the_same_rows_never_land_twice(producer: Member, database: Database, world: World) -> None:
    first = [lot_row(SITE, quantity_t=number) for number in (100, 200, 200)]
    content = write_csv(first)
    assert counts(run(producer, content)) == ("done", 3, 0, 0)  # equal rows of one file are lots of their own
    assert counts(run(producer, content)) == ("done", 0, 0, 3)
    overlapping = write_csv([*first[1:], lot_row(SITE, quantity_t=200), lot_row(SITE, quantity_t=300)])
    assert counts(run(producer, overlapping)) == ("done", 2, 0, 2)
    assert _count(database, Lot, ImportedRow) == [5, 5]
    other = world.producer()
    world.site(other, name=SITE)
    assert counts(run(other, content)) == ("done", 3, 0, 0)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_chinese_heads_in_every_encoding(encoding: str, producer: Member) -> None:
    heads = "场地名称,物料,数量,供货开始日期,供货截止日期,出厂价,采样日期,附着水/含水率 【%】,二水硫酸钙 [% 干基]"
    names = {parameter["key"]: parameter["name_zh"] for parameter in producer.get("/parameters")["items"]}
    heads = heads.replace("附着水/含水率", names["moisture"]).replace("二水硫酸钙", names["caso4_2h2o"])
    last = today() + timedelta(days=30)
    row = f"{SITE},磷石膏,12,2026/8/1,{last.year}年{last.month}月{last.day}日,0,2026-7-2,14.5,91"
    assert counts(run(producer, f"{heads}\n{row}\n".encode(encoding))) == ("done", 1, 0, 0)
    lot = _lots(producer)[0]
    assert (lot["material"], lot["available_from"], lot["available_to"]) == ("phosphogypsum", "2026-08-01", str(last))
    assert lot["assay"]["sampled_on"] == "2026-07-02"


def test_semicolons_quotes_and_blank_lines(producer: Member) -> None:
    quoted = lot_row(SITE, report_no='"a;b\n""c"""')
    text = write_csv([]).decode().replace(",", ";") + "\n\n" + ";".join(quoted) + "\n;;;\n" + ";".join(lot_row("?"))
    job = run(producer, text.encode())
    assert counts(job) == ("done", 1, 1, 0)
    assert refusals(job) == [(7, "/site_id", "unknown_site")]
    assert _lots(producer)[0]["assay"]["report_no"] == 'a;b\n"c"'


def test_dates_and_numbers_of_a_workbook(producer: Member) -> None:
    day = date(2026, 8, 1)
    row = lot_row(SITE, quantity_t=0.1 + 0.2, available_from=day, price_cny_per_t=-15.0, soluble_p2o5=2400.0)
    assert counts(run(producer, write_xlsx([row]), XLSX)) == ("done", 1, 0, 0)
    lot = _lots(producer)[0]
    assert (lot["quantity_t"], lot["available_from"], lot["price_cny_per_t"]) == (0.3, "2026-08-01", -15)


@pytest.mark.parametrize("write", [write_csv, write_xlsx])
def test_text_that_looks_like_a_formula_stays_text(write: Callable[..., bytes], producer: Member) -> None:
    formula = "=HYPERLINK(1)"
    job = run(producer, write([lot_row(SITE, report_no=formula)]), CSV if write is write_csv else XLSX)
    assert counts(job) == ("done", 1, 0, 0)
    assert _lots(producer)[0]["assay"]["report_no"] == formula


def test_more_refusals_than_shown_are_listed_by_page(producer: Member) -> None:
    job = run(producer, write_csv([lot_row("?") for _ in range(230)]))
    assert (len(job["refusals"]), job["has_more_refusals"], job["refused"]) == (200, True, 230)
    lines: list[int] = []
    cursor = None
    while True:
        query = {"limit": 100} | ({} if cursor is None else {"cursor": cursor})
        page = producer.get(f"/jobs/{job['id']}/refusals", **query)
        lines += [item["line"] for item in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert lines == list(range(2, 232))


def test_more_rows_than_a_chunk(producer: Member, database: Database) -> None:
    rows = [lot_row(SITE, quantity_t=number if number % 7 else "x") for number in range(1, 2301)]
    job = run(producer, write_csv(rows))
    bad = len(range(7, 2301, 7))
    assert counts(job) == ("done", 2300 - bad, bad, 0)
    assert (job["done"], job["total"]) == (2300, 2300)
    assert _count(database, Lot, Assay) == [2300 - bad, 2300 - bad]


def test_the_job_of_an_organisation_suspended_meanwhile_fails(world: World, database: Database) -> None:
    producer = world.producer()
    world.site(producer, name=SITE)
    with database.write() as session:  # no worker takes it up between handing in and suspending
        organisation = session.get(Organisation, UUID(producer.id))
        assert organisation is not None
        key_id = session.scalars(select(ApiKey.id).where(ApiKey.organisation_id == organisation.id)).one()
        organisation.status = OrganisationStatus.SUSPENDED
        job = Job(kind="lots_import", organisation_id=organisation.id, key_id=key_id, format="csv", dry_run=False)
        submit_job(session, job, write_csv([lot_row(SITE)]))
        session.commit()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with database.read() as session:
            ended = session.get_one(Job, job.id)
        if ended.status == JobStatus.FAILED:
            break
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert ended.error_code == "organisation_suspended"
    assert _count(database, Lot) == [0]
