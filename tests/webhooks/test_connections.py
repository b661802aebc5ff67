"""Connections to receivers: TLS of the name at the judged address, no redirects or proxies, bounded time and size."""

import asyncio
import ssl
import time
from collections.abc import Iterable, Iterator

import pytest
import trustme
from httpcore2 import SOCKET_OPTION, AnyIOBackend, AsyncNetworkBackend, AsyncNetworkStream

from app.core.guarded_connections import Guard, GuardedClient, Unreached
from app.core.outgoing_urls import UrlRefused
from tests.webhooks.receiver import LOOPBACK, Handler, Receiver, receive, with_status

NAME = "receiver.example.com"
ADDRESS, SILENT, ADDRESS_V6 = "93.184.216.34", "93.184.216.35", "2606:2800:220:1::1"


class Outside(AsyncNetworkBackend):
    """The internet, played on loopback: its addresses lead to ports here, all others nowhere."""

    def __init__(self, ports: dict[str, int]) -> None:
        self.ports = ports
        self.dialled: list[tuple[str, int]] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature of the library
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to the port on loopback that stands for an address."""
        self.dialled.append((host, port))
        local = self.ports.get(host, 9)  # nothing listens at 9
        return await AnyIOBackend().connect_tcp("127.0.0.1", local, timeout, local_address, socket_options)


async def _names(name: str) -> list[str]:
    addresses = {
        NAME: [ADDRESS],
        "two.example.com": [ADDRESS_V6, SILENT, ADDRESS],
        "other.example.com": [ADDRESS],
    }
    return addresses[name]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Return an authority that signs certificates."""
    return trustme.CA()


@pytest.fixture
def tls_receiver(authority: trustme.CA) -> Iterator[Receiver]:
    """Return a receiver with a certificate of its names."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(NAME, "two.example.com").configure_cert(tls)
    with receive(tls) as running:
        yield running


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """Return what trusts the authority."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def _post(client: GuardedClient, url: str) -> int:
    return asyncio.run(client.post(url, {"X-Test": "1"}, b"{}"))


@pytest.mark.parametrize("name", [NAME, "two.example.com"])
def test_tls_is_that_of_the_name_at_the_address(tls_receiver: Receiver, trusting: ssl.SSLContext, name: str) -> None:
    """Where a name has several addresses, the next one is tried when one does not answer."""
    outside = Outside({ADDRESS: tls_receiver.port})
    client = GuardedClient(Guard(resolve=_names), tls=trusting, network=outside)
    assert _post(client, f"https://{name}/hook?a=1") == 204
    (item,) = tls_receiver.received
    assert (item.path, item.headers["host"], item.headers["x-test"]) == ("/hook?a=1", name, "1")
    dialled = {NAME: [ADDRESS], "two.example.com": [ADDRESS_V6, SILENT, ADDRESS]}
    assert outside.dialled == [(address, 443) for address in dialled[name]]


def test_a_certificate_of_another_name_or_of_nobody_known_is_refused(
    tls_receiver: Receiver, trusting: ssl.SSLContext
) -> None:
    outside = Outside({ADDRESS: tls_receiver.port})
    for tls, name in ((trusting, "other.example.com"), (None, NAME)):
        client = GuardedClient(Guard(resolve=_names), tls=tls, network=outside)
        with pytest.raises(Unreached, match="tls_failed"):
            _post(client, f"https://{name}/")
    assert tls_receiver.received == []


def test_a_redirect_is_an_answer_like_any_other() -> None:
    client = GuardedClient(Guard(LOOPBACK))
    with receive() as canary, receive() as receiver:
        for status in (301, 302, 303, 307, 308):
            receiver.answer = with_status(status, Location=canary.url)
            assert _post(client, receiver.url) == status
        assert (len(receiver.received), canary.received) == (5, [])


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with receive() as proxy, receive() as receiver:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
            monkeypatch.setenv(name.lower(), f"http://127.0.0.1:{proxy.port}")
        assert _post(GuardedClient(Guard(LOOPBACK)), receiver.url) == 204
        assert (len(receiver.received), proxy.received) == (1, [])


def _say_nothing(handler: Handler) -> None:
    handler.server.is_over.wait(20)


def _drip_headers(handler: Handler) -> None:
    handler.send_response(200)
    handler.flush_headers()
    while not handler.server.is_over.wait(0.01):
        handler.wfile.write(b"X-More: 1\r\n")


def _drip_body(handler: Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while not handler.server.is_over.wait(0.01):
        handler.wfile.write(b"x")


def _say_continue(handler: Handler) -> None:
    while not handler.server.is_over.wait(0.01):
        handler.send_response_only(100)
        handler.end_headers()
        handler.flush_headers()


@pytest.mark.parametrize("answer", [_say_nothing, _drip_headers, _drip_body, _say_continue])
def test_an_answer_that_does_not_end_in_time_is_none(answer: object) -> None:
    with receive() as receiver:
        receiver.answer = answer  # type: ignore[assignment]  # each of them is an answer
        began = time.monotonic()
        with pytest.raises(Unreached, match="timeout"):
            _post(GuardedClient(Guard(LOOPBACK), timeout_s=0.3), receiver.url)
        assert time.monotonic() - began < 2


def test_a_name_that_is_not_looked_up_in_time() -> None:
    async def never(_: str) -> list[str]:
        await asyncio.sleep(20)
        return []

    with pytest.raises(Unreached, match="timeout"):
        _post(GuardedClient(Guard(resolve=never), timeout_s=0.1), f"https://{NAME}/")


def test_of_a_long_answer_no_more_is_read_than_a_little() -> None:
    sent = []

    def flood(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not handler.server.is_over.is_set():
            handler.wfile.write(b"x" * 65536)
            sent.append(65536)

    with receive() as receiver:
        receiver.answer = flood
        assert _post(GuardedClient(Guard(LOOPBACK)), receiver.url) == 200
        # What lies in the buffers of the kernel was sent, not read.
        assert sum(sent) < 20_000_000


def test_headers_without_end_are_no_answer() -> None:
    def flood(handler: Handler) -> None:
        handler.send_response(200)
        handler.flush_headers()
        while not handler.server.is_over.is_set():
            handler.wfile.write(b"X-More: " + b"x" * 65536 + b"\r\n")

    with receive() as receiver:
        receiver.answer = flood
        with pytest.raises(Unreached, match="no_answer"):
            _post(GuardedClient(Guard(LOOPBACK)), receiver.url)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 999999 x\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n", b"\x00" * 100])
def test_what_is_no_http_is_no_answer(answer: bytes) -> None:
    def say(handler: Handler) -> None:
        handler.wfile.write(answer)
        handler.close_connection = True

    with receive() as receiver:
        receiver.answer = say
        with pytest.raises(Unreached, match="no_answer"):
            _post(GuardedClient(Guard(LOOPBACK), timeout_s=2), receiver.url)


def test_nobody_there() -> None:
    with receive() as gone:
        url = gone.url
    with pytest.raises(Unreached, match="no_connection"):
        _post(GuardedClient(Guard(LOOPBACK)), url)


def test_without_tls_only_where_it_is_allowed() -> None:
    client = GuardedClient(Guard(resolve=_names), network=Outside({}))
    with pytest.raises(UrlRefused, match="without TLS"):
        _post(client, f"http://{NAME}/")
