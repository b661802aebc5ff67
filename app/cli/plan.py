"""`swx plan`: how high the rate could go, who would take what, and the proof that it is so."""

from typing import Annotated
from uuid import UUID

import msgspec
import typer
from rich.console import Console
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from app.allocation.question import check_question
from app.auth.actor import Actor, Role
from app.auth.models import ApiKey
from app.cli.databases import open_database
from app.cli.plan_words import show_answer, show_proof
from app.cli.progress import show_progress
from app.cli.refusals import Refusal, notes
from app.core import clock
from app.core.database import Database
from app.core.settings import Settings
from app.matching.conventions import months_before
from app.matching.ranking import tariff_of
from app.organisations.callers import actor_of
from app.organisations.models import Organisation, OrganisationStatus
from app.plans.asking import scenario_of
from app.plans.keeping import read_input, read_solution
from app.plans.models import Plan, PlanId
from app.plans.packing import digest, unpack
from app.plans.planning import plan as compute
from app.plans.planning import read
from app.plans.schemas import PlanPost
from app.plans.steps import PLAN_STEPS
from app.plans.storing import store_plan
from app.transport.solver import Objective
from app.transport.verification import verify

_Identifier = Annotated[UUID, typer.Argument(metavar="ID", help="Id of a plan.")]
_AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def run_plan(
    district: Annotated[str | None, typer.Option(help="Whose waste: district key or leading digits, as 50.")] = None,
    material: Annotated[list[str] | None, typer.Option(help="A stream that counts; repeatable.")] = None,
    months: Annotated[int, typer.Option(min=1, max=12, help="Horizon from this month on.")] = 1,
    max_distance_km: Annotated[float | None, typer.Option(help="No haul is longer.")] = None,
    objective: Annotated[Objective, typer.Option(help="What is sought.")] = Objective.MAX_UTILISATION_THEN_MIN_COST,
    target_rate_pct: Annotated[float | None, typer.Option(help="With the objective min_cost_for_rate.")] = None,
    *,
    as_json: _AsJson = False,
) -> None:
    """Compute and keep a plan of the present market, for the operator of the exchange.

    The rate is a computed bound, not a forecast.
    """
    settings = _settings()
    asked: dict[str, object] = {
        "district": district,
        "materials": material or None,
        "months": months,
        "objective": objective,
    }
    asked |= {"max_distance_km": max_distance_km, "target_rate_pct": target_rate_pct}
    wish = PlanPost.model_validate(asked)
    with open_database(settings) as database:
        with database.read() as session:
            operator = _find_operator(session)
        plan = _run(database, settings, wish, operator)
    _print(plan, as_json=as_json)


def show_plan(identifier: _Identifier, *, as_json: _AsJson = False) -> None:
    """Print what a plan comes to: rate, tonnes, cost, what stands in the way, prices at the margin."""
    with open_database(_settings(), may_migrate=False) as database, database.read() as session:
        _print(_find(session, identifier), as_json=as_json)


def verify_plan(identifier: _Identifier) -> None:
    """Prove that a kept plan is possible and that none is better, without the solver; exit code 1 and a list if not."""
    with open_database(_settings(), may_migrate=False) as database, database.read() as session:
        plan = _find(session, identifier)
    assert plan.input is not None and plan.solution is not None  # noqa: PT018, S101 - it is done
    faults = []
    if digest(unpack(plan.input)) != plan.input_sha256:
        faults.append("What was solved is not what the plan says: its digest is another")
    posed = read_input(plan.input)
    solution = read_solution(plan.solution, posed)
    faults += verify(posed.network, posed.objective, solution, base=posed.base, target_pct=posed.target_pct)
    if faults:
        for fault in faults:
            typer.echo(fault)
        notes.print(f"Faults of the plan 方案未通过验证: {len(faults)}", style="red")
        raise typer.Exit(1)
    Console(highlight=False).print(show_proof(plan.input_sha256 or "", posed, solution), soft_wrap=True)


def _settings() -> Settings:
    settings = Settings()
    clock.use_zone(settings.timezone)
    return settings


def _find_operator(session: Session) -> Actor:
    """Return the oldest active operator, whose plan it is; raises Refusal where there is none."""
    query = (
        select(ApiKey, Organisation)
        .join(Organisation, Organisation.id == ApiKey.organisation_id)
        .where(Organisation.status == OrganisationStatus.ACTIVE)
        .order_by(Organisation.id, ApiKey.id)
    )
    for key, organisation in session.execute(query):
        if Role.OPERATOR in organisation.roles:
            return actor_of(key, organisation)
    raise Refusal('There is no operator to keep it for; make one with: swx keys issue --role operator --name "…"')


def _run(database: Database, settings: Settings, wish: PlanPost, operator: Actor) -> Plan:
    """Compute a plan step by step, and keep it."""
    question = check_question(scenario_of(wish), operator)
    assays_since = months_before(clock.today(), settings.assay_max_age_months)
    with show_progress("Planning 编制方案", len(PLAN_STEPS)) as advance:
        with database.snapshot() as session:
            reading = read(session, question, tariff_of(settings), assays_since)
        planned = compute(reading, wish, question, lambda _: advance(1))
        plan = Plan(organisation_id=operator.organisation_id, question=wish.model_dump(mode="json"))
        with database.write() as session:
            session.add(plan)
            session.flush()
            store_plan(session, plan, planned)
            session.commit()
        advance(1)
    return plan


def _find(session: Session, identifier: UUID) -> Plan:
    """Return a plan that is done, with all that is kept of it; raises Refusal."""
    kept = (undefer(Plan.input), undefer(Plan.solution))
    plan = session.scalar(select(Plan).where(Plan.id == PlanId(identifier)).options(*kept))
    if plan is None:
        raise Refusal(f"There is no plan {identifier}.")
    if plan.answer is None:
        raise Refusal(f"The plan {identifier} has no answer yet; GET /v1/plans/{identifier} says how far it is.")
    return plan


def _print(plan: Plan, *, as_json: bool) -> None:
    answer = msgspec.json.decode(plan.answer or "{}")
    if as_json:
        typer.echo(msgspec.json.encode({"id": str(plan.id), "question": plan.question, **answer}).decode())
        return
    Console(highlight=False).print(show_answer(str(plan.id), answer))
