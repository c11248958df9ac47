"""What Prometheus reads: the figures, their labels, and that no client adds one."""

from __future__ import annotations

from inspect import getsource

import pytest

pytest.importorskip("prometheus_client")

from prometheus_client.parser import text_string_to_metric_families

from glassnet.serve.guard import guard, request
from glassnet.serve.http import connection, gate, refusals
from glassnet.serve.telemetry.metrics import REASONS, Metrics


def read(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    text = metrics.text().decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def one(metrics: Metrics, name: str, **labels: str) -> float | None:
    return read(metrics).get((name, frozenset(labels.items())))


def test_requests_are_counted_and_timed() -> None:
    metrics = Metrics()
    for seconds in (0.0004, 0.02, 30.0):
        metrics.observe("/predict", 200, seconds)
    metrics.observe("/predict", 422, 0.001)
    assert one(metrics, "glassnet_requests_total", route="/predict", status="200") == 3
    assert one(metrics, "glassnet_requests_total", route="/predict", status="422") == 1
    assert one(metrics, "glassnet_request_seconds_count", route="/predict") == 4
    assert one(metrics, "glassnet_request_seconds_bucket", route="/predict", le="0.0005") == 1
    assert one(metrics, "glassnet_request_seconds_bucket", route="/predict", le="0.025") == 3


def test_every_reason_is_there_from_the_start() -> None:
    metrics = Metrics()
    metrics.rejected("full")
    for reason in REASONS:
        assert one(metrics, "glassnet_rejected_total", reason=reason) == (reason == "full")


def test_every_reason_is_one_that_is_given() -> None:
    """A figure that can only be nought says that something never happens, which is not known."""
    given = "".join(map(getsource, (guard, request, refusals, connection, gate)))
    assert [reason for reason in REASONS if f'"{reason}"' not in given] == []


def test_answers_are_counted_by_model() -> None:
    metrics = Metrics()
    metrics.answered("digits", 10)
    metrics.answered("digits", 5, unsure=2)
    metrics.answered("iris", 1)
    assert one(metrics, "glassnet_rows_total", model="digits") == 15
    assert one(metrics, "glassnet_unsure_total", model="digits") == 2
    assert one(metrics, "glassnet_unsure_total", model="iris") == 0


def test_a_model_that_was_switched_is_told_once() -> None:
    metrics = Metrics()
    metrics.serves("digits", "sha256:1")
    metrics.serves("digits", "sha256:1")
    metrics.serves("digits", "sha256:2")
    assert one(metrics, "glassnet_model", model="digits", hash="sha256:1") is None
    assert one(metrics, "glassnet_model", model="digits", hash="sha256:2") == 1


def test_what_is_in_flight_is_told() -> None:
    metrics = Metrics()
    metrics.in_flight = 3
    assert one(metrics, "glassnet_in_flight") == 3


def test_two_services_count_apart() -> None:
    one_of_two, other = Metrics(), Metrics()
    one_of_two.rejected("rate")
    assert one(other, "glassnet_rejected_total", reason="rate") == 0
