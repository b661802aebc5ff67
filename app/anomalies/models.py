"""The table of sightings of plates, by which those at two places in too little time are found."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Float, Index, String, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base

#: Of faster ones there is an index; `SWX_LORRY_SPEED_KM_H` is at least this.
FAST_KM_H = 80
_IS_FAST = text(f"km_h_at_most > {FAST_KM_H}")


class PlateSighting(Base):
    """Derived: a lorry at a gate that it left (`1`) or arrived at (`2`) with a load, beside its sighting before.

    Triggers of the database keep it with every write of a load and of a site's position (migration 0016); nothing
    else writes here. `km_h_at_most` is never below the speed that the lorry must have had along the geodesic.
    """

    __tablename__ = "plate_sightings"
    __table_args__ = (
        Index("ix_plate_sightings_fast", "shipment_id", "gate", sqlite_where=_IS_FAST, postgresql_where=_IS_FAST),
        {"sqlite_with_rowid": False},
    )

    vehicle_plate: Mapped[str] = mapped_column(String(20), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    shipment_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    gate: Mapped[str] = mapped_column(String(1), primary_key=True)
    site_id: Mapped[UUID] = mapped_column(Uuid)
    before_at: Mapped[datetime | None]
    before_shipment_id: Mapped[UUID | None] = mapped_column(Uuid)
    before_site_id: Mapped[UUID | None] = mapped_column(Uuid)
    km_h_at_most: Mapped[float | None] = mapped_column(Float(53))
