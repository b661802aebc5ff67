"""Failures that others caused by writing at the same time: the same transaction may succeed when it is repeated."""

import sqlite3

from sqlalchemy.exc import DBAPIError

#: serialization_failure, deadlock_detected; on a replica also a read that was in the way of what is replayed.
_SQLSTATES = frozenset({"40001", "40P01"})
_PRIMARY_CODE = 0xFF


def is_contention(error: BaseException | None) -> bool:
    """Tell whether a database gave a transaction up because of another one; nothing of it was stored."""
    if not isinstance(error, DBAPIError):
        return False
    if getattr(error.orig, "sqlstate", None) in _SQLSTATES:
        return True
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code is not None and code & _PRIMARY_CODE == sqlite3.SQLITE_BUSY
