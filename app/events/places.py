"""Puts events that stand in each other's places back, so that a swap is told as one and accuses no neighbour. Pure."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from app.events import findings
from app.events.chain import chain_hash
from app.events.findings import Finding

#: Every place is tried with every stray.
MOST_STRAYS = 1000


class Row(NamedTuple):
    """An event as it is stored; a stray does not follow from the one before it."""

    position: int
    content: str
    hash: str


class Run(NamedTuple):
    """Neighbouring strays, and the hash that the first of their places follows from.

    `shift` is how far they stand from where they were recorded; the last one's hash is right if a row follows from it.
    """

    before: str
    shift: int
    strays: Sequence[Row]
    is_last_hash_right: bool


def place_strays(runs: Sequence[Run]) -> Iterator[Finding]:
    """Yield what is wrong at each place: the event of another one, or one that was changed."""
    strays = [stray for run in runs for stray in run.strays]
    for run in runs:
        yield from _place(run, strays)


def _place(run: Run, strays: Sequence[Row]) -> Iterator[Finding]:
    before, is_known = run.before, True
    last = run.strays[-1]
    for index, stray in enumerate(run.strays):
        fitting = _find_fitting(before, stray.position + run.shift, strays)
        if fitting is not None:
            if fitting.position != stray.position:
                yield findings.moved(stray.position, fitting.position)
            before, is_known = fitting.hash, True
        elif stray is not last or is_known or not run.is_last_hash_right:
            # Of the last one nothing else is known than that the hash before it is gone: told with the one before.
            tells_last = index == len(run.strays) - 2 and run.is_last_hash_right
            yield findings.changed(stray.position, stray.position, unproven=last.position if tells_last else None)
            before, is_known = stray.hash, False


def _find_fitting(before: str, position: int, strays: Sequence[Row]) -> Row | None:
    fits = (stray for stray in strays if chain_hash(before, position, stray.content) == stray.hash)
    return next(fits, None)
