"""Starting of reading processes: one waits ready, because starting takes longer than reading a small file."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from selectors import EVENT_READ, DefaultSelector
from threading import Thread
from typing import IO, BinaryIO, cast

from app.imports.frames import Answer, End, Failure, Request, read_answer, write_request

#: How often who waits for an answer is asked whether it still wants it.
WAIT_SECONDS = 1.0


class Readers:
    """A reading process in waiting; each reads one file and ends."""

    def __init__(self) -> None:
        self._waiting: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """Have a process waiting."""
        if self._waiting is None:
            # Unbuffered: what a buffer holds already, select would wait for in vain.
            self._waiting = subprocess.Popen(
                [sys.executable, "-m", "app.imports.reader"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,  # Ctrl-C is for who started us
            )

    def close(self) -> None:
        """End the process that waits."""
        if self._waiting is not None:
            _end(self._waiting)
            self._waiting = None

    def read(self, request: Request, content: bytes, keep_on: Callable[[], None]) -> Iterator[Answer]:
        """Yield the answers on a file, End or Failure last; `keep_on` is called every second and may raise.

        Leaving the iteration early kills the process.
        """
        self.prepare()
        process, self._waiting = self._waiting, None
        assert process is not None  # noqa: S101 - prepared above
        assert process.stdin is not None  # noqa: S101 - a pipe, as asked for
        assert process.stdout is not None  # noqa: S101 - the same
        try:
            # A thread of its own: the process may end, killed by its limits, before it has read all.
            Thread(target=_send, args=(process.stdin, request, content), daemon=True).start()
            yield from _answers(process, process.stdout, keep_on)
        finally:
            _end(process)


def _send(stream: IO[bytes], request: Request, content: bytes) -> None:
    with suppress(BrokenPipeError, ValueError), stream:
        write_request(cast(BinaryIO, stream), request, content)


def _answers(process: subprocess.Popen[bytes], stream: IO[bytes], keep_on: Callable[[], None]) -> Iterator[Answer]:
    with DefaultSelector() as selector:
        selector.register(stream, EVENT_READ)
        while True:
            while not selector.select(WAIT_SECONDS):
                keep_on()
            answer = read_answer(cast(BinaryIO, stream))
            if answer is None:
                code = process.wait()
                detail = f"Reading the file took too much time or memory (ended with {code}); split or simplify it."
                yield Failure("file_too_heavy", detail)
                return
            yield answer
            if isinstance(answer, (End, Failure)):
                return


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(BrokenPipeError):
                stream.close()
