"""How fast a caller may ask: so many requests a minute of each key, and of each address where no key is asked for."""

import ipaddress

from fastapi import Request

from app.core.errors import TooManyRequests
from app.dependencies.sessions import database_of
from app.dependencies.settings import settings_of
from app.requests.buckets import Policy
from app.requests.limiter import Limiter

_MINUTE, _HOUR = 60, 3600
#: Of an address in an hour as many requests without a key as a key has in six seconds.
_SHARE_OF_ADDRESSES = 10
_NETWORK_OF_ONE = 64


async def limit_key(request: Request, key_id: str) -> None:
    """Count a request of a key; raises TooManyRequests."""
    quota = settings_of(request).rate_limit
    if quota:
        await _count(request, f"key:{key_id}", Policy("key", quota, _MINUTE))


class LimitsAddress:
    """A dependency that counts a request of an address, for routes that ask for no key; named on each such route."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def __call__(self, request: Request) -> None:
        """Count the request; raises TooManyRequests."""
        limit = settings_of(request).rate_limit
        if limit:
            policy = Policy(self.name, max(1, limit // _SHARE_OF_ADDRESSES), _HOUR)
            await _count(request, f"{self.name}:{address_of(request)}", policy)


async def _count(request: Request, bucket: str, policy: Policy) -> None:
    standings = request.scope["state"].setdefault("standings", {})
    if policy.name in standings:  # the request is repeated after a collision
        return
    limiter: Limiter = request.app.state.limiter
    standing = standings[policy.name] = await limiter.admit(database_of(request), bucket, policy)
    if not standing.is_admitted:
        detail = f"This is more than {policy.quota} requests in {policy.seconds} s; try again in {standing.seconds} s."
        raise TooManyRequests("too_many_requests", detail, retry_after_s=standing.seconds)


def address_of(request: Request) -> str:
    """Return the address a request came from; of IPv6 the network, which is one customer's."""
    host = "unknown" if request.client is None else request.client.host
    try:
        address = ipaddress.ip_address(host)
    except ValueError:  # a socket that is a file, or a test
        return host
    if address.version == 4:  # noqa: PLR2004 - of the Internet Protocol
        return host
    mapped = address.ipv4_mapped
    return str(mapped) if mapped else str(ipaddress.ip_network((address, _NETWORK_OF_ONE), strict=False))
