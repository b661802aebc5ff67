"""The reading process as its user sees it: started with the first file, and killed when it must stop."""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from threading import Thread
from typing import IO, BinaryIO, cast

from app.core.children import Child
from app.core.framing import frames_of
from app.imports.frames import Answer, End, Failure, Request, decode_answer, write_request


class Reader(Child):
    """A reading process; reads one file at a time."""

    def __init__(self) -> None:
        super().__init__("app.imports.reader", _harmless_environment())

    def read(self, request: Request, content: bytes, keep_on: Callable[[], None]) -> Generator[Answer, None, None]:
        """Yield the answers on a file, End or Failure last; `keep_on` is called while waiting, and may raise.

        Leaving the iteration early kills the process.
        """
        self.start()
        requests, answers = self.streams()
        # A thread of its own: the process may end, killed by its limits, before it has read all.
        sender = Thread(target=_send, args=(requests, request, content), daemon=True)
        sender.start()
        is_complete = False
        try:
            for answer in _answers(answers, keep_on):
                is_complete = isinstance(answer, (End, Failure))
                yield answer
            if not is_complete:
                yield Failure("file_too_heavy", "Reading the file took too much time or memory; split or simplify it.")
        finally:
            if not is_complete:
                self.close()
            sender.join()


def _harmless_environment() -> dict[str, str]:
    """Return the environment without what a file, were it to take over its reader, could do harm with."""
    return {name: value for name, value in os.environ.items() if not name.upper().startswith("SWX_")}


def _send(stream: IO[bytes], request: Request, content: bytes) -> None:
    with suppress(BrokenPipeError, ValueError):  # killed meanwhile, or closed
        write_request(cast(BinaryIO, stream), request, content)


def _answers(stream: IO[bytes], keep_on: Callable[[], None]) -> Iterator[Answer]:
    """Yield answers until the last one, or until the stream ends without it."""
    for body in frames_of(stream, keep_on):
        answer = decode_answer(body)
        yield answer
        if isinstance(answer, (End, Failure)):
            return
