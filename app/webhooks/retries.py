"""When a delivery that was not taken is tried again, and when it is given up. Pure."""

from datetime import datetime, timedelta

FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=6)
#: From the instant on at which a delivery was queued.
KEPT_UP = timedelta(days=3)
#: A webhook that has taken nothing for so long, though it was tried, is failing.
FAILING_AFTER = timedelta(hours=1)
#: How much a pause is drawn out or shortened, so that what failed together does not come back together.
_JITTER = 0.2


def next_try(queued_at: datetime, attempts: int, failed_at: datetime, chance: float) -> datetime | None:
    """Return when to try again after so many attempts, None to give up; `chance` is random, from 0 to 1.

    Pauses double from 10 s to 6 h; the last attempt comes three days after the delivery was queued.
    """
    last = queued_at + KEPT_UP
    if failed_at >= last:
        return None
    doublings = min(max(attempts - 1, 0), 20)
    doubled = FIRST_PAUSE * (1 << doublings)
    pause = min(doubled, LONGEST_PAUSE) * (1 + _JITTER * (2 * chance - 1))
    return min(failed_at + pause, last)
