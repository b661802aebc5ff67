"""What a process has loaded once it stands lasts as long as the process."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


def settle_memory() -> None:
    """Keep the garbage collector from looking through all that is loaded now, again and again.

    Modules, routes and catalogues are a million objects; bulk work makes so many more that it would be stopped for
    them every few thousand rows.
    """
    gc.collect()
    gc.freeze()


@contextmanager
def loading() -> Iterator[None]:
    """Load what lasts with the collector off, and keep it from it then: a server is ready a sixth sooner."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()  # without a look for garbage, of which loading leaves little
        gc.enable()
