"""The port: where it is opened, and that nobody who is connected is lost when it is closed."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from glassnet.errors import SettingError
from glassnet.serve.http.listener import drop_newcomers, listen, unaccepted
from glassnet.serve.settings import Settings


@contextmanager
def listening(settings: Settings) -> Iterator[list[socket.socket]]:
    with ExitStack() as all_of_them:
        yield [all_of_them.enter_context(listener) for listener in listen(settings)]


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine does not speak IPv6")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="a filter of Linux")


def test_a_port_that_is_taken_is_told_in_one_line() -> None:
    with listening(Settings(port=0)) as (taken,):
        port = taken.getsockname()[1]
        with pytest.raises(SettingError, match=f"port {port}: Address already in use. Give"):
            listen(Settings(port=port))


@pytest.mark.parametrize("host", ["no-such-host.invalid", "203.0.113.7"])
def test_an_address_that_is_not_ours(host: str) -> None:
    with pytest.raises(SettingError, match="Cannot listen on"):
        listen(Settings(host=host, port=0))


def can_be_reached(listener: socket.socket, address: str) -> bool:
    try:
        socket.create_connection((address, listener.getsockname()[1])).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_all_ways_to_write_this_machine(host: str) -> None:
    with listening(Settings(host=host, port=0)) as listeners:
        assert can_be_reached(listeners[0], "127.0.0.1")


@needs_ipv6
@pytest.mark.parametrize(
    ("host", "ipv4"), [("::", True), ("[::]", True), ("::1", False), ("[::1]", False)]
)
def test_ipv6(host: str, ipv4: bool) -> None:
    with listening(Settings(host=host, port=0)) as (listener,):
        assert can_be_reached(listener, "::1")
        assert can_be_reached(listener, "127.0.0.1") == ipv4


def test_a_name_of_several_addresses_is_reached_at_each(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(*_: object, **__: object) -> list[object]:
        kind = socket.AF_INET, socket.SOCK_STREAM, 6, ""
        return [(*kind, ("127.0.0.1", 0)), (*kind, ("203.0.113.7", 0)), (*kind, ("127.0.0.2", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    settings = Settings(host="localhost", port=0)
    listeners = listen(settings)
    monkeypatch.undo()
    try:
        ports = {listener.getsockname() for listener in listeners}
        assert [address for address, _ in sorted(ports)] == ["127.0.0.1", "127.0.0.2"]
        assert len({port for _, port in ports}) == 1, "one port for all"
    finally:
        for listener in listeners:
            listener.close()


@on_linux
def test_who_is_connected_is_accepted_and_nobody_else_connects() -> None:
    with listening(Settings(port=0)) as (listener,):
        listener.setblocking(False)
        address = listener.getsockname()
        assert unaccepted(listener) == 0
        early = [socket.create_connection(address) for _ in range(3)]
        assert unaccepted(listener) == 3
        drop_newcomers(listener)
        late = socket.socket()
        late.settimeout(0.2)
        with pytest.raises(TimeoutError):
            late.connect(address)
        late.close()
        for one in early:
            one.sendall(b"asked")
        for _ in early:
            accepted, _ = listener.accept()
            with accepted:
                accepted.setblocking(True)
                assert accepted.recv(10) == b"asked"
        assert unaccepted(listener) == 0
        with pytest.raises(BlockingIOError):
            listener.accept()
        for one in early:
            one.close()
