"""`swx` in a process of its own, which a test can signal and kill."""

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from app.cli import main
from tests.drills import IS_LONG

SWX = Path(sys.executable).with_name("swx")
PATIENCE_SECONDS = 120
#: Loads the program once and forks at each start: to load it takes seconds, of which tests have some fifty.
_LOADED = multiprocessing.get_context("forkserver")
_LOADED.set_forkserver_preload(["tests.loaded"])


class Swx:
    """A command that runs; what it says, on either stream, goes to a file.

    It begins as a fork of a process that has loaded the program, or `anew`, as users start it and long drills do.
    """

    def __init__(
        self,
        *arguments: object,
        folder: Path,
        url: str | None = None,
        program: Callable[[], None] = main,
        anew: bool = IS_LONG,
        **variables: str,
    ) -> None:
        """Start it; `folder` is SWX_DATA_DIR, `url` SWX_DATABASE_URL; `program` stands in for `swx`."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SWX_")}
        environment |= {"SWX_DATA_DIR": str(folder), **({} if url is None else {"SWX_DATABASE_URL": url}), **variables}
        descriptor, messages = tempfile.mkstemp(prefix="messages-", dir=folder)
        os.close(descriptor)
        self._messages = Path(messages)
        words = list(map(str, arguments))
        start = _start_anew if anew else _fork
        self.pid, self._await = start(program, words, environment, self._messages)

    @property
    def messages(self) -> str:
        """What it has said so far."""
        return self._messages.read_text(encoding="utf-8")

    def poll(self) -> int | None:
        """Return its exit code, None while it runs; minus the number of the signal that killed it."""
        return self._await(0)

    def wait(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Return its exit code once it has ended; AssertionError with its messages when that takes too long."""
        code = self._await(seconds)
        assert code is not None, f"it does not end:\n{self.messages}"
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send it a signal and return its exit code once it has ended."""
        self.send_signal(number)
        return self.wait()

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill it, if it runs still."""
        self.end(signal.SIGKILL)


#: Wait so many seconds and return the exit code, None when the process has not ended.
_Await = Callable[[float], int | None]


def _start_anew(
    program: Callable[[], None], arguments: list[str], environment: dict[str, str], messages: Path
) -> tuple[int, _Await]:
    command = [SWX] if program is main else [sys.executable, "-m", program.__module__]
    with messages.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - programs of ours
            [*command, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    def wait(seconds: float) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        return process.returncode

    return process.pid, wait


def _fork(
    program: Callable[[], None], arguments: list[str], environment: dict[str, str], messages: Path
) -> tuple[int, _Await]:
    process = _LOADED.Process(target=_become, args=(program, arguments, environment, messages))
    process.start()
    assert process.pid is not None

    def wait(seconds: float) -> int | None:
        process.join(seconds)
        return process.exitcode

    return process.pid, wait


def _become(program: Callable[[], None], arguments: list[str], environment: dict[str, str], messages: Path) -> None:
    """Run a program with all that a new process would have of its own."""
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdin = os.fdopen(0, closefd=False)
    output = os.open(messages, os.O_WRONLY | os.O_APPEND)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(output, stream.fileno())
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["swx", *arguments]
    program()
