"""Follows the chain of hashes event by event, tells what was tampered with, and goes on behind it. Pure.

A row stands if its hash follows from the one before. One that does not is kept until a later row follows from
something: from the hash it carries (then its content was changed), from the hash that its content makes (then only the
hash was), or from the last row that stood (then it was put in). So one fault is one finding, and not all that follow.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple

from app.events import findings
from app.events.chain import GENESIS, chain_hash
from app.events.findings import Finding
from app.events.places import MOST_STRAYS, Row, Run, place_strays

#: A longer run of rows that do not stand is told as one.
_LONGEST_RUN = 200
#: How far rows are looked for that were moved to make or to fill a place.
_FARTHEST = 64
_NOTHING: Sequence[Finding] = ()


class Link(NamedTuple):
    """A position and the hash of its event: all that the next one follows from."""

    position: int
    hash: str


START = Link(0, GENESIS)


class Head(NamedTuple):
    """The head as it is stored, and the hash of the event at its position, None where there is none."""

    position: int
    hash: str
    hash_there: str | None


class _How(Enum):
    """What the row after a run follows from: what its last row carries or makes, what stood last or before that."""

    CARRIED = auto()
    MADE = auto()
    PASSED = auto()
    BEFORE = auto()
    LOST = auto()


@dataclass
class Tracer:
    """Rows are handed over in order of their positions; `start` is what the first of them follows from."""

    start: Link = START
    anchors: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Stand where the rows begin."""
        self._stood = self._before = self.start
        self._last = self.start.position
        self._shift = 0  # positions as recorded less those where rows stand now
        self._run: list[Row] = []
        self._run_first = 0
        self._made = ""  # the hash that the contents of the run make
        self._strays: list[Run] = []
        self._passed: tuple[Row, int] | None = None  # the row before the one that stood, which it passed over; shift

    def follow(self, row: Row) -> Sequence[Finding]:
        """Take the next row and return what is certain by now."""
        is_next = row.position == self._last + 1 and row.position + self._shift not in self.anchors
        if is_next and not self._run and self._passed is None and self._stands(row):
            return _NOTHING
        return list(self._examine(row))

    def end(self, head: Head | None) -> Iterator[Finding]:
        """Return all else that is wrong, once every row was handed over."""
        yield from self._settle(lambda before, _: head is not None and head.hash == before, self._last + 1)
        last_hash = self._run[-1].hash if self._run else self._stood.hash
        run_first, how = (self._run_first if self._run else None), self._how_head_follows(head)
        yield from self._close_run(how, self._shift)
        yield from self._settle(lambda *_: False, 0)
        yield from place_strays(self._strays)
        for position in sorted(position for position in self.anchors if position > self._last):
            yield findings.anchor_missed(position, f"the last event is {self._last}; those after it are missing")
        if head is None:
            yield findings.head_changed(0, "its row is gone")
        elif run_first is None:
            yield from self._judge_head(head, last_hash)
        elif how is _How.PASSED and head.position in {run_first - 1, self._last}:
            return  # what was put in at the end is told already
        elif head.position > self._last:
            yield findings.missing(self._last + 1, head.position, detail="; the end was cut off")
        elif head.position < self._last:
            yield findings.head_changed(head.position, f"counts {head.position}, and the last event is {self._last}")

    def _stands(self, row: Row) -> bool:
        """Tell whether a row follows from the one that stood last; then it is that one."""
        if chain_hash(self._stood.hash, row.position + self._shift, row.content) != row.hash:
            return False
        self._stand(row)
        self._last = row.position
        return True

    def _stand(self, row: Row) -> None:
        self._before, self._stood = self._stood, Link(row.position, row.hash)

    def _examine(self, row: Row) -> Iterator[Finding]:
        expected, self._last = self._last + 1, row.position
        yield from self._settle(lambda before, place: chain_hash(before, place, row.content) == row.hash, row.position)
        wanted = self.anchors.get(row.position + self._shift)
        if wanted not in {None, row.hash}:
            yield findings.anchor_missed(row.position, "another hash stands there; the events up to it were rewritten")
        is_gap = row.position > expected
        found = self._find_link(row, far=is_gap or 0 < len(self._run) <= 2)  # noqa: PLR2004 - later it is no use
        if found is not None:
            how, shift = found
            yield from self._close_run(how, shift)
            if is_gap:
                yield findings.hollow(expected, row.position - 1)
            self._shift = shift
            self._stand(row)
        elif is_gap:
            yield from self._close_run(_How.LOST, self._shift)
            detail = f"; position {row.position} after it cannot be checked without it"
            yield findings.missing(expected, row.position - 1, detail=detail)
            self._stand(row)
        else:
            self._break_off(row)

    def _break_off(self, row: Row) -> None:
        """Keep a row that does not stand until it is known why."""
        before = self._made if self._run else self._stood.hash
        self._made = chain_hash(before, row.position + self._shift, row.content)
        if not self._run:
            self._run_first = row.position
        if len(self._run) == _LONGEST_RUN:
            self._run = self._run[-1:]
        self._run.append(row)

    def _settle(self, follows: Callable[[str, int], bool], position: int) -> Iterator[Finding]:
        """Tell of a row that was passed over: its neighbour and it stand in each other's place, or it was put in."""
        if self._passed is None:
            return
        (passed, shift), self._passed = self._passed, None
        if follows(passed.hash, position + shift):
            yield findings.moved(passed.position, self._stood.position)
            yield findings.moved(self._stood.position, passed.position)
            self._stood, self._shift = Link(self._stood.position, passed.hash), shift
        else:
            yield findings.inserted(passed.position, passed.position)

    def _sources(self) -> dict[_How, str]:
        """Return the hashes that a row may follow from."""
        if not self._run:
            return {_How.PASSED: self._stood.hash}
        return {_How.CARRIED: self._run[-1].hash, _How.MADE: self._made, _How.PASSED: self._stood.hash}

    def _find_link(self, row: Row, *, far: bool) -> tuple[_How, int] | None:
        """Return what a row follows from, and how far it stands from where it was recorded."""
        before, place = self._before.hash, row.position + self._shift - 1
        if not self._run and chain_hash(before, place, row.content) == row.hash:
            return _How.BEFORE, self._shift - 1
        shifts = [self._shift]
        if far:
            shifts += [self._shift + sign * steps for steps in range(1, _FARTHEST + 1) for sign in (-1, 1)]
        for shift in shifts:
            for how, before in self._sources().items():
                if chain_hash(before, row.position + shift, row.content) == row.hash:
                    return how, shift
        return None

    def _close_run(self, how: _How, shift: int) -> Iterator[Finding]:
        """Tell of the rows that did not stand, now that it is known what the next one follows from."""
        if how is _How.BEFORE:
            yield findings.inserted(self._stood.position, self._stood.position)
        if not self._run:
            return
        run, first, last = self._run, self._run_first, self._run[-1].position
        self._run = []
        is_long = len(run) != last - first + 1
        if how is _How.PASSED and len(run) == 1:
            self._passed = run[0], self._shift
        elif how is _How.PASSED:
            yield from _each(findings.inserted, first, last, is_long=is_long)
        elif how is _How.MADE:
            yield from _each(findings.hash_changed, first, last, is_long=is_long)
        elif shift > self._shift:
            recorded = first + self._shift
            detail = f"; the events after it were moved to fill its place, and position {first} cannot be checked"
            yield findings.missing(recorded, recorded + shift - self._shift - 1, detail=detail)
        elif how is _How.CARRIED and len(run) == 1:
            yield findings.changed(first, last, after=self._stood.position)
        elif is_long or sum(len(kept.strays) for kept in self._strays) + len(run) > MOST_STRAYS:
            yield findings.changed(first, last)
        else:
            self._strays.append(Run(self._stood.hash, self._shift, run, is_last_hash_right=how is _How.CARRIED))

    def _how_head_follows(self, head: Head | None) -> _How:
        """Return which of the ends that the rows may have is that of the head."""
        for how, before in self._sources().items():
            if head is not None and head.hash == before:
                return how
        return _How.LOST

    def _judge_head(self, head: Head, last_hash: str) -> Iterator[Finding]:
        """Compare the head with rows that stood to the end."""
        last = self._last
        if head.hash == last_hash and head.position in {last, last + self._shift}:
            return
        if head.hash == last_hash:
            yield findings.head_changed(head.position, f"counts {head.position} events, and its hash is that of {last}")
        elif head.position > last:
            yield findings.missing(last + 1, head.position, detail="; the end was cut off")
        elif head.position < last and head.hash == head.hash_there:
            yield findings.inserted(head.position + 1, last, f"the exchange has recorded {head.position} events")
        elif head.position < last:
            yield findings.head_changed(head.position, f"counts {head.position} events, and the last is {last}")
        else:
            yield findings.head_changed(last, f"its hash is not that of position {last} (or that event was rewritten)")


def _each(tell: Callable[[int, int], Finding], first: int, last: int, *, is_long: bool) -> Iterator[Finding]:
    """Yield a finding for each position, one for all of a long run."""
    if is_long:
        yield tell(first, last)
        return
    yield from (tell(position, position) for position in range(first, last + 1))
