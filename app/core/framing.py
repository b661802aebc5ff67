"""Messages between a process and its child over standard streams: each with its length before it."""

from collections.abc import Callable, Iterator
from selectors import EVENT_READ, DefaultSelector
from typing import IO, BinaryIO, cast

_LENGTH_BYTES = 8
#: How often who waits for a message is asked whether it still wants it.
WAIT_SECONDS = 1.0


def write_frame(stream: BinaryIO, body: bytes) -> None:
    """Send one message."""
    left = memoryview(len(body).to_bytes(_LENGTH_BYTES, "big") + body)
    while left:  # an unbuffered pipe takes what it has room for
        left = left[stream.write(left) :]
    stream.flush()


def read_frame(stream: BinaryIO) -> bytes | None:
    """Return the next message; None when the stream ends before it is complete."""
    length = _read_exactly(stream, _LENGTH_BYTES)
    return None if length is None else _read_exactly(stream, int.from_bytes(length, "big"))


def _read_exactly(stream: BinaryIO, size: int) -> bytes | None:
    body = bytearray()
    while len(body) < size:
        part = stream.read(size - len(body))
        if not part:
            return None
        body += part
    return bytes(body)


def frames_of(stream: IO[bytes], keep_on: Callable[[], None]) -> Iterator[bytes]:
    """Yield messages until the stream ends; `keep_on` is called while waiting, and may raise."""
    with DefaultSelector() as selector:
        selector.register(stream, EVENT_READ)
        while True:
            while not selector.select(WAIT_SECONDS):
                keep_on()
            body = read_frame(cast(BinaryIO, stream))
            if body is None:
                return
            yield body
