"""What the answers of objects share: ETag and Location, and documents that are written without a detour."""

from typing import Any, Protocol
from uuid import UUID

from fastapi import Response

from app.core.documents import Document, write_json


class Versioned(Protocol):
    """An object that changes."""

    version: int


def tag(response: Response, row: Versioned) -> None:
    """Set the ETag of an object: its version."""
    response.headers["ETag"] = _etag(row.version)


def created(response: Response, path: str, identifier: UUID) -> None:
    """Set the Location of a new object."""
    response.headers["Location"] = f"{path}/{identifier}"


def answer_document(document: Any, status: int = 200) -> Response:  # noqa: ANN401 - whatever makes JSON
    """Return the answer of what is described as its schema says; no model is built of what came from the database."""
    return Response(write_json(document), status_code=status, media_type="application/json")


def answer_versioned(document: Document, status: int = 200) -> Response:
    """Return the answer of an object that changes, with its ETag."""
    response = answer_document(document, status)
    response.headers["ETag"] = _etag(document["version"])
    return response


def _etag(version: int) -> str:
    return f'"{version}"'
