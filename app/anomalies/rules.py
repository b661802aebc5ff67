"""When a record is an anomaly, and in what words it is told. Pure."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from app.core.clock import year_of

#: Sightings nearer to each other than this are one place: two gates of a plant, clocks of different offices.
SAME_PLACE_KM = 1.0
_MONTHS = 12


class AnomalyKind(StrEnum):
    """What contradicts what; in the order of the list."""

    WEIGHT_OUTSIDE_TOLERANCE = "weight_outside_tolerance"
    DISPATCHED_BEYOND_DECLARED = "dispatched_beyond_declared"
    PLATE_AT_TWO_PLACES = "plate_at_two_places"
    USE_BEYOND_CAPACITY = "use_beyond_capacity"
    STORAGE_THAT_NEVER_MOVES = "storage_that_never_moves"


#: English and Chinese.
LABELS = {
    AnomalyKind.WEIGHT_OUTSIDE_TOLERANCE: ("Weights differ beyond the tolerance", "两次称重之差超出允许偏差"),
    AnomalyKind.DISPATCHED_BEYOND_DECLARED: ("More dispatched than declared", "外运量超过申报量"),
    AnomalyKind.PLATE_AT_TWO_PLACES: ("One plate at two places in too little time", "同一车牌在过短时间内出现于两地"),
    AnomalyKind.USE_BEYOND_CAPACITY: ("More used than the plant can take", "利用量超过处理能力"),
    AnomalyKind.STORAGE_THAT_NEVER_MOVES: ("Storage that never moves", "贮存长期无变动"),
}


@dataclass(frozen=True)
class Item:
    """An object that an anomaly is about; `name` is what people know it by."""

    kind: str
    id: UUID
    name: str


@dataclass(frozen=True)
class Anomaly:
    """One finding with its evidence; `position` is its place in the list of its kind."""

    kind: AnomalyKind
    #: When it happened; None of what did not happen, or not at one time.
    at: datetime | None
    #: Of `at`; of storage: when it last moved; of use: up to which it is counted.
    month: str
    #: None of use, which may be of several.
    material: str | None
    sentence_en: str
    sentence_zh: str
    objects: tuple[Item, ...]
    figures: dict[str, Decimal]
    position: tuple[str, ...]
    #: Of use beyond a capacity.
    use: str | None = None

    @property
    def label_en(self) -> str:
        """The kind in English words."""
        return LABELS[self.kind][0]

    @property
    def label_zh(self) -> str:
        """The kind in Chinese words."""
        return LABELS[self.kind][1]


def is_too_fast(distance_km: float, hours: float, speed_km_h: float) -> bool:
    """Whether a lorry of `speed_km_h` could not be at two places `hours` apart; the geodesic is the shortest road."""
    return distance_km > SAME_PLACE_KM and distance_km > speed_km_h * hours


def months_back(month: str, months: int) -> str:
    """Return the month `months` before `YYYY-MM`."""
    years, number = divmod(year_of(month) * _MONTHS + int(month[5:]) - 1 - months, _MONTHS)
    return f"{years:04d}-{number + 1:02d}"


def months_between(first: str, last: str) -> int:
    """Return how many months lie between two `YYYY-MM`."""
    return (year_of(last) - year_of(first)) * _MONTHS + int(last[5:]) - int(first[5:])
