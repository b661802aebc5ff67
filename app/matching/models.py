"""Tables of saved searches: what is looked for, where each one reaches, and which lots it has found."""

from datetime import datetime
from typing import Any, NewType
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.auth.actor import OrganisationId
from app.core.clock import now
from app.core.database import Base, new_id
from app.demands.models import DemandId
from app.lots.models import LotId

SavedSearchId = NewType("SavedSearchId", UUID)


class SavedSearch(Base):
    """A search that is told of new lots: filters as they were given, or a demand as it stands. It never changes."""

    __tablename__ = "saved_searches"
    __table_args__ = (
        CheckConstraint("(filters IS NULL) <> (demand_id IS NULL)", name="filters_or_demand"),
        Index("ix_saved_searches_organisation_id_id", "organisation_id", "id"),
    )

    id: Mapped[SavedSearchId] = mapped_column(Uuid, primary_key=True, default=new_id)
    organisation_id: Mapped[OrganisationId] = mapped_column(ForeignKey("organisations.id"))
    name: Mapped[str] = mapped_column(String(200))
    filters: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    demand_id: Mapped[DemandId | None] = mapped_column(ForeignKey("demands.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


class SearchReach(Base):
    """One material (`*`: any) in one cell of the grid (-1: anywhere) for which a search must be asked."""

    __tablename__ = "saved_search_reach"

    material: Mapped[str] = mapped_column(String(80), primary_key=True)
    cell: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    saved_search_id: Mapped[SavedSearchId] = mapped_column(
        ForeignKey("saved_searches.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class SavedSearchMatch(Base):
    """A lot that a search has found, once and for all.

    No foreign key to the lot, which is never deleted: its check would wait for every deal that holds the lot locked.
    """

    __tablename__ = "saved_search_matches"
    __table_args__ = (Index("ix_saved_search_matches_saved_search_id_id", "saved_search_id", "id"),)

    saved_search_id: Mapped[SavedSearchId] = mapped_column(
        ForeignKey("saved_searches.id", ondelete="CASCADE"), primary_key=True
    )
    lot_id: Mapped[LotId] = mapped_column(Uuid, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, default=new_id)
    verdict: Mapped[str] = mapped_column(String(10))
    found_at: Mapped[datetime] = mapped_column(default=now)
