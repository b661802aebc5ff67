"""What the service counts as it answers, in the form of Prometheus; labels name routes and never an object."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.api.standing_figures import FigureCache
from app.core.database import MOST_CONNECTIONS, Database
from app.core.revisions import head_revision

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
        """Yield the pool and, from a cache of some seconds, jobs and events."""
        if self.source is None:
            return
        pool = GaugeMetricFamily("swx_pool_connections_in_use", "Connections lent.", labels=["pool"])
        for name, lent in self.source.connections_in_use().items():
            pool.add_metric([name], lent)
        yield pool
        yield GaugeMetricFamily("swx_pool_connections_most", "Connections of both pools.", value=MOST_CONNECTIONS)
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
