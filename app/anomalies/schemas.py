"""Anomalies as an inspector reads them."""

from uuid import UUID

from pydantic import Field

from app.anomalies.rules import AnomalyKind
from app.core.quantities import Number
from app.core.schema import Instant, Month, Schema


class ItemRead(Schema):
    """An object that an anomaly is about."""

    kind: str = Field(description="`shipment`, `agreement` or `site`.")
    id: UUID
    name: str = Field(description="Ticket number and plate of a load, name of a site.")


class AnomalyRead(Schema):
    """A finding: what contradicts what, in words and figures, and where to look."""

    kind: AnomalyKind
    label_en: str
    label_zh: str
    at: Instant | None = Field(description="When it happened; null of storage, which did not move, and of use.")
    month: Month = Field(
        description="In which it happened; of storage: in which it last moved; of use: the last month that is counted."
    )
    material: str | None = Field(description="Null of use beyond a capacity, which may be of several.")
    use: str | None = Field(description="Of use beyond a capacity; else null.")
    sentence_en: str
    sentence_zh: str
    objects: list[ItemRead] = Field(
        description="Loads first, the later one before the earlier, then sites, the place of the finding before others."
    )
    figures: dict[str, Number] = Field(
        description="The evidence: `weight_outside_tolerance`: dispatched_t, received_t, difference_t, tolerance_t; "
        "`dispatched_beyond_declared`: net_t, dispatched_beyond_t (not declared when it left), declared_t (now); "
        "`plate_at_two_places`: distance_km (geodesic), minutes, speed_limit_km_h; "
        "`use_beyond_capacity`: year, used_t (to the end of `month`), capacity_t_per_year, share_pct; "
        "`storage_that_never_moves`: stored_t, stock_year, idle_months."
    )
