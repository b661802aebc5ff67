"""Tables of plans: the question with its answer, and the flows of each, which their sides see once it is published."""

from datetime import datetime
from decimal import Decimal
from typing import Any, NewType
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.auth.actor import OrganisationId
from app.core.clock import now
from app.core.database import Base, new_id
from app.core.quantities import TonnesType, YuanType
from app.demands.models import DemandId
from app.exchange.models import AgreementId
from app.jobs.models import JobId
from app.lots.models import LotId
from app.organisations.models import SiteId

PlanId = NewType("PlanId", UUID)
_PUBLISHED = text("published_at IS NOT NULL")


class Plan(Base):
    """One question about the whole market, and its answer once the job has it; nothing of an answer ever changes.

    `input` and `solution` are what was solved and how (see `packing`), kept so that anybody can prove it again;
    `answer` and `levers` are JSON as it is answered. Without a job a command has computed it.
    """

    __tablename__ = "plans"
    __table_args__ = (Index("ix_plans_organisation_id_id", "organisation_id", "id"),)

    id: Mapped[PlanId] = mapped_column(Uuid, primary_key=True, default=new_id)
    organisation_id: Mapped[OrganisationId] = mapped_column(ForeignKey("organisations.id"))
    job_id: Mapped[JobId | None] = mapped_column(ForeignKey("jobs.id"), unique=True)
    levers_job_id: Mapped[JobId | None] = mapped_column(ForeignKey("jobs.id"), unique=True)
    question: Mapped[dict[str, Any]] = mapped_column(JSON)
    input_sha256: Mapped[str | None] = mapped_column(String(64))
    input: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    solution: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    answer: Mapped[str | None] = mapped_column(Text)
    levers: Mapped[str | None] = mapped_column(Text, deferred=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]


class PlanFlow(Base):
    """Tonnes of one source for one demand in one month; `number` counts the flows of a plan from 1.

    Without a lot they come from storage that is not on offer; without a demand they go to the plant that
    `added_plant` counts among the changes of the question. The terms are digests of what lot and demand were. Once
    it is published both sides see it, and `agreement_id` is what one of them made of it.
    """

    __tablename__ = "plan_flows"
    __table_args__ = (
        CheckConstraint("quantity_kg > 0", name="quantity_positive"),
        Index(
            "ix_plan_flows_producer",
            "producer_organisation_id",
            "plan_id",
            "number",
            sqlite_where=_PUBLISHED,
            postgresql_where=_PUBLISHED,
        ),
        Index(
            "ix_plan_flows_recycler",
            "recycler_organisation_id",
            "plan_id",
            "number",
            sqlite_where=_PUBLISHED,
            postgresql_where=_PUBLISHED,
        ),
    )

    plan_id: Mapped[PlanId] = mapped_column(ForeignKey("plans.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    organisation_id: Mapped[OrganisationId] = mapped_column(Uuid)
    producer_organisation_id: Mapped[OrganisationId] = mapped_column(Uuid)
    recycler_organisation_id: Mapped[OrganisationId | None] = mapped_column(Uuid)
    lot_id: Mapped[LotId | None] = mapped_column(Uuid)
    demand_id: Mapped[DemandId | None] = mapped_column(Uuid)
    added_plant: Mapped[int | None]
    material: Mapped[str] = mapped_column(String(80))
    origin_site_id: Mapped[SiteId] = mapped_column(Uuid)
    destination_site_id: Mapped[SiteId | None] = mapped_column(Uuid)
    month: Mapped[str] = mapped_column(String(7))
    quantity_t: Mapped[Decimal] = mapped_column("quantity_kg", TonnesType)
    metres: Mapped[int] = mapped_column(BigInteger)
    delivered_cny_per_t: Mapped[Decimal] = mapped_column("delivered_fen_per_t", YuanType)
    lot_terms: Mapped[int | None] = mapped_column(BigInteger)
    demand_terms: Mapped[int | None] = mapped_column(BigInteger)
    published_at: Mapped[datetime | None]
    agreement_id: Mapped[AgreementId | None] = mapped_column(ForeignKey("agreements.id"))
