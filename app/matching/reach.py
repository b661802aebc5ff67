"""Where a standing wish reaches: materials times cells of a grid of two degrees, so that a lot finds it by equality.

Pure; a reach is never too small, and judging the wish settles the rest.
"""

from app.core.geo import Box, bounding_boxes
from app.matching.standing import StandingWish

ANY_MATERIAL = "*"
ANYWHERE = -1
#: A wish that touches more cells is asked about every place.
MOST_CELLS = 64
_CELL_DEG = 2
_ROWS, _COLUMNS = 180 // _CELL_DEG, 360 // _CELL_DEG


def cell_of(latitude: float, longitude: float) -> int:
    """Return the cell of a point; the pole and the date line, seen from the west, belong to the last cell before."""
    return _row(latitude) * _COLUMNS + _column(longitude)


def reach_of(wish: StandingWish) -> list[tuple[str, int]]:
    """Return the pairs of material and cell for which a wish must be asked."""
    materials = wish.materials
    cells = _cells_of(wish)
    return [
        (material, cell)
        for material in ([ANY_MATERIAL] if materials is None else sorted(materials))
        for cell in sorted(cells)
    ]


def _cells_of(wish: StandingWish) -> set[int]:
    if wish.position is None or wish.within_km is None:
        return {ANYWHERE}
    boxes = bounding_boxes(wish.position.latitude, wish.position.longitude, wish.within_km)
    if sum(len(_rows(box)) * len(_columns(box)) for box in boxes) > MOST_CELLS:
        return {ANYWHERE}
    return {row * _COLUMNS + column for box in boxes for row in _rows(box) for column in _columns(box)}


def _rows(box: Box) -> range:
    return range(_row(box.south), _row(box.north) + 1)


def _columns(box: Box) -> range:
    return range(_column(box.west), _column(box.east) + 1)


def _row(latitude: float) -> int:
    return min(int((latitude + 90.0) // _CELL_DEG), _ROWS - 1)


def _column(longitude: float) -> int:
    return min(int((longitude + 180.0) // _CELL_DEG), _COLUMNS - 1)
