"""What is on record of a site, for its tables to be filled from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from app.core.clock import at_business_time, first_day, last_day
from app.ledger.models import Declaration
from app.organisations.models import SiteId, SiteStream
from app.statutory.balances import GateBalance


@dataclass(frozen=True)
class Gate:
    """The site that a table is of; drivers are shown to its own organisation alone, an inspector sees plates."""

    site_id: SiteId
    site_name: str
    organisation_name: str
    district_code: str | None
    with_drivers: bool


@dataclass(frozen=True)
class Period:
    """Months from first to last, `YYYY-MM`, both included."""

    first: str
    last: str

    @property
    def days(self) -> tuple[date, date]:
        """First and last business day."""
        return first_day(self.first), last_day(self.last)

    @property
    def instants(self) -> tuple[datetime, datetime]:
        """The instant that it begins with and the one that it ends before."""
        begin, end = self.days
        return _midnight(begin), _midnight(end + timedelta(days=1))


def _midnight(day: date) -> datetime:
    return at_business_time(datetime.combine(day, time()))


@dataclass(frozen=True)
class Load:
    """One load that left the gate, with what is on record of its way; `receiving_district` is that of its receiver."""

    material: str
    dispatched_at: datetime
    net_t: Decimal
    handler: str | None
    carrier: str | None
    vehicle_plate: str
    driver_name: str | None
    driver_phone: str | None
    transport_mode: str | None
    receiver: str
    receiving_district: str | None


@dataclass(frozen=True)
class Records:
    """What is on record of a site and a period (`2026` or `2026-01`), by material."""

    gate: Gate
    period: str
    streams: Mapping[str, SiteStream]
    balances: Mapping[str, GateBalance]
    #: In force; in a month there is one a material.
    declarations: Sequence[Declaration]
    #: Keys of the uses that loads left for.
    uses: Mapping[str, Sequence[str]]

    def declaration(self, material: str) -> Declaration | None:
        """Return the month's declaration of a material."""
        return next((declared for declared in self.declarations if declared.material == material), None)

    def balance(self, material: str) -> GateBalance:
        """Return the balance of a material, of zeros where nothing was ever posted."""
        return self.balances.get(material, GateBalance())

    def declared_materials(self) -> set[str]:
        """Return the materials that the period has declarations of."""
        return {declared.material for declared in self.declarations}
