"""Life cycles as tables, state × action × who: code, refusals and documentation are made from them. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.core.errors import Conflict, Forbidden


class Who(StrEnum):
    """Who may take a step; the exchange takes its own by itself, when tonnes or days make it so."""

    OWNER = "its owner"
    PROPOSER = "the side that proposed it"
    OTHER = "the other side"
    PRODUCER = "the producer"
    RECYCLER = "the recycler"
    EITHER = "either side"
    EXCHANGE = "the exchange itself"


@dataclass(frozen=True)
class Step:
    """What an action makes of a state, and whose it is; `to` is None where a rule decides, which `rule` then says."""

    who: Who
    to: str | None
    rule: str = ""


@dataclass(frozen=True)
class Lifecycle:
    """All that can happen to one kind of object; `steps` maps (state, action) to what follows."""

    name: str
    name_zh: str
    states: type[StrEnum]
    begins: str
    steps: Mapping[tuple[str, str], Step]

    def take(self, status: str, action: str, is_turn: Callable[[Who], bool]) -> Step:
        """Return the step that an action is, for a caller who is all of whom `is_turn` is true.

        Raises Conflict `invalid_state` with `allowed` (the actions open to the caller in this state) when the state
        forbids it, and Forbidden `not_your_turn` when the state allows it to somebody else only.
        """
        step = self.steps.get((status, action))
        if step is None or step.who is Who.EXCHANGE:
            detail = f"The {self.name} is {status}, so {action} is not possible."
            raise Conflict("invalid_state", detail, state=status, allowed=self.allowed(status, is_turn))
        if not is_turn(step.who):
            raise Forbidden("not_your_turn", f"Only {step.who} may {action}.")
        return step

    def allowed(self, status: str, is_turn: Callable[[Who], bool]) -> list[str]:
        """Return the actions open to a caller in a state."""
        return [
            action
            for (state, action), step in self.steps.items()
            if state == status and step.who is not Who.EXCHANGE and is_turn(step.who)
        ]


def is_owner(who: Who) -> bool:
    """Tell whether an owner may take a step: objects of one side alone."""
    return who is Who.OWNER
