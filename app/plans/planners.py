"""The computing process as its user sees it: started with the first plan, and killed when it must stop."""

from collections.abc import Callable, Generator
from contextlib import suppress
from typing import BinaryIO, cast

from app.core.children import Child
from app.core.framing import frames_of, write_frame
from app.plans.results import Advanced, Answer, Failed, Order, decode_answer, encode


class Planner(Child):
    """A computing process; computes one plan at a time."""

    def __init__(self) -> None:
        super().__init__("app.plans.computing")

    def compute(self, order: Order, keep_on: Callable[[], None]) -> Generator[Answer, None, None]:
        """Yield the answers to an order, the last one no Advanced; `keep_on` is called while waiting, and may raise.

        Leaving the iteration early kills the process.
        """
        self.start()
        orders, answers = self.streams()
        is_complete = False
        try:
            with suppress(BrokenPipeError):  # killed meanwhile: then it says nothing
                write_frame(cast(BinaryIO, orders), encode(order))
            for body in frames_of(answers, keep_on):
                answer = decode_answer(body)
                is_complete = not isinstance(answer, Advanced)
                yield answer
                if is_complete:
                    return
            detail = "Computing ended without an answer: too little memory, or a fault of ours. Ask for less at once."
            yield Failed("computing_failed", detail)
        finally:
            if not is_complete:
                self.close()
