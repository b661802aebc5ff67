"""An assay parameter: canonical unit and basis, kind of value, what is physically possible, how it blends."""

from decimal import Decimal
from enum import StrEnum
from typing import Self

from pydantic import ConfigDict, Field, model_validator

from app.catalogue.figures import Entry, Key, Number, Sourced, Text


class Basis(StrEnum):
    """What a value refers to."""

    AS_RECEIVED = "as_received"
    DRY = "dry"
    RATIO = "ratio"
    LEACHATE = "leachate"
    SPECIMEN = "specimen"
    INDEX = "index"
    SLURRY = "slurry"
    CATEGORY = "category"


class ParameterKind(StrEnum):
    """What kind of value a parameter takes."""

    NUMERIC = "numeric"
    CATEGORY = "category"
    BOOLEAN = "boolean"
    TEXT = "text"


class Mixing(StrEnum):
    """How the values of two lots combine in a blend: by dry mass, by wet mass, or not at all."""

    LINEAR = "linear"
    BY_WET_MASS = "by_wet_mass"
    NONE = "none"


#: A mass balance weighs each value by the mass that it refers to; the radionuclide indices are sums of contents.
_MIXES_BY = {Mixing.LINEAR: (Basis.DRY, Basis.INDEX), Mixing.BY_WET_MASS: (Basis.AS_RECEIVED,)}


class UsualLimit(StrEnum):
    """Which side standards limit."""

    MIN = "min"
    MAX = "max"
    RANGE = "range"


class Method(Sourced):
    """How the parameter is measured."""

    standard: Text = Field(description="Standard of the method.")


class Parameter(Entry):
    """An assay parameter with its canonical unit and basis."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "key": "soluble_p2o5",
                    "unit": "%",
                    "name_en": "Water-soluble phosphorus as P2O5",
                    "name_zh": "水溶性五氧化二磷",
                    "meaning": "soluble phosphate that retards cement and lowers strength",
                    "basis": "dry",
                    "kind": "numeric",
                    "possible_min": 0,
                    "possible_max": 100,
                    "mixes": "linear",
                    "usual_limit": "max",
                    "materials": ["phosphogypsum"],
                },
            ],
        },
    )

    key: Key = Field(description="Key by which assays and limits name the parameter.")
    unit: Text = Field(description="Canonical unit; values are converted to it.")
    name_en: Text = Field(description="English name.")
    name_zh: Text = Field(description="Chinese name.")
    meaning: Text = Field(description="What is measured.")
    basis: Basis = Field(description="Canonical basis; values are converted to it.")
    kind: ParameterKind = Field(description="Kind of value.")
    values: tuple[Text, ...] = Field(default=(), description="Values of a category.")
    possible_min: Number | None = Field(default=None, description="Below this a value is physically impossible.")
    possible_max: Number | None = Field(default=None, description="Above this a value is physically impossible.")
    mixes: Mixing = Field(description="How values combine in a blend.")
    usual_limit: UsualLimit | None = Field(default=None, description="Which side standards limit.")
    materials: tuple[Key, ...] = Field(default=("all",), description="Materials or products it is usually measured on.")
    test_method: Method | None = Field(default=None, description="Usual method.")
    note: Text | None = Field(default=None, description="Remark.")

    @model_validator(mode="after")
    def check_kind(self) -> Self:
        """Raise ValueError for bounds or values that the kind does not have."""
        if (self.kind is ParameterKind.CATEGORY) != bool(self.values):
            raise ValueError("values are listed for a category and for nothing else")
        low, high = self.possible_min, self.possible_max
        if self.kind is not ParameterKind.NUMERIC and not (low is None and high is None and self.mixes is Mixing.NONE):
            raise ValueError("only a numeric parameter has possible_min, possible_max and mixes other than none")
        by_mass = _MIXES_BY.get(self.mixes)
        if by_mass is not None and self.basis not in by_mass:
            raise ValueError(f"what mixes {self.mixes.value} has the basis {' or '.join(by_mass)}, not {self.basis}")
        if low is not None and high is not None and low > high:
            raise ValueError(f"possible_min {low} lies above possible_max {high}")
        return self

    def is_possible(self, value: Decimal) -> bool:
        """Whether a value in the canonical unit and basis can exist at all."""
        low, high = self.possible_min, self.possible_max
        return value.is_finite() and (low is None or value >= low) and (high is None or value <= high)
