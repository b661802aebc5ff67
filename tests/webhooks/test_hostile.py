"""The drill of the guard: hostile URLs reach a canary on loopback 0 times; where it is allowed, they do reach it."""

import asyncio
import socket
from collections import Counter
from collections.abc import Iterable, Sequence
from ipaddress import ip_address, ip_network

import httpcore2
import pytest
from fastapi import FastAPI
from httpcore2 import SOCKET_OPTION, AsyncNetworkBackend, AsyncNetworkStream

from app.core.guarded_connections import Guard, GuardedClient, Unreached
from app.core.outgoing_urls import UrlRefused, read_url
from app.core.public_addresses import Network, is_public
from tests.factories import World
from tests.webhooks.receiver import LOOPBACK, Receiver, receive

PUBLIC = "93.184.216.34"
#: What hostile name servers say; several answers are said one after the other, the last for ever.
NAMES: dict[str, list[list[str]]] = {
    "loop.example.com": [["127.0.0.1"]],
    "loop6.example.com": [["::1"]],
    "mixed.example.com": [[PUBLIC, "127.0.0.1"]],
    "mixed6.example.com": [[PUBLIC, "::ffff:127.0.0.1"]],
    "rebinding.example.com": [[PUBLIC], ["127.0.0.1"]],
    "rebinding-late.example.com": [[PUBLIC], [PUBLIC], ["127.0.0.1"]],
    "rebinding-mixed.example.com": [[PUBLIC], [PUBLIC, "127.0.0.1"]],
    "metadata.example.com": [["169.254.169.254"]],
    "private.example.com": [["10.0.0.1"]],
    "nat64.example.com": [["64:ff9b::7f00:1"]],
    "sixtofour.example.com": [["2002:7f00:1::1"]],
    "teredo.example.com": [["2001:0:4136:e378:8000:63bf:80ff:fffe"]],
    "zone.example.com": [["fe80::1%lo"]],
    "nothing.example.com": [[]],
    "127.0.0.1.nip.example": [["127.0.0.1"]],
    "localhost": [["127.0.0.1", "::1"]],
    "app.localhost": [["127.0.0.1"]],
    "ip6-localhost": [["::1"]],
    "xn--n3h.example.com": [["127.0.0.1"]],
}
#: Without scheme; `{port}` is the canary's.
AUTHORITIES = [
    "127.0.0.1:{port}",
    "127.0.0.2:{port}",
    "127.255.255.254:{port}",
    "127.1:{port}",
    "127.0.1:{port}",
    "2130706433:{port}",
    "0x7f000001:{port}",
    "0x7f.0.0.1:{port}",
    "0x7f.1:{port}",
    "017700000001:{port}",
    "0177.0.0.1:{port}",
    "0177.0.0.01:{port}",
    "127.0.0.1.:{port}",
    "localhost:{port}",
    "localhost.:{port}",
    "LOCALHOST:{port}",
    "app.localhost:{port}",
    "ip6-localhost:{port}",
    "0.0.0.0:{port}",
    "0:{port}",
    "[::1]:{port}",
    "[::]:{port}",
    "[0:0:0:0:0:0:0:1]:{port}",
    "[::ffff:127.0.0.1]:{port}",
    "[::ffff:7f00:1]:{port}",
    "[::127.0.0.1]:{port}",
    "[::7f00:1]:{port}",
    "[64:ff9b::7f00:1]:{port}",
    "[64:ff9b:1::7f00:1]:{port}",
    "[2002:7f00:1::]:{port}",
    "[2001:0:7f00:1::]:{port}",
    "[fe80::1%25lo]:{port}",
    "[fe80::1%lo]:{port}",
    "[::1%25lo]:{port}",
    "[fc00::1]:{port}",
    "[fec0::1]:{port}",
    "[ff02::1]:{port}",
    "127。0。0。1:{port}",
    "127．0．0．1:{port}",
    "１２７.0.0.1:{port}",
    "①②⑦.⓪.⓪.①:{port}",
    "ⓛocalhost:{port}",
    "%31%32%37.0.0.1:{port}",
    "receiver.example.com@127.0.0.1:{port}",
    "receiver.example.com:443@127.0.0.1:{port}",
    "127.0.0.1:{port}@receiver.example.com",
    "receiver.example.com\\@127.0.0.1:{port}",
    "127.0.0.1:{port}\\@receiver.example.com",
    "127.0.0.1:{port}#@receiver.example.com",
    "127.0.0.1:{port}?@receiver.example.com",
    "127.0.0.1 :{port}",
    "127.0.0.1\t:{port}",
    "127.0.0.1\n:{port}",
    "127.0.0.1\r\nHost: x:{port}",
    "127.0.0.1\0:{port}",
    "169.254.169.254:{port}",
    "10.0.0.1:{port}",
    "172.16.0.1:{port}",
    "192.168.0.1:{port}",
    "100.64.0.1:{port}",
    "198.18.0.1:{port}",
    "255.255.255.255:{port}",
    *(f"{name}:{{port}}" for name in NAMES),
]


