"""Requests to addresses that others have named: none of them reaches a network that is not the public one.

A name is resolved once, every address that it has is judged, and the connection goes to a judged address by number.
So there is no second look-up that could say something else. Redirects are answers like any other; proxies of the
environment are not asked.
"""

import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from ipaddress import ip_address

import anyio
import httpcore2
from anyio import CapacityLimiter, to_thread

from app.core.outgoing_urls import Target, UrlRefused, read_url
from app.core.public_addresses import Address, Network, is_public, lies_in

TIMEOUT_S = 10.0
#: For each address of a name, TLS apart: a silent one must not use up the time of the next.
_CONNECT_S = 4.0
_MOST_BYTES = 65_536
Resolver = Callable[[str], Awaitable[Sequence[str]]]


class Unreached(Exception):
    """There was no answer; `code` says why, in words that tell nothing of the network behind."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


async def resolve_by_system(name: str) -> list[str]:
    """Return the addresses of a name; raises OSError. Whoever gives up waiting leaves the thread to end by itself."""
    look_up = partial(socket.getaddrinfo, name, None, type=socket.SOCK_STREAM)
    # A limiter of its own: names that never answer must not take the threads that requests run in.
    found = await to_thread.run_sync(look_up, abandon_on_cancel=True, limiter=CapacityLimiter(1))
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Guard:
    """Judges where a URL leads; `allowed` networks are the operator's own, also without TLS."""

    def __init__(self, allowed: tuple[Network, ...] = (), resolve: Resolver = resolve_by_system) -> None:
        self._allowed = allowed
        self._resolve = resolve

    async def find_addresses(self, target: Target) -> list[Address]:
        """Return the addresses that a target has now, all of them judged.

        Raises UrlRefused: `name_unknown` without any, `address_not_public` when a single one is not public, and
        `https_required` where the way is open and not allowed to be.
        """
        addresses = [target.address] if target.address is not None else await self._look_up(target.host)
        own = [lies_in(address, self._allowed) for address in addresses]
        if not all(is_own or is_public(address) for is_own, address in zip(own, addresses, strict=True)):
            detail = "leads to a private, loopback or reserved address, which is not called; take a public one"
            raise UrlRefused("address_not_public", detail)
        if target.scheme != "https" and not all(own):
            raise _https_required()
        return addresses

    async def check_url(self, target: Target, patience_s: float) -> None:
        """Raise UrlRefused for a target that will not be called as things stand.

        A name that nobody knows yet, or not in time, passes where TLS protects it: it is looked up again each time.
        """
        if target.scheme != "https" and not self._allowed:
            raise _https_required()
        try:
            with anyio.fail_after(patience_s):
                await self.find_addresses(target)
        except TimeoutError:
            is_known = False
        except UrlRefused as refused:
            if refused.code != "name_unknown":
                raise
            is_known = False
        else:
            is_known = True
        if not is_known and target.scheme != "https":
            raise _https_required()

    async def _look_up(self, name: str) -> list[Address]:
        try:
            addresses = [ip_address(text) for text in await self._resolve(name)]
        except (OSError, ValueError):
            addresses = []
        if not addresses:
            raise UrlRefused("name_unknown", "has a host that the exchange finds no address of")
        return addresses


def _https_required() -> UrlRefused:
    return UrlRefused("https_required", "goes without TLS; take https://")


class GuardedClient:
    """Posts to URLs of others, within `timeout_s` in all; a connection serves one request."""

    def __init__(
        self,
        guard: Guard,
        timeout_s: float = TIMEOUT_S,
        tls: ssl.SSLContext | None = None,
        network: httpcore2.AsyncNetworkBackend | None = None,
    ) -> None:
        self._guard = guard
        self._timeout_s = timeout_s
        self._tls = httpcore2.default_ssl_context() if tls is None else tls
        self._network = network

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """Return the status of the answer, whatever it is; raises UrlRefused or Unreached."""
        target = read_url(url)
        try:
            with anyio.fail_after(self._timeout_s):
                return await self._post(target, headers, body)
        except (TimeoutError, httpcore2.TimeoutException):
            raise Unreached("timeout") from None
        except httpcore2.ConnectError as error:
            raise Unreached("tls_failed" if isinstance(error.__cause__, ssl.SSLError) else "no_connection") from None
        except (httpcore2.NetworkError, httpcore2.ProtocolError):
            raise Unreached("no_answer") from None

    async def _post(self, target: Target, headers: Mapping[str, str], body: bytes) -> int:
        *others, last = await self._guard.find_addresses(target)
        for address in others:
            try:
                return await self._post_to(address, target, headers, body)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue  # nothing was sent
        return await self._post_to(last, target, headers, body)

    async def _post_to(self, address: Address, target: Target, headers: Mapping[str, str], body: bytes) -> int:
        # By number: nothing here resolves a name. The certificate must be that of the name all the same.
        url = httpcore2.URL(scheme=target.scheme, host=str(address), port=target.port, target=target.path)
        own = {"Host": target.authority, "Accept-Encoding": "identity", "Connection": "close"}
        sent: list[tuple[bytes | str, bytes | str]] = [*own.items(), *headers.items()]
        options = {"sni_hostname": target.host, "timeout": {"connect": _CONNECT_S}}
        connection = httpcore2.AsyncHTTPConnection(url.origin, self._tls, network_backend=self._network)
        async with (
            connection,
            connection.stream("POST", url, headers=sent, content=body, extensions=options) as response,
        ):
            # So that the other side can finish speaking; what it says is neither kept nor shown.
            count = 0
            async for part in response.aiter_stream():
                count += len(part)
                if count > _MOST_BYTES:
                    break
            return response.status
