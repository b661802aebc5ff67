"""Where the time of an import goes: reading and checking alone, landing alone, each timed and then profiled."""

import cProfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from uuid import UUID

from sqlalchemy import select

import app.tables  # noqa: F401 - foreign keys resolve once every table is known
from app.auth.actor import Actor
from app.core.clock import DEFAULT_ZONE
from app.core.database import Database
from app.core.settings import Settings
from app.imports.checking import check_file
from app.imports.frames import Chunk, Request
from app.imports.kinds import Format, ImportKind
from app.imports.landing import land_rows
from app.organisations.callers import authenticate
from app.organisations.models import Site
from benchmarks.figures import Row
from benchmarks.profiles import shares_of
from benchmarks.servers import load_average

_CHECK_PARTS = {
    "cells": "_read_cells",
    "validation": "validate_python",
    "measuring": "measure_texts",
    "assay as kept": "describe_results",
    "fingerprints": "take",
}
_LAND_PARTS = {
    "rows and ids": "_rows",
    "inserts": "insert_rows",
    "ranges": "_ranges_by_material",
    "fingerprints": "_remember_fresh",
    "events at commit": "_append",
}


def profile_import(url: str, key: str, content: bytes, name: str) -> Iterator[Row]:
    """Yield the speed of both sides of an import of lots, each alone in this process, with the share of its parts."""
    database = Database(url)
    with database.read() as session:
        actor = authenticate(session, key, Settings(_env_file=None).secret.get_secret_value().encode())
        sites = [(UUID(str(site.id)), site.name) for site in session.scalars(select(Site))]
    request = Request(ImportKind.LOTS, Format.CSV, DEFAULT_ZONE, sites)
    chunks: list[Chunk] = []

    def check() -> int:
        chunks[:] = [answer for answer in check_file(request, content) if isinstance(answer, Chunk)]
        return chunks[-1].end

    yield _row("reading and checking rows, alone", name, check, check, _CHECK_PARTS)
    half = len(chunks) // 2
    first, second = partial(_land, database, actor, chunks[:half]), partial(_land, database, actor, chunks[half:])
    yield _row("landing rows, alone", name, first, second, _LAND_PARTS)
    database.dispose()


def _land(database: Database, actor: Actor, chunks: Sequence[Chunk]) -> int:
    for chunk in chunks:
        with database.write() as session:
            land_rows(session, actor, ImportKind.LOTS, chunk.rows, dry_run=False)
            session.commit()
    return sum(len(chunk.rows) for chunk in chunks)


def _row(
    measure: str, name: str, timed: Callable[[], int], profiled: Callable[[], int], parts: Mapping[str, str]
) -> Row:
    """Time one call and profile the other; both return how many rows they dealt with."""
    begun = time.perf_counter()
    per_second = timed() / (time.perf_counter() - begun)
    profiler = cProfile.Profile()
    profiler.runcall(profiled)
    remark = f"profile: {shares_of(profiler, {part: (function,) for part, function in parts.items()})}"
    return Row(measure, name, per_second, "rows/s", load_average(), remark=remark)
