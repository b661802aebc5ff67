"""What the reading process is asked and answers: msgpack over its standard streams."""

from typing import BinaryIO
from uuid import UUID

import msgspec

from app.core.framing import read_frame, write_frame


class Request(msgspec.Struct, frozen=True):
    """What a file is and whose; `sites` are id and name of the owner's sites. The file's bytes follow it."""

    kind: str
    format: str
    zone: str
    sites: list[tuple[UUID, str]]


class Row(msgspec.Struct, frozen=True, array_like=True):
    """One good row; `number` counts the rows of the file from 0, `content` is what its kind lands."""

    number: int
    line: int
    fingerprint: bytes
    content: bytes


class Refused(msgspec.Struct, frozen=True, array_like=True):
    """One fault of a row; a row with several has them one after the other."""

    number: int
    line: int
    pointer: str
    column: str | None
    code: str
    reason: str


class Begin(msgspec.Struct, frozen=True, tag=True):
    """The file can be read: so many rows follow."""

    total: int


class Chunk(msgspec.Struct, frozen=True, tag=True):
    """Rows that land in one transaction; with them the file is dealt with up to row `end`."""

    end: int
    rows: list[Row]
    refused: list[Refused]


class Failure(msgspec.Struct, frozen=True, tag=True):
    """The file cannot be imported as a whole."""

    code: str
    detail: str


class End(msgspec.Struct, frozen=True, tag=True):
    """All rows are sent."""


Answer = Begin | Chunk | Failure | End
_answers = msgspec.msgpack.Decoder(Answer)
_requests = msgspec.msgpack.Decoder(Request)
_encode = msgspec.msgpack.Encoder().encode


def write_answer(stream: BinaryIO, answer: Answer) -> None:
    """Send one answer."""
    write_frame(stream, _encode(answer))


def decode_answer(body: bytes) -> Answer:
    """Return an answer as it was sent."""
    answer: Answer = _answers.decode(body)
    return answer


def write_request(stream: BinaryIO, request: Request, content: bytes) -> None:
    """Send a request and the file."""
    write_frame(stream, _encode(request))
    write_frame(stream, content)


def read_request(stream: BinaryIO) -> tuple[Request, bytes] | None:
    """Return the request with the file; None when the stream ended, because nothing more is to be read."""
    body = read_frame(stream)
    content = None if body is None else read_frame(stream)
    return None if body is None or content is None else (_requests.decode(body), content)
