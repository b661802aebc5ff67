"""`swx demo`: the exchange on this machine with a sample market, and three journeys through it over HTTP."""

import logging
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.rule import Rule

from app.auth.actor import Role
from app.cli.databases import database_file, hold_file
from app.cli.logs import LogFormat, set_up_logs
from app.cli.progress import show_progress
from app.cli.refusals import notes
from app.cli.serving import Host, Port, address_of, listen, make_server, run_beside
from app.cli.signals import stop_with_signals
from app.cli.working import run_worker, wait_for_end
from app.core import clock
from app.core.database import Database
from app.core.revisions import migrate
from app.core.settings import Environment, Settings
from app.samples import journeys, screens
from app.samples.journeys import Cast, JourneyFailed, Service
from app.samples.loading import Plan, load_market, plan_market

_MONTHS = 24
_LEAST_WIDTH = 120


def demo(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    *,
    once: Annotated[bool, typer.Option("--once", help="End after the journeys.")] = False,
    months: Annotated[int, typer.Option(min=1, max=60, help="Months of history to make up.")] = _MONTHS,
) -> None:
    """Start the exchange with an invented Chongqing market, play three journeys over HTTP and keep serving.

    The database of the demo is its own, made afresh each time in the folder demo/ of SWX_DATA_DIR.
    """
    stop_with_signals()
    settings = _settings_of_demo()
    clock.use_zone(settings.timezone)
    set_up_logs(LogFormat.PLAIN, logging.WARNING)
    file = database_file(settings.url)
    try:
        with listen(host, port) as listener, hold_file(file):
            plan = plan_market(clock.today(), months)
            cast = _make_database(settings, file, plan)
            with run_worker(settings), run_beside(make_server(settings), listener) as thread:
                succeeded = _play(Service(address_of(listener), cast), plan)
                if once and not succeeded:
                    raise typer.Exit(1)
                notes.print("\nEnding, as --once asks." if once else "\nServing until you press Ctrl-C.")
                if not once:
                    wait_for_end([thread])
    except KeyboardInterrupt:
        notes.print("\nStopped.")


def _settings_of_demo() -> Settings:
    """Return the settings for a database of the demo's own, whatever database the environment names."""
    settings = Settings()
    return settings.model_copy(
        update={
            "environment": Environment.DEVELOPMENT,
            "database_url": None,
            "read_database_url": None,
            "data_dir": settings.data_dir / "demo",
        }
    )


def _make_database(settings: Settings, file: Path | None, plan: Plan) -> Cast:
    """Make the demo's database afresh and load the market into it."""
    for suffix in ("", "-wal", "-shm"):
        Path(f"{file}{suffix}").unlink(missing_ok=True)
    market = plan.market
    notes.print(
        f"Making a market of {len(market.producers)} producers and {len(market.consumers)} consumers with "
        f"{len(plan.months)} months of history ({sum(len(deal.loads) for deal in plan.deals):,} loads) in {file}"
    )
    database = Database(settings.url).as_exchange()
    try:
        migrate(database.engine)
        with show_progress("Loading", plan.steps) as advance:
            return load_market(database, plan, settings.secret.get_secret_value().encode(), advance)
    finally:
        database.dispose()


def _play(service: Service, plan: Plan) -> bool:
    """Play the journeys and print what to try next; tell whether all of them succeeded."""
    console = Console(highlight=False)
    if console.width < _LEAST_WIDTH and not console.is_terminal:
        console = Console(highlight=False, width=_LEAST_WIDTH)
    names = service.cast.names
    try:
        console.print(Rule("1  A producer posts a lot 产废企业发布固废", align="left"))
        lot = journeys.post_a_lot(service, plan.today)
        console.print(screens.show_lot(lot, journeys.find_takers(service, lot)))
        console.print(Rule("2  A recycler finds lots for its demand 利用企业匹配货源", align="left"))
        console.print(screens.show_matches(*journeys.find_matches(service, lot)))
        console.print(Rule("3  The authority reads the utilisation rate 主管部门查看综合利用率", align="left"))
        console.print(screens.show_rates(journeys.read_rates(service, plan.months)))
    except JourneyFailed as failure:
        notes.print(f"The journey failed: {failure}", style="bold red", markup=False)
        return False
    console.print(Rule("Try it 试一试", align="left"))
    lines = [f"Serving {service.address}", f"Documentation {service.address}/docs", "", "Keys:"]
    lines += [f"  {role.value:<11}{service.cast.keys[role]}  {names[role]}" for role in Role]
    for what, line in journeys.curl_lines(service, lot, plan.months):
        lines += ["", f"# {what}", line] if what else [line]
    console.print("\n".join(lines), markup=False, soft_wrap=True)
    return True
