"""The line in which the writers of one process wait for each other on SQLite."""

import threading
from collections import deque
from types import ModuleType


class Line:
    """Who comes first is served first.

    A plain lock is not fair: who lets go of it and wants it again has it before the one who waits wakes up. An import,
    chunk after chunk, kept a request waiting until its patience ended.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._is_taken = False

    def enter(self, patience_seconds: float) -> bool:
        """Wait for one's turn; return False, and stand in the line no longer, when it does not come in time."""
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return True
            called = threading.Lock()
            called.acquire()
            self._waiting.append(called)
        if called.acquire(timeout=patience_seconds):
            return True
        with self._guard:
            if called not in self._waiting:  # called in the very moment
                return True
            self._waiting.remove(called)
            return False

    def leave(self) -> None:
        """End one's turn: it is the next one's, or nobody's."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False


def taking_turns(driver: ModuleType) -> type:
    """Return a class of connections whose writers stand in line in this process, one line for each engine.

    Left to SQLite, a writer who finds another one sleeps and tries again, while those who come later overtake it: under
    load some waited for seconds. The line decides nothing: who has waited too long in it asks SQLite all the same.
    """
    line = Line()

    class Connection(driver.Connection):  # type: ignore[name-defined, misc]  # known when the program runs
        has_turn = False

        def take_turn(self, patience_seconds: float) -> None:
            self.has_turn = line.enter(patience_seconds)

        def leave(self) -> None:
            if self.has_turn:
                self.has_turn = False
                line.leave()

        def commit(self) -> None:
            try:
                super().commit()
            finally:
                if self.in_transaction:  # it failed: SQLAlchemy takes the transaction for ended and rolls nothing back
                    super().rollback()
                self.leave()

        def rollback(self) -> None:
            super().rollback()
            self.leave()

        def close(self) -> None:
            super().close()
            self.leave()

    return Connection
