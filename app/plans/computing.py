"""The process that computes plans, each in a fork of its own: reads a state of the market and answers on its output.

The fork costs next to nothing, starting over would take seconds. What a plan takes of memory ends with its fork; it
keeps no interpreter of a server to itself, and can be ended in the middle.
"""

import os
import sys
from collections.abc import Callable
from decimal import Decimal

from sqlalchemy import select

from app.catalogue.reference import reference
from app.core import clock
from app.core.database import Database
from app.core.errors import Invalid
from app.core.framing import read_frame, write_frame
from app.core.memory import settle_memory
from app.core.timeouts import Purpose
from app.matching.conventions import months_before
from app.matching.ranking import Tariff
from app.plans.asking import scenario_of
from app.plans.kinds import PlanJobKind
from app.plans.models import Plan
from app.plans.planning import levers, plan, read
from app.plans.results import Advanced, Answer, Failed, Order, decode_order, encode
from app.plans.schemas import PlanPost


def main() -> None:
    """Answer orders from standard input until there are no more.

    A fork that failed may have left half an answer: then this process ends too, and whoever asked starts another.
    """
    # Loaded before the forks, each of which would else load them anew.
    from ortools.graph.python import max_flow, min_cost_flow  # noqa: F401, PLC0415

    reference()
    settle_memory()
    while (body := read_frame(sys.stdin.buffer)) is not None:
        child = os.fork()
        if child == 0:
            _answer(decode_order(body))
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            sys.exit(1)


def _answer(order: Order) -> None:
    clock.use_zone(order.zone)
    try:
        _send(compute(order, lambda done: _send(Advanced(done))))
    except BrokenPipeError:  # whoever asked has gone
        os._exit(1)


def compute(order: Order, advance: Callable[[int], None]) -> Answer:
    """Return what becomes of an order; `advance` is told the number of steps done."""
    database = Database(order.url, purpose=Purpose.WORKER).as_exchange()
    try:
        with database.read() as session:
            question = session.scalars(select(Plan.question).where(Plan.id == order.plan_id)).one()
        wish = PlanPost.model_validate(question)
        asked = scenario_of(wish)
        tariff = Tariff(order.detour_factor, Decimal(order.per_t_km_cny), Decimal(order.fixed_cny_per_t))
        assays_since = months_before(clock.today(), order.assay_max_age_months)
        with database.snapshot() as session:
            reading = read(session, asked, tariff, assays_since)
        work = levers if order.kind == PlanJobKind.LEVERS else plan
        return work(reading, wish, asked, advance)
    except Invalid as refusal:
        return Failed(refusal.code, refusal.detail)
    finally:
        database.dispose()


def _send(answer: Answer) -> None:
    write_frame(sys.stdout.buffer, encode(answer))


if __name__ == "__main__":
    main()
