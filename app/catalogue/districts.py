"""A district: county-level unit or zone with its months of validity, its seat and what became of it."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from app.catalogue.figures import Entry, FigureStatus, Key, SourceKey, Text

DistrictKey = Annotated[str, Field(pattern=r"^\d{2}(\d{4}|-[a-z]+)$")]
Month = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]


class DistrictKind(StrEnum):
    """What kind of unit it is."""

    DISTRICT = "district"
    COUNTY = "county"
    AUTONOMOUS_COUNTY = "autonomous_county"
    DEVELOPMENT_ZONE = "development_zone"


class DistrictStatus(StrEnum):
    """Whether the unit still exists."""

    ACTIVE = "active"
    ABOLISHED = "abolished"


class District(Entry):
    """A county-level unit or zone, named by its key."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "key": "500102",
                    "adcode": "500102",
                    "name_zh": "涪陵区",
                    "name_en": "Fuling",
                    "group": "main_metropolitan_area",
                    "subgroup": "outer_new_districts",
                    "kind": "district",
                    "status": "active",
                    "latitude": 29.70613,
                    "longitude": 107.39028,
                    "position_status": "confirmed",
                    "sources": ["cq-coords"],
                },
            ],
        },
    )

    key: DistrictKey = Field(description="Key: the code where there is one.")
    adcode: Annotated[str, Field(pattern=r"^\d{6}$")] | None = Field(default=None, description="GB/T 2260 code.")
    name_zh: Text = Field(description="Chinese name.")
    name_en: Text = Field(description="English name.")
    group: Key = Field(description="Group of districts in city planning.")
    subgroup: Key | None = Field(default=None, description="Part of the group.")
    kind: DistrictKind = Field(description="Kind of unit.")
    status: DistrictStatus = Field(description="Whether it still exists.")
    valid_from: Month | None = Field(default=None, description="First month; null is always.")
    valid_to: Month | None = Field(default=None, description="Last month; null is open.")
    latitude: float = Field(ge=-90, le=90, description="WGS-84 latitude of the seat.")
    longitude: float = Field(ge=-180, le=180, description="WGS-84 longitude of the seat.")
    position_status: FigureStatus = Field(description="`draft`: the point is approximate.")
    successor: DistrictKey | None = Field(default=None, description="Where an abolished unit went.")
    within: tuple[DistrictKey, ...] = Field(default=(), description="Districts that a zone lies in.")
    sources: tuple[SourceKey, ...] = Field(min_length=1, description="Sources.")
    note: Text | None = Field(default=None, description="Remark.")

    @model_validator(mode="after")
    def check_validity(self) -> Self:
        """Raise ValueError for months in the wrong order or a status that they deny."""
        if self.valid_from and self.valid_to and self.valid_from > self.valid_to:
            raise ValueError(f"valid_from {self.valid_from} lies after valid_to {self.valid_to}")
        if (self.status is DistrictStatus.ABOLISHED) != (self.valid_to is not None):
            raise ValueError("an abolished district has valid_to, an active one has none")
        return self

    def valid_on(self, on: date) -> bool:
        """Whether the unit exists on a day.

        Only months are on file: in the month of a change the old unit and the new one are both valid.
        """
        month = on.strftime("%Y-%m")
        return (self.valid_from is None or self.valid_from <= month) and (
            self.valid_to is None or month <= self.valid_to
        )
