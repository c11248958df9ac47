"""What Prometheus reads at /metrics: how many, how fast, how many refused, how sure.

Labels are few and known beforehand: the label of a route, a status, a reason, the name of a model
that is served. Nothing that a client sends becomes a label.

    metrics = Metrics()
    metrics.answered("digits", rows=3, unsure=1)
    metrics.serves("digits", "sha256:…")
    metrics.rejected("full")
    metrics.text()                  # the answer of /metrics, of the type metrics.content_type
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import TYPE_CHECKING

from glassnet.errors import missing_extra

if TYPE_CHECKING:
    from prometheus_client.core import Metric

REASONS = (
    "host",
    "origin",
    "token",
    "rate",
    "size",
    "request",
    "slow-body",
    "timeout",
    "streams",
    "full",
    "connections",
)
"""Why a request is refused before its route sees it."""

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The upper bounds between which durations are counted."""


class Metrics:
    """Counts what a service does, in a registry of its own.

    The counts are plain numbers that are made into samples when somebody asks for them: one is
    counted several times in every request, and prometheus_client's own counters, each with a lock,
    took a tenth of a request's time. They belong to the thread of the answers.

    Raises MissingExtraError without prometheus-client.
    """

    def __init__(self) -> None:
        try:
            import prometheus_client as prometheus
        except ImportError:
            raise missing_extra("glassnet serve", "prometheus-client", "serve") from None
        self._generate = prometheus.generate_latest
        self.content_type = prometheus.CONTENT_TYPE_LATEST
        self.registry = registry = prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=registry)
        self.in_flight = 0
        self._requests: dict[tuple[str, int], int] = {}
        self._seconds: dict[str, list[int]] = {}
        self._total_seconds: dict[str, float] = {}
        self._rejected = dict.fromkeys(REASONS, 0)
        self._rows: dict[str, int] = {}
        self._unsure: dict[str, int] = {}
        self._hashes: dict[str, str] = {}
        registry.register(_Samples(self._families))

    def observe(self, route: str, status: int, seconds: float) -> None:
        """Count an answer; `route` is the label of a `Route`."""
        requests, key = self._requests, (route, status)
        requests[key] = requests.get(key, 0) + 1
        counts = self._seconds.get(route)
        if counts is None:
            counts = self._seconds[route] = [0] * (len(SECONDS) + 1)
            self._total_seconds[route] = 0.0
        counts[bisect_left(SECONDS, seconds)] += 1
        self._total_seconds[route] += seconds

    def rejected(self, reason: str) -> None:
        """Count a request that was refused, for one of REASONS."""
        self._rejected[reason] += 1

    def serves(self, model: str, digest: str) -> None:
        """Tell that a model is served from now on, in the place of the one of that name."""
        self._hashes[model] = digest

    def answered(self, model: str, rows: int, unsure: int = 0) -> None:
        """Count rows that a model answered, and those of which it was not sure.

        model   the name of one that is served, never what a client wrote
        """
        self._rows[model] = self._rows.get(model, 0) + rows
        self._unsure[model] = self._unsure.get(model, 0) + unsure

    def text(self) -> bytes:
        """Write all figures as Prometheus reads them."""
        return self._generate(self.registry)

    def _families(self) -> Iterator[Metric]:
        from prometheus_client import metrics_core as core

        Counter, Gauge = core.CounterMetricFamily, core.GaugeMetricFamily
        requests = Counter("glassnet_requests", "Requests answered.", labels=("route", "status"))
        for (route, status), count in list(self._requests.items()):
            requests.add_metric((route, str(status)), count)
        yield requests
        seconds = core.HistogramMetricFamily(
            "glassnet_request_seconds",
            "From the head of a request to the end of its answer.",
            labels=("route",),
        )
        bounds = [*map(str, SECONDS), "+Inf"]
        for route, counts in list(self._seconds.items()):
            buckets = list(zip(bounds, accumulate(counts), strict=True))
            seconds.add_metric((route,), buckets, self._total_seconds[route])
        yield seconds
        for name, description, label, figures in (
            ("glassnet_rejected", "Requests refused, by reason.", "reason", self._rejected),
            ("glassnet_rows", "Rows answered.", "model", self._rows),
            ("glassnet_unsure", "Rows answered with not sure.", "model", self._unsure),
        ):
            counter = Counter(name, description, labels=(label,))
            for value, count in list(figures.items()):
                counter.add_metric((value,), count)
            yield counter
        models = Gauge("glassnet_model", "1 for each model served.", labels=("model", "hash"))
        for model, digest in list(self._hashes.items()):
            models.add_metric((model, digest), 1)
        yield models
        yield Gauge("glassnet_in_flight", "Requests being answered.", value=self.in_flight)


class _Samples:
    """What a registry asks for samples."""

    def __init__(self, families: Callable[[], Iterator[Metric]]) -> None:
        self.collect = families
