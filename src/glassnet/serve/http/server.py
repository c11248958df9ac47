"""Running the service: from the first connection to the last answer.

    status = serve(app, settings)       # until SIGTERM or SIGINT; 0 when all was answered

    SIGTERM, SIGINT     drain: nobody new, what was accepted is answered, then it ends; a second
                        one ends it at once
    SIGHUP              read the model files that changed; so does changing them

One process and one thread for the answers of small networks, on uvloop where that is installed.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import uvicorn

from glassnet.memory import give_back_from
from glassnet.serve.http.connection import connection_class
from glassnet.serve.http.gate import Gate, Gated
from glassnet.serve.http.listener import drop_newcomers, listen, unaccepted

if TYPE_CHECKING:
    from glassnet.serve.app import App
    from glassnet.serve.settings import Settings

SWEEP = 0.25
"""Seconds between two looks at what had its time."""

LOOK = 1.0
"""Seconds between two looks at the model files."""

GRACE = 0.5
"""Seconds in which a connection on which nothing is asked may still ask, while it drains."""

SPARE = 0.5
"""Seconds of the drain that are kept for closing what is left."""

COLLECT = 20_000, 20, 20
"""When Python looks for garbage in circles: a burst of requests is none."""

TURN = 0.001
"""Seconds after which a thread that works on something long lets the loop have a turn."""

MAPPED = 1 << 20
"""Bytes from which on memory goes back to the system as soon as it is freed."""

SPARE_HANDLES = 128
"""Files that are open besides the connections."""

NOBODY = 0.1
"""Seconds in which nobody waits to be accepted, after which the port is closed."""


def serve(
    app: App, settings: Settings, announce: Callable[[int], None] = lambda _port: None
) -> int:
    """Serve until a signal ends it; return 0, or 1 where accepted requests were given up.

    announce    is told the port once requests are answered

    Models that are not read yet are read once it listens, so that whoever asks whether it is ready
    is told. Raises SettingError where it cannot listen, and the GlassnetError of a bad model file.
    """
    handles = raise_handle_limit(settings.connections + SPARE_HANDLES)
    sys.setswitchinterval(TURN)
    give_back_from(MAPPED)
    listeners = listen(settings)
    server = Server(app, settings, listeners, handles)
    with _logged(app.state.log.handler()):
        try:
            with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
                runner.run(server.run_until_told(announce))
        finally:
            for listener in listeners:
                listener.close()
            app.state.log.close()
    return 1 if server.given_up else 0


def raise_handle_limit(wanted: int) -> int:
    """Have the system allow as many open files; return how many it allows then."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return soft
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        return allowed
    return soft


