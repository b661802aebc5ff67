"""Whose anomalies are asked for, and what is assumed of lorries and piles."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select

from app.organisations.models import SiteId


@dataclass(frozen=True)
class Scope:
    """The sites of the jurisdiction, the period [start, end) of what happened, and the present month."""

    sites: Select[SiteId]
    start: datetime
    end: datetime
    this_month: str
    #: The months of the period.
    first: str
    last: str
    #: No lorry is faster than this.
    speed_km_h: float
    #: Storage that last moved so many months ago, or earlier, is idle.
    idle_months: int