class Resolver:
    """Answers from the list of names; what it does not know the system is asked, as numbers in strange forms are."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    async def __call__(self, name: str) -> Sequence[str]:
        """Return the next answer for a name."""
        self.asked[name] += 1
        if name not in NAMES:
            return [str(entry[4][0]) for entry in socket.getaddrinfo(name, None, flags=socket.AI_NUMERICHOST)]
        answers = NAMES[name]
        return answers[min(self.asked[name], len(answers)) - 1]


class Dialer(AsyncNetworkBackend):
    """Connects to loopback alone; what goes to a public address is kept and fails, for tests reach nobody outside."""

    def __init__(self) -> None:
        self.dialled: list[str] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature of the library
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect by number."""
        self.dialled.append(host)
        if is_public(ip_address(host)):
            raise httpcore2.ConnectError("outside")
        backend = httpcore2.AnyIOBackend()
        return await backend.connect_tcp(host, port, timeout, local_address, socket_options)


def _urls(port: int) -> list[str]:
    """Return every authority with and without TLS, and what is no web address at all."""
    urls = [f"{scheme}://{authority.format(port=port)}/x" for authority in AUTHORITIES for scheme in ("http", "https")]
    others = (
        "//127.0.0.1:{port}/",
        "http:127.0.0.1:{port}/",
        "http:/127.0.0.1:{port}/",
        "http:///127.0.0.1:{port}/",
        "ftp://127.0.0.1:{port}/",
        "gopher://127.0.0.1:{port}/_POST",
        "file:///etc/passwd",
        "data:text/plain,x",
        "http+unix://%2Frun%2Fx.sock/",
        " http://127.0.0.1:{port}/",
        "http://127.0.0.1:{port}",
        "http://127.0.0.1:22/",
    )
    return [*urls, *(text.format(port=port) for text in others)]


async def _send_each(urls: Iterable[str], dialer: Dialer, allowed: tuple[Network, ...] = ()) -> Counter[str]:
    """Send to every URL three times, as deliveries are tried again; return what came of it."""
    results: Counter[str] = Counter()
    tls = httpcore2.default_ssl_context()
    for url in urls:
        client = GuardedClient(Guard(allowed, Resolver()), tls=tls, network=dialer)  # its names begin anew
        for _ in range(3):
            try:
                results[str(await client.post(url, {}, b"{}"))] += 1
            except (UrlRefused, Unreached) as refused:
                results[refused.code] += 1
    return results


def test_no_hostile_url_reaches_the_canary_when_it_is_sent_to() -> None:
    dialer = Dialer()
    with receive() as canary:
        urls = _urls(canary.port)
        results = asyncio.run(_send_each(urls, dialer))
        assert len(urls) >= 40
        assert canary.received == []
    # Not one connection was begun but to the public address that some names had for a while.
    assert set(dialer.dialled) == {PUBLIC}
    assert set(results) == {"invalid_url", "name_unknown", "address_not_public", "https_required", "no_connection"}
    assert sum(results.values()) == 3 * len(urls)


def test_the_same_canary_is_reached_by_what_is_allowed() -> None:
    """So that the drill can fail: without the guard's judgement its URLs do lead to the canary."""
    everything = (*LOOPBACK, ip_network("0.0.0.0/0"), ip_network("::/0"))
    reaching = [f"http://{host}" for host in ("127.0.0.1", "localhost", "loop.example.com")]
    with receive() as canary:
        urls = [f"{url}:{canary.port}/x" for url in (*reaching, "http://rebinding.example.com")]
        results = asyncio.run(_send_each(urls, Dialer(), everything))
        assert len(canary.received) == 3 * len(reaching) + 2  # the first answer of the rebinding name was public
        assert results == {"204": len(canary.received), "no_connection": 1}


