"""`python -m benchmarks`: measures, prints the tables and, with --record, puts them into README.md."""

import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import alerts as alerts_part
from benchmarks import imports as imports_part
from benchmarks import loads as loads_part
from benchmarks import plans as plans_part
from benchmarks import problems as problems_part
from benchmarks import search as search_part
from benchmarks import statistics as statistics_part
from benchmarks import tables as tables_part
from benchmarks import whole_plans as whole_plans_part
from benchmarks.bulk import loading
from benchmarks.figures import Row, as_dated_table, record_table
from benchmarks.market import make_market
from benchmarks.servers import ENGINES, describe_engine, fresh_database

_PER_ENGINE = {
    "alerts": alerts_part.measure,
    "imports": imports_part.measure,
    "loads": loads_part.measure,
    "problems": problems_part.measure,
    "tables": tables_part.measure,
    "whole_plans": whole_plans_part.measure,
}
PARTS = ("search", "statistics", *_PER_ENGINE, "plans")


def main(
    only: Annotated[str, typer.Option(help="Parts, separated by commas.")] = ",".join(PARTS),
    lots: Annotated[str, typer.Option(help="Sizes of the market.")] = "10000,100000",
    entries: Annotated[
        str, typer.Option(help="Sizes of the ledger; 10000000 takes 9 GB and ten minutes an engine, once with --keep.")
    ] = "1000000",
    engine: Annotated[str, typer.Option(help="Databases.")] = ",".join(ENGINES),
    *,
    keep: Annotated[
        Path | None, typer.Option(help="Folder where ledgers of `statistics` are kept for the next run, or found.")
    ] = None,
    record: Annotated[bool, typer.Option(help="Put the tables into README.md.")] = False,
) -> None:
    """Measure the exchange on this machine; everything it starts is stopped and removed."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended so, it cleans up as well
    parts, engines = _chosen(only, PARTS), _chosen(engine, ENGINES)
    sizes = {"search": _sizes(lots), "statistics": _sizes(entries)}
    for part in parts:
        rows = list(_shown(_measured(part, engines, sizes.get(part, []), keep)))
        table = as_dated_table(rows)
        typer.echo(table)
        if record:
            record_table(part, table)


def _sizes(text: str) -> list[int]:
    return [int(size) for size in text.split(",")]


def _chosen(text: str, known: Sequence[str]) -> list[str]:
    words = [word.strip() for word in text.split(",")]
    if not set(words) <= set(known):
        raise typer.BadParameter(f"{text}: choose among {', '.join(known)}")
    return words


def _search(engines: Sequence[str], sizes: Sequence[int]) -> Iterator[Row]:
    for engine in engines:
        for size in sizes:
            with fresh_database(engine) as url:
                typer.echo(f"{engine}: making a market of {size:,} lots", err=True)
                with loading(url) as loader:
                    market = make_market(loader, size)
                name = f"{describe_engine(url)}, {size:,} lots"
                yield from search_part.measure(search_part.Setting(url, market, name))


def _measured(part: str, engines: Sequence[str], sizes: Sequence[int], keep: Path | None) -> Iterator[Row]:
    if part == "search":
        yield from _search(engines, sizes)
        return
    if part == "plans":
        yield from plans_part.measure()
        return
    for engine in engines:
        is_ledger = part == "statistics"
        yield from statistics_part.measure(engine, sizes, keep) if is_ledger else _PER_ENGINE[part](engine)


def _shown(rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        typer.echo(f"{row.on} · {row.measure}: {row.value:.2f} {row.unit} (load {row.load:.1f}) {row.remark}", err=True)
        yield row


if __name__ == "__main__":
    typer.run(main)
