"""Arrays as bytes and back: the same arrays always make the same bytes, and one digest. Pure."""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]
#: Archives hold the time of each member: the earliest there is.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
#: The next levels take several times as long and spare a tenth.
_LEVEL = 1
_WIDTHS = (np.int8, np.int16, np.int32)


def pack(arrays: Arrays) -> bytes:
    """Return arrays as a compressed NumPy archive (`numpy.load` reads it), whole numbers as narrow as they fit."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        for name in sorted(arrays):
            with archive.open(zipfile.ZipInfo(f"{name}.npy", _NO_TIME), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, _narrow(arrays[name]), version=(1, 0), allow_pickle=False)
    return file.getvalue()


def unpack(content: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays of `pack`, whole numbers in 64 bits."""
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return {name: _widen(archive[name]) for name in archive.files}


def digest(arrays: Arrays) -> str:
    """Return the SHA-256 of arrays whatever compresses them: names, types, shapes and little-endian values."""
    seen = hashlib.sha256()
    for name in sorted(arrays):
        values = _widen(arrays[name])
        values = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<"), copy=False))
        seen.update(f"{name} {values.dtype.str} {values.shape}\n".encode())
        seen.update(values.tobytes())
    return seen.hexdigest()


def _narrow(values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype != np.int64 or not values.size:
        return values
    lowest, highest = int(values.min()), int(values.max())
    for width in _WIDTHS:
        bounds = np.iinfo(width)
        if bounds.min <= lowest and highest <= bounds.max:
            return values.astype(width)
    return values


def _widen(values: NDArray[Any]) -> NDArray[Any]:
    return values.astype(np.int64) if values.dtype.kind == "i" else values
