"""What a process has loaded once it stands lasts as long as the process."""

import gc


def settle_memory() -> None:
    """Keep the garbage collector from looking through all that is loaded now, again and again.

    Modules, routes and catalogues are a million objects; bulk work makes so many more that it would be stopped for
    them every few thousand rows.
    """
    gc.collect()
    gc.freeze()
