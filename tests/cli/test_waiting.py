"""An interrupt ends the waiting and not the thread: what is under way is still waited for."""

import signal
from threading import Event, Thread, Timer, main_thread

import pytest

from app.cli.working import wait_for_end

PATIENCE_SECONDS = 30


def _wait(thread: Thread, interrupter: Timer) -> None:
    interrupter.start()
    wait_for_end([thread])


def test_a_thread_that_still_works_is_still_waited_for_after_an_interrupt() -> None:
    may_end = Event()
    busy = Thread(target=may_end.wait, args=(PATIENCE_SECONDS,))
    busy.start()

    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    interrupter = Timer(0.2, signal.pthread_kill, (main_thread().ident, signal.SIGINT))
    try:
        with pytest.raises(KeyboardInterrupt):
            _wait(busy, interrupter)
        assert busy.is_alive()
        busy.join(0.01)
        assert busy.is_alive()
    finally:
        signal.signal(signal.SIGINT, former)
        may_end.set()
        busy.join(PATIENCE_SECONDS)
        interrupter.join(PATIENCE_SECONDS)
    wait_for_end([busy])
