"""An interrupt ends the waiting and not the thread: what is under way is still waited for."""

import signal
from threading import Event, Thread, main_thread

import pytest

from app.cli.working import wait_for_end

PATIENCE_SECONDS = 30


def test_a_thread_that_still_works_is_still_waited_for_after_an_interrupt() -> None:
    may_end, waits = Event(), Event()
    busy = Thread(target=may_end.wait, args=(PATIENCE_SECONDS,))
    busy.start()

    def interrupt() -> None:
        waits.wait(PATIENCE_SECONDS)
        signal.pthread_kill(main_thread().ident or 0, signal.SIGINT)

    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    interrupter = Thread(target=interrupt)
    interrupter.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            waits.set()
            wait_for_end([busy])
        assert busy.is_alive()
        busy.join(0.01)
        assert busy.is_alive()
    finally:
        signal.signal(signal.SIGINT, former)
        may_end.set()
        busy.join(PATIENCE_SECONDS)
        interrupter.join(PATIENCE_SECONDS)
    wait_for_end([busy])
