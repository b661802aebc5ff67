"""A progress bar that shows itself only when something takes longer than a second."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.cli.refusals import notes

_PATIENCE_SECONDS = 1.0


@contextmanager
def show_progress(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Yield what is called with the number of steps that were done since."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    progress = Progress(*columns, console=notes)
    task = progress.add_task(title, total=total)
    started = time.monotonic()

    def advance(steps: int) -> None:
        progress.advance(task, steps)
        if not progress.live.is_started and time.monotonic() - started > _PATIENCE_SECONDS:
            progress.start()

    try:
        yield advance
    finally:
        progress.stop()
