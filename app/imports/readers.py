"""The reading process as its user sees it: started once, because that takes seconds, and killed when it must stop."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from threading import Thread
from typing import IO, BinaryIO, cast

from app.core.framing import frames_of
from app.imports.frames import Answer, End, Failure, Request, decode_answer, write_request


class Reader:
    """A reading process; reads one file at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Have the process running; it is ready some seconds later."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "app.imports.reader"],
                env=_harmless_environment(),
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

    def read(self, request: Request, content: bytes, keep_on: Callable[[], None]) -> Generator[Answer, None, None]:
        """Yield the answers on a file, End or Failure last; `keep_on` is called while waiting, and may raise.

        Leaving the iteration early kills the process.
        """
        self.start()
        process = cast("subprocess.Popen[bytes]", self._process)
        # A thread of its own: the process may end, killed by its limits, before it has read all.
        sender = Thread(target=_send, args=(process.stdin, request, content), daemon=True)
        sender.start()
        is_complete = False
        try:
            for answer in _answers(cast(IO[bytes], process.stdout), keep_on):
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
