"""Series of timings and the table that they become."""

import re
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple, TypeVar

from benchmarks.servers import describe_machine, load_average

#: Above this the machine was busy with something else, and a series is taken again.
BUSY_LOAD = 2.5
_TRIES = 2
_README = Path(__file__).with_name("README.md")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Series:
    """How long each of many calls took, in milliseconds, sorted."""

    ms: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.ms)

    @property
    def p95(self) -> float:
        """That which 95 % do not exceed."""
        return self.ms[min(len(self.ms) - 1, int(len(self.ms) * 0.95))]


class Clock:
    """Times calls of several sides, which take turns, so that a busy machine slows them alike."""

    def __init__(self) -> None:
        self._took: dict[str, list[float]] = {}

    def time(self, side: str, call: Callable[[], Answer]) -> Answer:
        """Return what a call returns and keep how long it took."""
        begun = time.perf_counter()
        answer = call()
        self._took.setdefault(side, []).append((time.perf_counter() - begun) * 1000)
        return answer

    def series(self, side: str) -> Series:
        """Return the timings of one side."""
        return Series(tuple(sorted(self._took[side])))


class Goal(NamedTuple):
    """The figure to reach, in words, and whether it is."""

    wanted: str
    is_reached: bool


@dataclass(frozen=True)
class Row:
    """One line of the table; `load` is the load average after the series."""

    measure: str
    on: str
    value: float
    unit: str
    load: float
    goal: Goal | None = None
    remark: str = ""


def at_most(value: float, limit: float) -> Goal:
    """Return the goal of a figure that is better small."""
    return Goal(f"≤ {limit:g}", value <= limit)


def at_least(value: float, limit: float) -> Goal:
    """Return the goal of a figure that is better large."""
    return Goal(f"≥ {limit:g}", value >= limit)


def calmest(measure: Callable[[], Answer]) -> tuple[Answer, float]:
    """Return a measurement with the load average during it; repeated while the machine is busy, the calmest kept."""
    taken: list[tuple[float, Answer]] = []
    for _ in range(_TRIES):
        answer = measure()
        taken.append((load_average(), answer))
        if taken[-1][0] <= BUSY_LOAD:
            break
    load, answer = min(taken, key=lambda pair: pair[0])
    return answer, load


def as_markdown(rows: Sequence[Row]) -> str:
    """Return the rows as a table."""
    lines = ["| measure | on | figure | must reach | load | remark |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {row.measure} | {row.on} | {_written(row.value)} {row.unit} | {_standing(row.goal)} "
        f"| {row.load:.1f} | {row.remark} |"
        for row in rows
    ]
    return "\n".join(lines)


def as_dated_table(rows: Sequence[Row]) -> str:
    """Return day, machine and the rows as a table."""
    return f"{date.today()}: {describe_machine()}.\n\n{as_markdown(rows)}"  # noqa: DTZ011 - of who measures


def record_table(part: str, table: str) -> None:
    """Put a table into README.md, in place of the part's last one."""
    begin, end = f"<!-- {part} -->", f"<!-- end of {part} -->"
    text = _README.read_text()
    replaced, count = re.subn(f"{begin}.*?{end}", lambda _: f"{begin}\n{table}\n{end}", text, flags=re.DOTALL)
    if count != 1:
        raise RuntimeError(f"{_README} has no place for {part}")
    _README.write_text(replaced)


def _written(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}" if value < 10 else f"{value:.1f}"  # noqa: PLR2004


def _standing(goal: Goal | None) -> str:
    return "" if goal is None else f"{goal.wanted}: {'yes' if goal.is_reached else '**no**'}"
