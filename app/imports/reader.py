"""The reading process: reads files one after the other, each in a fork of its own under limits of memory and time."""

import gc
import os
import resource
import sys

from app.catalogue.reference import reference
from app.core import clock
from app.core.memory import settle_memory
from app.imports.checking import check_file
from app.imports.frames import Failure, Request, read_request, write_answer
from app.imports.limits import MAX_CPU_SECONDS, MAX_MEMORY_BYTES


def main() -> None:
    """Answer requests from standard input on standard output until there are no more.

    The fork costs next to nothing, starting over would take seconds. One that its limits have killed may have left
    half an answer: then this process ends too, and whoever asked starts another.
    """
    reference()
    settle_memory()
    while (asked := read_request(sys.stdin.buffer)) is not None:
        child = os.fork()
        if child == 0:
            _answer(*asked)
            os._exit(0)
        del asked
        if os.waitpid(child, 0)[1]:
            sys.exit(1)


def _answer(request: Request, content: bytes) -> None:
    """Send all that a file has to say."""
    for what, most in (
        (resource.RLIMIT_AS, MAX_MEMORY_BYTES),
        (resource.RLIMIT_CPU, MAX_CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),  # it writes to its pipe alone
        (resource.RLIMIT_CORE, 0),  # what is read is private
    ):
        resource.setrlimit(what, (most, most))
    gc.set_threshold(100_000, 50, 100)  # a file is a million of lasting objects, which are not worth looking through
    clock.use_zone(request.zone)
    try:
        for answer in check_file(request, content):
            write_answer(sys.stdout.buffer, answer)
    except MemoryError:
        detail = f"Reading the file takes more than {MAX_MEMORY_BYTES // 10**6:,} MB of memory; split it."
        write_answer(sys.stdout.buffer, Failure("file_too_heavy", detail))
    except BrokenPipeError:  # whoever asked has gone
        os._exit(1)


if __name__ == "__main__":
    main()
