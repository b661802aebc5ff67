"""The arithmetic of leases: what is granted at once, what comes back, and what several workers grant together."""

from hypothesis import given
from hypothesis import strategies as st

from app.requests.buckets import Lease, Policy

TEN = Policy("key", 10, 60)
MANY = Policy("key", 600, 60)


def _fresh(policy: Policy, at: float = 0) -> Lease:
    return Lease(at, policy.lease, asks_at=at + 1)


def test_the_quota_is_granted_at_once_and_then_evenly() -> None:
    lease = _fresh(TEN)
    granted = [lease.take(TEN, 0) for _ in range(11)]
    assert [standing.is_admitted for standing in granted] == [True] * 10 + [False]
    assert [standing.remaining for standing in granted] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0]
    assert granted[0].seconds == 6
    assert granted[9].seconds == 60
    assert granted[10].seconds == 6
    assert TEN.left(60, 5.9) == 0
    assert TEN.left(60, 6) == 1
    assert TEN.left(60, 60) == TEN.left(0, 60) == 10


def test_small_quotas_are_leased_whole_and_large_ones_by_half() -> None:
    assert [Policy("key", quota, 60).lease for quota in (1, 10, 60, 100, 600)] == [1, 10, 60, 60, 300]
    lease = _fresh(MANY)
    granted = [lease.take(MANY, 0.5) for _ in range(301)]
    assert [standing.is_admitted for standing in granted] == [True] * 300 + [False]
    assert granted[300].seconds == 1


@given(st.integers(2, 5), st.lists(st.tuples(st.integers(0, 4), st.floats(0, 3)), max_size=300))
def test_workers_grant_at_most_a_lease_each_beyond_the_quota(workers: int, requests: list[tuple[int, float]]) -> None:
    """The database is one number; each worker reports once a second what it has granted."""
    full_at = at = 0.0
    leases = [Lease(0, TEN.lease) for _ in range(workers)]
    granted: list[float] = []
    for worker, pause in requests:
        at += pause
        lease = leases[worker % workers]
        if at >= lease.asks_at:
            lease.asks_at = at + 1
            since = lease.since if lease.granted else at
            reported = lease.granted
            full_at = max(full_at, since) + reported * TEN.step_seconds
            lease.renew(TEN, full_at, reported, at)
        if lease.take(TEN, at).is_admitted:
            granted.append(at)
        in_window = sum(1 for instant in granted if instant > at - TEN.seconds)
        # A bucket lets a full quota pass at once, and another one evenly while the window goes by.
        assert in_window <= 2 * TEN.quota + workers * TEN.lease
