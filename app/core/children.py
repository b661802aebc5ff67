"""Processes that work for this one over standard streams: kept, because starting takes a second or two, and killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, cast


class Child:
    """A process that runs a module; it starts anew after it was ended."""

    def __init__(self, module: str, environment: Mapping[str, str] | None = None) -> None:
        """Name the module and its environment, default this process's own; `start` runs it."""
        self._module = module
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Have the process running; it is ready some seconds later."""
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603 - a module of ours
                [sys.executable, "-m", self._module],
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,  # what a buffer holds already, select would wait for in vain
                start_new_session=True,  # Ctrl-C is for who started us; and one signal ends it with its forks
            )

    def streams(self) -> tuple[IO[bytes], IO[bytes]]:
        """Return where the running process reads and where it answers; start it before."""
        process = cast("subprocess.Popen[bytes]", self._process)
        return cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)

    def close(self) -> None:
        """End the process, whatever it is doing."""
        if self._process is not None:
            streams = self.streams()
            process, self._process = self._process, None
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            for stream in streams:
                with suppress(BrokenPipeError):
                    stream.close()
