"""`swx plan`: runs, shows and proves plans, and says which one is wrong."""

import json
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import undefer

from app.core.database import Database
from app.plans.models import Plan
from app.plans.packing import pack, unpack
from tests.cli.command import run_swx
from tests.factories import World


def test_a_plan_is_run_shown_and_proved(world: World, database: Database, database_url: str, tmp_path: Path) -> None:
    refused = run_swx("plan", "run", folder=tmp_path, url=database_url)
    assert (refused.exit_code, "no operator" in refused.stderr) == (1, True)
    operator = world.operator()
    world.lot(world.producer())
    world.demand(world.recycler(), quantity_t=9000)
    run = run_swx("plan", "run", "--district", "50", "--months", "3", "--json", folder=tmp_path, url=database_url)
    assert run.exit_code == 0, run.output
    plan = json.loads(run.stdout)
    assert float(plan["allocated_t"]) == 9000
    assert operator.get(f"/plans/{plan['id']}")["status"] == "done"
    shown = run_swx("plan", "show", plan["id"], folder=tmp_path, url=database_url)
    assert "可达综合利用率上限" in shown.stdout, shown.output
    assert "capacity 消纳能力不足" in shown.stdout
    proved = run_swx("plan", "verify", plan["id"], folder=tmp_path, url=database_url)
    assert (proved.exit_code, "is proved" in proved.stdout) == (0, True), proved.output
    _place_less(database)
    faulty = run_swx("plan", "verify", plan["id"], folder=tmp_path, url=database_url)
    assert (faulty.exit_code, "More can be placed" in faulty.stdout or "send" in faulty.stdout) == (1, True)


def _place_less(database: Database) -> None:
    with database.write() as session:
        content = session.scalars(select(Plan).options(undefer(Plan.solution))).one().solution
        assert content is not None
        arrays = unpack(content)
        arrays["flow_kg"] = arrays["flow_kg"] // 2
        session.execute(update(Plan).values(solution=pack(arrays)))
        session.commit()
