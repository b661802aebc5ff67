"""What the service counts as it answers, in the form of Prometheus; labels name routes and never an object."""

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.api.standing_figures import FigureCache
from app.core.database import Database, PoolUse
from app.core.replica import FAULTS, Replica
from app.core.revisions import head_revision
from app.webhooks.queries import WebhookFigures

_BUCKETS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Meters:
    """The counters of one application; what the database knows is asked for when they are read."""

    def __init__(self, version: str) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        build = Info("swx_build", "Version of the program and the schema that it needs.", registry=self.registry)
        build.info({"version": version, "revision": head_revision()})
        self.requests = Counter(
            "swx_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "swx_request_seconds",
            "From a request's head to the end of its answer.",
            ["method", "route"],
            buckets=_BUCKETS_SECONDS,
            registry=self.registry,
        )
        self.under_way = Gauge("swx_requests_under_way", "Requests not answered yet.", registry=self.registry)
        self.database = DatabaseCollector()
        self.registry.register(self.database)


class DatabaseCollector(Collector):
    """Reads figures from the database that it is told of before each reading."""

    def __init__(self) -> None:
        self.source: Database | None = None
        self._figures = FigureCache()

    def collect(self) -> Iterator[Metric]:
        """Yield pools and replica and, from a cache of some seconds, jobs, events and webhooks."""
        if self.source is None:
            return
        yield from _measure_pools(self.source.pools())
        if self.source.replica is not None:
            yield from _measure_replica(self.source.replica)
        figures = self._figures.read(self.source)
        yield GaugeMetricFamily("swx_database_up", "Whether it answered.", value=int(figures is not None))
        if figures is None:
            return
        jobs = GaugeMetricFamily("swx_jobs", "Jobs that have not ended.", labels=["status"])
        jobs.add_metric(["queued"], figures.backlog.queued)
        jobs.add_metric(["running"], figures.backlog.running)
        yield jobs
        age = figures.backlog.oldest_queued_seconds
        yield GaugeMetricFamily("swx_jobs_oldest_queued_seconds", "Waiting time of the oldest job.", value=age)
        yield GaugeMetricFamily("swx_events_position", "Position of the last event.", value=figures.position)
        lag = GaugeMetricFamily("swx_events_lag", "Events that a consumer has not read.", labels=["consumer"])
        for consumer, position in figures.consumers.items():
            lag.add_metric([consumer], figures.position - position)
        yield lag
        yield from _measure_webhooks(figures.webhooks)


def _measure_pools(pools: Mapping[str, PoolUse]) -> Iterator[Metric]:
    lent = GaugeMetricFamily("swx_pool_connections_in_use", "Connections lent.", labels=["pool"])
    most = GaugeMetricFamily("swx_pool_connections_most", "Connections that there may be.", labels=["pool"])
    for name, use in pools.items():
        lent.add_metric([name], use.lent)
        most.add_metric([name], use.most)
    yield from (lent, most)


def _measure_replica(replica: Replica) -> Iterator[Metric]:
    sessions = CounterMetricFamily("swx_replica_sessions", "Reads that may go to the replica.", labels=["read"])
    for read, count in replica.counts._asdict().items():
        sessions.add_metric([read], count)
    yield sessions
    faults = GaugeMetricFamily("swx_replica_passed_over", "Why the last was not read there.", labels=["reason"])
    for name in FAULTS:
        faults.add_metric([name], int(name == replica.fault_name))
    yield faults


def _measure_webhooks(figures: WebhookFigures) -> Iterator[Metric]:
    webhooks = GaugeMetricFamily("swx_webhooks", "Webhooks.", labels=["status"])
    for status, count in figures.webhooks.items():
        webhooks.add_metric([status], count)
    yield webhooks
    deliveries = GaugeMetricFamily("swx_webhook_deliveries", "Deliveries that are kept.", labels=["status"])
    deliveries.add_metric(["pending"], figures.pending)
    deliveries.add_metric(["failed"], figures.failed)
    yield deliveries
    overdue = figures.overdue_seconds
    yield GaugeMetricFamily("swx_webhook_deliveries_overdue_seconds", "How late the next attempt is.", value=overdue)