class Server(uvicorn.Server):
    """A uvicorn server with the gate, its own way to end, and an eye on the model files."""

    def __init__(
        self,
        app: App,
        settings: Settings,
        listeners: list[socket.socket],
        handles: int = sys.maxsize,
    ) -> None:
        self.service = app.state
        self.settings = settings
        self.listeners = listeners
        self.gate = Gate(settings, self.service.metrics.rejected, app.routes)
        # Who comes when no handle is left could not even be told so.
        self.gate.connections = max(1, min(settings.connections, handles - SPARE_HANDLES))
        self.given_up = 0
        self._stop = asyncio.Event()
        self._look = asyncio.Event()
        super().__init__(
            uvicorn.Config(
                app,
                interface="asgi3",
                http=connection_class(self.gate),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                backlog=2048,
                proxy_headers=False,  # whoever is connected is the client
            )
        )

    async def run_until_told(self, announce: Callable[[int], None]) -> None:
        """Serve, and come back when all is answered."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        if hasattr(signal, "SIGHUP"):
            loop.add_signal_handler(signal.SIGHUP, self._look.set)
        self.config.load()
        self.lifespan = self.config.lifespan_class(self.config)
        self.service.starting = True
        await self.startup(self.listeners)
        await self.on_tick(0)
        beside = [self._beside(work) for work in (self._sweep(), self._date())]
        try:
            await self._load()
        except BaseException:
            self._close()
            raise
        if not self._stop.is_set():
            beside.append(self._beside(self._follow()))
            # What is there now stays; looking through it again and again would hold up answers.
            gc.collect()
            gc.freeze()
            gc.set_threshold(*COLLECT)
            self.service.starting = False
            announce(self.listeners[0].getsockname()[1])
        await self._stop.wait()
        await self.shutdown(self.listeners)
        for task in beside:
            task.cancel()

    def handle_exit(self, sig: int, frame: Any) -> None:  # noqa: ARG002
        """Drain; at the second signal end at once."""
        if self.should_exit:
            os._exit(128 + sig)
        self.should_exit = True
        self._stop.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what was accepted, and nothing more."""
        loop = asyncio.get_running_loop()
        end = loop.time() + max(0.0, self.settings.drain - SPARE)
        self.service.log.event("draining", waiting=len(self.server_state.tasks))
        self.gate.draining = True
        self.service.draining = True
        for connection in self._connections():
            connection.shutdown()
        await self._let_nobody_in(end)
        for server in self.servers:
            server.close()
        for one in sockets or []:
            one.close()
        grace = min(end, loop.time() + GRACE)
        while (connections := self._connections()) and loop.time() < end:
            if loop.time() >= grace:
                for connection in connections:
                    connection.close_idle()
            await asyncio.sleep(0.01)
        self.given_up = sum(connection.is_waiting for connection in self._connections())
        for task in list(self.server_state.tasks):
            task.cancel()
        for connection in self._connections():
            connection.transport.abort()
        await asyncio.sleep(0.05)
        self.service.log.event("stopped", given_up=self.given_up)

    async def _let_nobody_in(self, end: float) -> None:
        """Accept all that are connected, and see that nobody else connects.

        Closing the port resets whoever was let in by the system and not accepted yet, with what
        they asked. So first newcomers are kept out, where the system can do that; then those are
        waited for who are there.
        """
        for listener in self.listeners:
            drop_newcomers(listener)
        loop = asyncio.get_running_loop()
        quiet = loop.time()
        while quiet + NOBODY > (now := loop.time()) and now < end:
            await asyncio.sleep(0.005)
            if any(unaccepted(listener) for listener in self.listeners):
                quiet = loop.time()

    async def _load(self) -> None:
        """Read the models that are not read yet; health is answered meanwhile.

        Raises the GlassnetError of a file that is bad. Comes back too when it is to stop.
        """
        models = self.service.models
        if models.ready:
            return
        loop = asyncio.get_running_loop()
        reading = loop.create_task(_apart(models.read))
        stopping = loop.create_task(self._stop.wait())
        await asyncio.wait((reading, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if reading.done():
            await reading
            self.service.loaded()
        reading.cancel()

    def _close(self) -> None:
        """Close everything at once."""
        for server in self.servers:
            server.close()
        for connection in self._connections():
            connection.transport.abort()

    def _beside(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Have something run beside the answers."""
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(self._ended)
        return task

    def _connections(self) -> list[Gated]:
        return list(self.gate.open)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Say so when what runs beside the answers failed: nothing else would."""
        if not task.cancelled() and (error := task.exception()) is not None:
            work = getattr(task.get_coro(), "__name__", "")
            self.service.log.error(error, task=work.strip("_"))

    async def _sweep(self) -> None:
        """Close what had its time, and say so when requests are refused for want of time."""
        loop, refused = asyncio.get_running_loop(), 0
        quiet_until = 0.0
        while True:
            await asyncio.sleep(SWEEP)
            now = loop.time()
            self.gate.sweep(now)
            if self.gate.refused > refused and now >= quiet_until:
                self.service.log.event("overloaded", refused=self.gate.refused - refused)
                refused, quiet_until = self.gate.refused, now + 1

    async def _date(self) -> None:
        while True:
            await asyncio.sleep(1)
            await self.on_tick(0)

    async def _follow(self) -> None:
        """Read the model files that changed, as soon as that is seen or told."""
        models = self.service.models
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._look.wait(), LOOK)
            self._look.clear()
            if models.changed():
                await _apart(models.reload)


async def _apart(work: Callable[[], object]) -> None:
    """Do something in a thread that nobody waits for at the end: a disk may be stuck."""
    done: Future[None] = Future()

    def run() -> None:
        done.set_running_or_notify_cancel()
        try:
            work()
        except BaseException as error:
            done.set_exception(error)
        else:
            done.set_result(None)

    threading.Thread(target=run, name="glassnet-models", daemon=True).start()
    await asyncio.wrap_future(done)


@contextmanager
def _logged(handler: logging.Handler) -> Iterator[None]:
    """Have uvicorn's warnings written with all else."""
    logger = logging.getLogger("uvicorn.error")
    handler.setLevel(logging.WARNING)
    level, propagate = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate
