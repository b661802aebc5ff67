"""A generated market, written straight into the database."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import delete

from app.core.clock import today
from app.core.database import Database
from app.lots.models import Lot, LotMonth
from app.organisations.models import Organisation, Site

SUSPENDED, OWN = "suspended", "own"


@dataclass(frozen=True)
class SiteMade:
    """A site of a generated market."""

    place: tuple[float, float]
    district: str | None
    owner: str


@dataclass(frozen=True)
class LotMade:
    """A lot of a generated market; `site` is the index of its site, `taken` by month makes it a recurring one."""

    site: int
    material: str
    price: Decimal
    quantity: Decimal
    reserved: Decimal
    days: tuple[date, date]
    status: str
    origin: str | None
    assay: dict[str, Any] | None
    assayed_on: date = field(default_factory=today)
    taken: dict[str, Decimal] | None = None


@dataclass
class Market:
    """Sites and lots in a database; `ids` are those of the lots, in the order of the lots."""

    database: Database
    owners: dict[str, UUID]
    sites: Sequence[SiteMade] = ()
    lots: Sequence[LotMade] = ()
    ids: list[UUID] = field(default_factory=list)

    def fill(self, sites: Sequence[SiteMade], lots: Sequence[LotMade]) -> None:
        """Replace what is in the database."""
        self.sites, self.lots = sites, lots
        with self.database.write() as session:
            session.execute(delete(LotMonth))
            session.execute(delete(Lot))
            session.execute(delete(Site))
            rows = [make_site(self.owners[site.owner], site) for site in sites]
            session.add_all(rows)
            session.flush()
            offers = [make_lot(self.owners[sites[lot.site].owner], rows[lot.site].id, lot) for lot in lots]
            session.add_all(offers)
            session.flush()
            self.ids = [offer.id for offer in offers]
            session.add_all(
                LotMonth(lot_id=lot_id, month=month, quantity_t=lot.quantity, reserved_t=tonnes)
                for lot_id, lot in zip(self.ids, lots, strict=True)
                for month, tonnes in (lot.taken or {}).items()
            )
            session.commit()


def make_owners(database: Database) -> dict[str, UUID]:
    """Store three organisations: two that trade and a suspended one."""
    statuses = {"other": "active", OWN: "active", SUSPENDED: "suspended"}
    with database.write() as session:
        rows = {name: Organisation(name=name, roles=["producer"], status=status) for name, status in statuses.items()}
        session.add_all(rows.values())
        session.commit()
        return {name: row.id for name, row in rows.items()}


def make_site(owner: UUID, site: SiteMade) -> Site:
    """Return the row of a site."""
    latitude, longitude = site.place
    return Site(
        organisation_id=owner,
        name="site",
        latitude=latitude,
        longitude=longitude,
        given_latitude=latitude,
        given_longitude=longitude,
        district_code=site.district,
    )


def make_lot(owner: UUID, site_id: UUID, lot: LotMade) -> Lot:
    """Return the row of a lot."""
    return Lot(
        organisation_id=owner,
        site_id=site_id,
        material=lot.material,
        quantity_t=lot.quantity,
        is_recurring=lot.taken is not None,
        reserved_t=lot.reserved if lot.taken is None else Decimal(0),
        available_from=lot.days[0],
        available_to=lot.days[1],
        price_cny_per_t=lot.price,
        origin_process=lot.origin,
        status=lot.status,
        current_assay=lot.assay,
        current_assay_on=None if lot.assay is None else lot.assayed_on,
    )
