"""The web addresses that others ask the exchange to call: read strictly, so that no two readers see two hosts. Pure."""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import NamedTuple

from app.core.public_addresses import Address

MOST_CHARACTERS = 2000
#: Below 1024 other services listen, mail and log-ins among them: nobody's errands are run there.
_LOWEST_PORT, _HIGHEST_PORT = 1024, 65535
_DEFAULT_PORTS = {"http": 80, "https": 443}
_URL = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?#]*)(?P<target>[^#]*)", re.IGNORECASE)
_LITERAL_V6 = re.compile(r"\[(?P<host>[0-9a-f:.]+)\](?::(?P<port>[0-9]{1,5}))?", re.IGNORECASE)
_NAME_OR_V4 = re.compile(r"(?P<host>[0-9a-z.-]+)(?::(?P<port>[0-9]{1,5}))?", re.IGNORECASE)
_LABEL = r"[0-9a-z](?:[0-9a-z-]{0,61}[0-9a-z])?"
#: The last label begins with a letter: what ends in a number is an address, however it is written (127.1, 0x7f.1).
_NAME = re.compile(rf"(?:{_LABEL}\.)*(?=[a-z]){_LABEL}")
_MOST_OF_NAME = 253


class UrlRefused(Exception):
    """The exchange does not call this address; `detail` says why, and what would do."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Target(NamedTuple):
    """Where a request goes: the parts of a URL, of which the client is given each by itself.

    `address` is set where the host is one and not a name; `path` has the query with it.
    """

    scheme: str
    host: str
    address: Address | None
    port: int
    path: str

    @property
    def authority(self) -> str:
        """What the header `Host` says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def read_url(text: str) -> Target:
    """Return where a URL leads; raises UrlRefused `invalid_url` for whatever two programs could read differently."""
    if len(text) > MOST_CHARACTERS:
        raise _invalid(f"is longer than {MOST_CHARACTERS} characters")
    if not re.fullmatch(r"[\x21-\x7e]+", text) or "\\" in text:
        raise _invalid("holds spaces, backslashes or letters beyond ASCII; write names as xn--…, the rest as %…")
    found = _URL.fullmatch(text)
    if found is None:
        raise _invalid("is no URL of the form https://receiver.example.com/path, without a fragment")
    scheme, authority = found["scheme"].lower(), found["authority"]
    if "@" in authority:
        raise _invalid("has a user name in it; put a secret into path or query, or rely on the signature")
    host = _LITERAL_V6.fullmatch(authority) or _NAME_OR_V4.fullmatch(authority)
    if host is None:
        raise _invalid("has a host that is neither a name nor an address")
    port = _DEFAULT_PORTS[scheme] if host["port"] is None else int(host["port"])
    if port not in _DEFAULT_PORTS.values() and not _LOWEST_PORT <= port <= _HIGHEST_PORT:
        raise _invalid(f"has a port that is not called: take 443, or one from {_LOWEST_PORT} to {_HIGHEST_PORT}")
    name, address = _read_host(host["host"].lower())
    path = found["target"]
    return Target(scheme, name, address, port, path if path.startswith("/") else f"/{path}")


def _read_host(text: str) -> tuple[str, Address | None]:
    try:
        address: Address = IPv6Address(text) if ":" in text else IPv4Address(text)
    except AddressValueError:
        pass
    else:
        return str(address), address
    if len(text) > _MOST_OF_NAME or not _NAME.fullmatch(text):
        raise _invalid("has a host that is neither a full name (without a dot at its end) nor an address as 192.0.2.1")
    return text, None


def _invalid(detail: str) -> UrlRefused:
    return UrlRefused("invalid_url", detail)
