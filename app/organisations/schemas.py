"""Bodies of organisations, sites, streams and capacities."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import EmailStr, Field, StringConstraints

from app.auth.actor import Role, Scope
from app.catalogue.keys import DistrictKey
from app.core.geo import Datum
from app.core.quantities import PositiveTonnes
from app.core.schema import Day, Instant, Key, Name, NotBoolean, Schema, Text
from app.organisations.models import OrganisationStatus

Latitude = Annotated[float, Field(ge=-90, le=90, description="Degrees north."), NotBoolean]
Longitude = Annotated[float, Field(ge=-180, le=180, description="Degrees east."), NotBoolean]
WasteCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{3}-0[0-9]{2}-S[0-9]{2}$")]


class OrganisationPost(Schema):
    """An application to join the exchange; the operator approves it."""

    name: Name = Field(examples=["重庆长寿化工有限公司"])
    credit_code: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{18}$")] = Field(
        description="Unified social credit code 统一社会信用代码, 18 characters.", examples=["91110000600037341L"]
    )
    roles: list[Literal["producer", "recycler"]] = Field(min_length=1, max_length=2, examples=[["producer"]])
    contact_email: EmailStr = Field(examples=["office@example.com"])


class OrganisationRead(Schema):
    """An organisation as the operator sees it."""

    id: UUID
    name: str
    credit_code: str | None
    roles: list[Role]
    contact_email: str | None
    status: OrganisationStatus
    jurisdiction: str | None
    created_at: Instant
    version: int


class OrganisationMade(OrganisationRead):
    """A new organisation with its first key, shown this once."""

    api_key: str = Field(description="Reads reference data and /me until the operator approves; shown once.")


class Me(Schema):
    """Who the key stands for, or acts for."""

    organisation: OrganisationRead
    delegate_id: UUID | None = Field(description="Your own organisation, while you act for this one; else null.")
    roles: list[Role]
    scopes: list[Scope]
    key_expires_at: Instant | None = Field(description="When this ends: the key, or before it a delegation.")


class SitePost(Schema):
    """A plant gate."""

    name: Name = Field(examples=["长寿厂区一号门"])
    latitude: Latitude = Field(examples=[29.83615])
    longitude: Longitude = Field(examples=[107.07041])
    datum: Datum = Field(
        Datum.WGS84, description="Coordinate system of the pair; web maps in China use gcj02, Baidu bd09."
    )
    district_code: DistrictKey | None = Field(None, description="A key of GET /v1/districts; null outside them.")


class SitePatch(Schema):
    """What of a site changes; a position changes as a whole."""

    name: Name | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    datum: Datum | None = None
    district_code: DistrictKey | None = None


class SiteRead(Schema):
    """A site; the position is WGS-84."""

    id: UUID
    name: str
    latitude: float
    longitude: float
    datum: Literal["wgs84"] = "wgs84"
    given_datum: Datum = Field(description="The datum in which the position was given.")
    given_latitude: float
    given_longitude: float
    district_code: str | None
    created_at: Instant
    version: int


class StreamPut(Schema):
    """Facts of one material at one site for the statutory ledger tables."""

    waste_code: WasteCode | None = Field(None, description="Code of the 2024 catalogue.", examples=["900-099-S59"])
    waste_class: Literal["I", "II"] | None = Field(None, description="General industrial waste class (GB 18599).")
    generation_step: Name | None = Field(None, examples=["湿法磷酸过滤"])
    physical_state: Key | None = Field(None, examples=["固态"])
    main_components: Text | None = Field(None, examples=["二水硫酸钙"])
    pollution_characteristics: Text | None = None
    facilities: Text | None = None


class StreamRead(StreamPut):
    """Facts of one material at one site, as on file."""

    site_id: UUID
    material: str
    version: int


class CapacityPut(Schema):
    """What the approved plant of a site can take for one use."""

    capacity_t_per_year: PositiveTonnes = Field(
        description="Waste that the plant may take for this use in a calendar year, as received.", examples=[120000]
    )
    valid_from: Day | None = Field(
        None, description="Use before this day is not judged by it; null: use of any day.", examples=["2026-01-01"]
    )
    permit_no: Name | None = Field(
        None, description="Of the approval that states it 批复文号.", examples=["环评批复文号"]
    )


class CapacityRead(CapacityPut):
    """The capacity of a site for one use, as on file."""

    site_id: UUID
    use: str
    version: int
