"""Service: what every endpoint shares."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from glassnet.serve.models import Models, Served
from glassnet.serve.settings import Settings
from glassnet.serve.telemetry.events import Events
from glassnet.serve.telemetry.logs import Log
from glassnet.serve.telemetry.metrics import Metrics
from glassnet.serve.workers import Workers

P = ParamSpec("P")
R = TypeVar("R")

AT_ONCE = 1_000_000
"""What takes at most so many products of numbers, well under a millisecond, needs no thread."""


class Service:
    """The models with what is around them.

    models, settings, log, metrics      as they were given
    events                              the event streams
    starting                            whether whoever runs it has still something to do first
    draining                            whether it is about to stop; to set it ends the streams
    """

    def __init__(self, models: Models, settings: Settings, log: Log, metrics: Metrics) -> None:
        self.models = models
        self.settings = settings
        self.log = log
        self.metrics = metrics
        self.events = Events()
        self.starting = False
        self._draining = False
        self._threads = Workers(max(2, os.cpu_count() or 1), "glassnet-answer")
        self._pictures = Workers(1, "glassnet-picture")
        self.loaded()
        models.on_switch(self._switched)
        models.on_refusal(self._refused)

    def loaded(self) -> None:
        """Take note of the models that are there: to be called when they have been read."""
        for served in self.models:
            self.metrics.serves(served.name, served.hash)

    @property
    def ready(self) -> bool:
        """Whether requests are answered: not while it starts, loads models or drains."""
        return self.models.ready and not (self.starting or self._draining)

    @property
    def draining(self) -> bool:
        """Whether it is about to stop."""
        return self._draining

    @draining.setter
    def draining(self, draining: bool) -> None:
        self._draining = draining
        if draining:
            self.events.close()

    async def in_thread(
        self, client: str, work: Callable[P, R], *args: P.args, **named: P.kwargs
    ) -> R:
        """Do something that takes a while where it holds up nobody else's answer."""
        return await self._threads.do(client, work, *args, **named)

    async def one_at_a_time(
        self, client: str, work: Callable[P, R], *args: P.args, **named: P.kwargs
    ) -> R:
        """Do something that takes much memory for a while, such as decoding a picture."""
        return await self._pictures.do(client, work, *args, **named)

    def _switched(self, served: Served) -> None:
        self.metrics.serves(served.name, served.hash)
        self.log.event("switched", model=served.name, hash=served.hash)
        self.events.publish("model", {"name": served.name, "hash": served.hash})

    def _refused(self, name: str, error: Exception) -> None:
        self.log.event("not-switched", model=name, error=str(error))
