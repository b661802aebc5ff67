"""What the answers of objects share: ETag and Location."""

from typing import Protocol
from uuid import UUID

from fastapi import Response


class Versioned(Protocol):
    """An object that changes."""

    version: int


def tag(response: Response, row: Versioned) -> None:
    """Set the ETag of an object: its version."""
    response.headers["ETag"] = f'"{row.version}"'


def created(response: Response, path: str, identifier: UUID) -> None:
    """Set the Location of a new object."""
    response.headers["Location"] = f"{path}/{identifier}"
