"""What-ifs: single changes of a market, and why one cannot be computed. Pure."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from app.matching.limits import Criterion


@dataclass(frozen=True)
class AddPlant:
    """One more plant for a use: tonnes a year, a twelfth of them a month; WGS-84. It takes what passes or is unknown.

    `grade` and `criteria` ask of lots what a demand would; no `materials` means all that the use takes.
    """

    use: str
    capacity_t_per_year: Decimal
    latitude: float
    longitude: float
    materials: tuple[str, ...] = ()
    grade: str | None = None
    criteria: tuple[Criterion, ...] = ()
    accepts_unknown: bool = True
    name: str = "what-if"


@dataclass(frozen=True)
class AddCapacity:
    """So many tonnes more a year for an open demand, a twelfth of them a month: and so much is approved."""

    demand_id: UUID
    capacity_t_per_year: Decimal


@dataclass(frozen=True)
class AddTreatment:
    """A treatment line of the catalogue at a site: lots there get the values that it is claimed to bring."""

    site_id: UUID
    treatment: str


@dataclass(frozen=True)
class RaiseDistance:
    """A longer distance limit: of the question and of every demand, or of one demand; None lifts it."""

    max_distance_km: float | None
    demand_id: UUID | None = None


@dataclass(frozen=True)
class RelaxLimit:
    """A demands' own limit on a parameter that is relaxed to a value, or lifted; limits of standards stay.

    It holds for the demands of a use, or for one demand.
    """

    parameter: str
    use: str | None = None
    demand_id: UUID | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None


@dataclass(frozen=True)
class CloseRoute:
    """A law that closes a use to a material."""

    use: str
    material: str


@dataclass(frozen=True)
class ChangeFreight:
    """Another price of hauling, for every haul: where demands have tariffs of their own, instead of those."""

    per_t_km_cny: Decimal | None = None
    fixed_cny_per_t: Decimal | None = None
    detour_factor: float | None = None


Change = AddPlant | AddCapacity | AddTreatment | RaiseDistance | RelaxLimit | CloseRoute | ChangeFreight


class Refusal(ValueError):
    """Why a what-if cannot be computed."""

    def __init__(self, field: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.field, self.code = field, code
