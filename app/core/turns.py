"""The line in which the writers of one process wait for each other on SQLite."""

import threading
from types import ModuleType


def taking_turns(driver: ModuleType) -> type:
    """Return a class of connections whose writers stand in line in this process, one line for each engine.

    Left to SQLite, a writer who finds another one sleeps and tries again, while those who come later overtake it: under
    load some waited for seconds. The line decides nothing: who has waited too long in it asks SQLite all the same.
    """
    turns = threading.Lock()

    class Connection(driver.Connection):  # type: ignore[name-defined, misc]  # known when the program runs
        has_turn = False

        def take_turn(self, patience_seconds: float) -> None:
            self.has_turn = turns.acquire(timeout=patience_seconds)

        def leave(self) -> None:
            if self.has_turn:
                self.has_turn = False
                turns.release()

        def commit(self) -> None:
            super().commit()
            self.leave()

        def rollback(self) -> None:
            super().rollback()
            self.leave()

        def close(self) -> None:
            super().close()
            self.leave()

    return Connection
