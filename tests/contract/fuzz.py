"""`make fuzz`: random requests to every operation on both engines until the time is up; prints the seeds."""

import argparse
import random
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.core.database import Database
from app.core.settings import Settings
from app.main import create_app
from tests.api.market import OPERATIONS, Market
from tests.contract.attack import Attack, Plan, Report
from tests.databases import ENGINES, Templates
from tests.factories import World

PHASES = ("examples", "coverage", "fuzzing")
EXAMPLES = 100


def main() -> int:
    """Attack in rounds, each with a seed of its own; return 1 where an answer was not what the document says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--engine", choices=ENGINES, action="append")
    parser.add_argument("--examples", type=int, default=EXAMPLES)
    parser.add_argument("operations", nargs="*", metavar="operation")
    given = parser.parse_args()
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    ends_at = time.monotonic() + given.seconds
    faults, sent, seed = 0, Counter[str](), given.seed
    with TemporaryDirectory() as folder:
        application = create_app(Settings(data_dir=Path(folder)))
        application.state.database.dispose()
        templates = Templates()
        while time.monotonic() < ends_at:
            for engine in given.engine or ENGINES:
                print(f"seed {seed} on {engine}", flush=True)
                attack = Attack(
                    application, _market(application, templates, engine), Plan(seed, PHASES, given.examples)
                )
                for name in random.Random(seed).sample(
                    sorted(given.operations or OPERATIONS), k=len(given.operations or OPERATIONS)
                ):
                    if time.monotonic() > ends_at:
                        break
                    report = _attack_on_a_copy(application, templates, engine, attack, name)
                    sent += report.sent
                    faults += len(report.faults)
                    for text in report.faults.values():
                        print(f"\nseed {seed} on {engine}, {name}: {text}", flush=True)
            seed += 1
        templates.stop()
    print(f"{sent.total():,} requests, {faults} faults")
    return 1 if faults else 0


def _market(application: FastAPI, templates: Templates, engine: str) -> Market:
    def make(database: Database) -> Market:
        application.state.database = database.as_nobody()
        return Market(World(TestClient(application), database))

    templates.fill(engine, "market", make)
    made: Market = templates.made(engine, "market")
    return made


def _attack_on_a_copy(application: FastAPI, templates: Templates, engine: str, attack: Attack, name: str) -> Report:
    with templates.copy(engine, "market") as url:
        database = Database(url).as_exchange()
        application.state.database = database.as_nobody()
        try:
            return attack.run(name)
        finally:
            database.dispose()


if __name__ == "__main__":
    sys.exit(main())
