"""The market that every run of the state machine begins with, made once for a worker and copied."""

from dataclasses import dataclass

from anyio.from_thread import BlockingPortal
from fastapi import FastAPI

from app.core.clock import today
from app.core.database import Database
from tests.clients import AppClient
from tests.databases import Templates
from tests.factories import Body, Deal, Member, World

YEAR = today().year - 1
TEMPLATE = "machine"
FIRST_DAY = f"{YEAR - 1}-01-01"


@dataclass(frozen=True)
class Beginning:
    """The market that every run begins with: stock of two years, a month declared, loads in every state."""

    deal: Deal
    authority: Member
    operator: Member
    on_the_way: tuple[Body, ...]
    received: tuple[Body, ...]


def fill_template(application: FastAPI, portal: BlockingPortal, templates: Templates, engine: str) -> None:
    """Make the market that every run begins with, once for a worker."""

    def fill(database: Database) -> Beginning:
        application.state.database = database.as_nobody()
        world = World(AppClient(application, portal), database)
        deal = world.deal(1).offer(900).agree(700, starts_on=FIRST_DAY)
        deal.opening(40, YEAR - 2)
        deal.opening(60, YEAR - 1)
        deal.declare(f"{YEAR}-01", 90, self_utilised_t=12, self_utilised_from_prior_t=5, disposed_t=3)
        december, first, second, third = (
            deal.dispatch(tonnes, f"{month}-10")
            for tonnes, month in ((20, f"{YEAR - 1}-12"), (30, f"{YEAR}-01"), (25, f"{YEAR}-01"), (15, f"{YEAR}-02"))
        )
        received = (
            deal.receive(december, f"{YEAR}-01-02", net_t=19.95, refused_t=4, reason="wet"),
            deal.receive(first, f"{YEAR}-01-12", net_t=27.5),  # outside the tolerance: disputed
        )
        deal.use(8, f"{YEAR}-01-20")
        operator = world.operator()
        for month in range(1, 12):
            operator.post(f"/ledger/periods/{YEAR - 1}-{month:02d}/close", status=200)
        return Beginning(deal, world.government("50"), operator, (second, third), received)

    templates.fill(engine, TEMPLATE, fill)
