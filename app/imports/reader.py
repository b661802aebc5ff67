"""The reading process: reads one file under limits of memory and time, and sends what it finds; run by `readers`."""

import gc
import resource
import sys

from app.catalogue.reference import reference
from app.core import clock
from app.imports.checking import check_file
from app.imports.frames import Failure, read_request, write_answer
from app.imports.limits import MAX_CPU_SECONDS, MAX_MEMORY_BYTES


def main() -> None:
    """Answer one request from standard input on standard output."""
    reference()  # takes a while, and is done before there is anything to read
    asked = read_request(sys.stdin.buffer)
    if asked is None:
        return
    request, content = asked
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = MAX_CPU_SECONDS + int(used.ru_utime + used.ru_stime)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    clock.use_zone(request.zone)
    gc.set_threshold(100_000, 50, 100)  # a file is a million of lasting objects, which are not worth looking through
    try:
        for answer in check_file(request, content):
            write_answer(sys.stdout.buffer, answer)
    except MemoryError:
        detail = f"Reading the file takes more than {MAX_MEMORY_BYTES // 10**6:,} MB of memory; split it."
        write_answer(sys.stdout.buffer, Failure("file_too_heavy", detail))
    except BrokenPipeError:  # whoever asked has gone
        sys.exit(1)


if __name__ == "__main__":
    main()
