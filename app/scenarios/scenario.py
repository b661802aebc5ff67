"""What a plan is asked of when the market changes first: a question with its what-ifs, in their order."""

from dataclasses import dataclass

from app.allocation.question import Question
from app.scenarios.changes import Change


@dataclass(frozen=True)
class Scenario(Question):
    """A question whose market is changed first; without changes it is of the market as it stands."""

    changes: tuple[Change, ...] = ()