def test_a_name_is_resolved_once_for_a_request_and_that_answer_is_dialled() -> None:
    resolver, dialer = Resolver(), Dialer()
    client = GuardedClient(Guard((), resolver), network=dialer)
    with pytest.raises(Unreached, match="no_connection"):
        asyncio.run(client.post("https://rebinding.example.com/", {}, b"{}"))
    assert (resolver.asked["rebinding.example.com"], dialer.dialled) == (1, [PUBLIC])
    with pytest.raises(UrlRefused, match="private, loopback"):
        asyncio.run(client.post("https://rebinding.example.com/", {}, b"{}"))
    assert (resolver.asked["rebinding.example.com"], dialer.dialled) == (2, [PUBLIC])


@pytest.fixture
def canary(application: FastAPI) -> Iterable[Receiver]:
    """Return a canary that no webhook may reach; the application's names are the hostile ones."""
    before, application.state.guard = application.state.guard, Guard((), Resolver())
    with receive() as running:
        yield running
    application.state.guard = before


def test_hostile_urls_are_refused_when_they_are_named(world: World, canary: Receiver) -> None:
    """Names that lead outside when they are asked first pass; they are judged again whenever something is sent."""
    producer = world.producer()
    kept = [name for name, answers in NAMES.items() if answers[0] in ([PUBLIC], [])]
    for url in _urls(canary.port):
        is_kept = url.startswith("https://") and any(f"//{name}:" in url for name in kept)
        answer = producer.request("POST", "/webhooks", json={"url": url})
        assert answer.status_code == (201 if is_kept else 422), (url, answer.text)
        if not is_kept:
            (fault,) = answer.json()["errors"]
            assert fault["pointer"] == "/url"
            assert fault["code"] in {"invalid_url", "address_not_public", "https_required", "string_pattern_mismatch"}
    webhooks = producer.get("/webhooks", limit=100)["items"]
    assert len(webhooks) == len(kept)
    refused = producer.request("PATCH", f"/webhooks/{webhooks[0]['id']}", json={"url": "https://127.0.0.1/"})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "address_not_public")
    assert canary.received == []


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (PUBLIC, True),
        ("1.1.1.1", True),
        ("172.15.255.255", True),
        ("172.32.0.0", True),
        ("100.63.255.255", True),
        ("100.128.0.0", True),
        ("198.17.255.255", True),
        ("198.20.0.0", True),
        ("223.255.255.255", True),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("192.0.0.8", False),
        ("192.0.2.1", False),
        ("198.51.100.1", False),
        ("203.0.113.1", False),
        ("192.88.99.1", False),
        ("169.254.169.254", False),
        ("2400:3200::1", True),
        ("2606:2800:220:1::1", True),
        ("2001:200::1", True),
        ("2001:db8::1", False),
        ("2001::1", False),
        ("2001:2::1", False),
        ("2002:808:808::1", False),
        ("3fff::1", False),
        ("64:ff9b::808:808", False),
        ("64:ff9b:1::1", False),
        ("100::1", False),
        ("5f00::1", False),
        ("fd00::1", False),
        ("fe80::1", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("::", False),
        ("::1", False),
        ("::ffff:8.8.8.8", False),
        ("::8.8.8.8", False),
        ("2400:3200::1%eth0", False),
    ],
)
def test_what_is_public(address: str, *, expected: bool) -> None:
    assert is_public(ip_address(address)) is expected


@pytest.mark.parametrize(
    ("text", "host", "port", "path"),
    [
        ("https://receiver.example.com", "receiver.example.com", 443, "/"),
        ("HTTPS://Receiver.Example.COM/A?b=%20c&d", "receiver.example.com", 443, "/A?b=%20c&d"),
        ("https://receiver.example.com?x", "receiver.example.com", 443, "/?x"),
        ("https://xn--fiq228c.example:8443/", "xn--fiq228c.example", 8443, "/"),
        ("https://93.184.216.34:1024/", "93.184.216.34", 1024, "/"),
        ("https://[2400:3200::0001]:65535/", "2400:3200::1", 65535, "/"),
    ],
)
def test_sound_urls_are_read(text: str, host: str, port: int, path: str) -> None:
    target = read_url(text)
    assert (target.scheme, target.host, target.port, target.path) == ("https", host, port, path)


@pytest.mark.parametrize("port", ["0", "22", "25", "1023", "65536", "99999", "", "x", "-1", "+443", "443:443"])
def test_ports_of_other_services_are_refused(port: str) -> None:
    with pytest.raises(UrlRefused):
        read_url(f"https://receiver.example.com:{port}/")
