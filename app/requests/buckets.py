"""How many requests a caller has left: the arithmetic of a bucket that fills again evenly; no clock, no database.

A bucket is known by the one instant at which it is full again. Every request moves it on by the time in which one
request comes back, and the bucket is empty when that instant is a whole window away.
"""

import math
from dataclasses import dataclass

#: What a worker may grant before it asks again: so many, or half of the quota where that is more.
_LEAST_LEASE = 60


@dataclass(frozen=True)
class Policy:
    """So many requests in so many seconds; `name` is what answers call it."""

    name: str
    quota: int
    seconds: int

    @property
    def step_seconds(self) -> float:
        """The time in which one request comes back."""
        return self.seconds / self.quota

    @property
    def lease(self) -> int:
        """What a worker may grant at most before it asks the database again."""
        return max(min(_LEAST_LEASE, self.quota), self.quota // 2)

    def left(self, full_at: float, at: float) -> int:
        """Return how many requests a bucket holds; none where it owes some."""
        room_seconds = self.seconds - max(0.0, full_at - at)
        return max(0, math.floor(room_seconds / self.step_seconds + 1e-6))

    def next_at(self, full_at: float) -> float:
        """Return when a bucket that is empty holds a request again."""
        return full_at - self.seconds + self.step_seconds


@dataclass(frozen=True)
class Standing:
    """What a request is told: whether it may pass, how many more may, and in how many seconds that changes."""

    policy: Policy
    is_admitted: bool
    remaining: int
    seconds: int


@dataclass
class Lease:
    """What one worker knows of one bucket: `full_at` as last read, and what it has granted since, from `since` on."""

    full_at: float
    left: int
    granted: int = 0
    since: float = 0.0
    asks_at: float = 0.0
    is_asking: bool = False

    def take(self, policy: Policy, at: float) -> Standing:
        """Grant a request, or refuse it."""
        if self.granted == 0:
            self.since = at
        full_at = self._full_at(policy)
        left = min(self.left, policy.left(full_at, at))
        if left == 0:
            # Either the bucket is empty, or the lease is and the next one is asked for within a second.
            wait = max(self.asks_at, policy.next_at(full_at)) - at
            return Standing(policy, is_admitted=False, remaining=0, seconds=max(1, math.ceil(wait)))
        self.left -= 1
        self.granted += 1
        return Standing(
            policy, is_admitted=True, remaining=left - 1, seconds=max(1, math.ceil(self._full_at(policy) - at))
        )

    def renew(self, policy: Policy, full_at: float, reported: int, at: float) -> None:
        """Take over what the database says, after `reported` of the granted requests were told to it."""
        self.full_at = full_at
        self.granted -= reported
        self.since = at
        self.left = min(policy.lease, policy.left(self._full_at(policy), at))

    def _full_at(self, policy: Policy) -> float:
        return max(self.full_at, self.since) + self.granted * policy.step_seconds
