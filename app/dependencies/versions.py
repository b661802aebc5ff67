"""The version of an object that the caller wants to change: If-Match."""

from typing import Annotated

from fastapi import Depends, Header

from app.core.errors import Stale


def if_match(header: Annotated[str | None, Header(alias="If-Match", max_length=100)] = None) -> int | None:
    """Return the version that the caller wants to change, or None for any."""
    if header is None or header.strip() == "*":
        return None
    text = header.strip().removeprefix("W/").strip('"')
    if not text.isdecimal():
        raise Stale("stale_version", 'If-Match takes the ETag of the object, as "3".')
    return int(text)


IfMatch = Annotated[int | None, Depends(if_match)]


def check_version(version: int, wanted: int | None) -> None:
    """Raise Stale when the caller's If-Match names another version."""
    if wanted is not None and wanted != version:
        raise Stale("stale_version", f"The object is at version {version}; read it again.", version=version)
