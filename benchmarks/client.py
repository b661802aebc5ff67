"""The load generator's side of a request: one kept connection of the standard library, to measure little of itself."""

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit


class Client:
    """One connection to a server, with a key."""

    def __init__(self, address: str, key: str | None = None) -> None:
        place = urlsplit(address)
        self._connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=120)
        self._headers = {} if key is None else {"Authorization": f"Bearer {key}"}

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> bytes:
        """Return the body of a 200; raises RuntimeError for any other."""
        return self._ask("GET", f"{path}?{urlencode(query, doseq=True)}" if query else path, None, {}, HTTPStatus.OK)

    def post(self, path: str, body: Mapping[str, Any], status: HTTPStatus = HTTPStatus.CREATED) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON of a POST that answers `status`; raises RuntimeError for any other."""
        return self.send(path, json.dumps(body).encode(), "application/json", status)

    def send(self, path: str, content: bytes, media_type: str, status: HTTPStatus) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON of a POST of any content that answers `status`; raises RuntimeError for any other."""
        return json.loads(self._ask("POST", path, content, {"Content-Type": media_type}, status))

    def _ask(
        self, method: str, path: str, content: bytes | None, headers: Mapping[str, str], status: HTTPStatus
    ) -> bytes:
        sent = self._headers | dict(headers)
        self._connection.request(method, path, content, sent)
        try:
            answer = self._connection.getresponse()
        except http.client.RemoteDisconnected:  # idle for longer than the server keeps a connection
            if method != "GET":
                raise
            self._connection.request(method, path, content, sent)
            answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != status:
            raise RuntimeError(f"{method} {path}: {answer.status} {body.decode()}")
        return body


@contextmanager
def connect(address: str, key: str | None = None) -> Iterator[Client]:
    """Yield a client that is closed afterwards."""
    client = Client(address, key)
    try:
        yield client
    finally:
        client.close()
