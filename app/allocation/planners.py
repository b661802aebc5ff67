"""The computing process as its user sees it: started with the first plan, and killed when it must stop."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import IO, BinaryIO, cast

from app.allocation.results import Advanced, Answer, Failed, Order, decode_answer, encode
from app.core.framing import frames_of, write_frame


class Planner:
    """A computing process; computes one plan at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Have the process running; it is ready some seconds later."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "app.allocation.computing"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,  # what a buffer holds already, select would wait for in vain
                start_new_session=True,  # Ctrl-C is for who started us; and one signal ends it with its forks
            )

    def close(self) -> None:
        """End the process, whatever it is doing."""
        if self._process is not None:
            process, self._process = self._process, None
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            for stream in (process.stdin, process.stdout):
                with suppress(BrokenPipeError):
                    cast(IO[bytes], stream).close()

    def compute(self, order: Order, keep_on: Callable[[], None]) -> Generator[Answer, None, None]:
        """Yield the answers to an order, the last one no Advanced; `keep_on` is called while waiting, and may raise.

        Leaving the iteration early kills the process.
        """
        self.start()
        process = cast("subprocess.Popen[bytes]", self._process)
        is_complete = False
        try:
            with suppress(BrokenPipeError):  # killed meanwhile: then it says nothing
                write_frame(cast(BinaryIO, process.stdin), encode(order))
            for body in frames_of(cast(IO[bytes], process.stdout), keep_on):
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
