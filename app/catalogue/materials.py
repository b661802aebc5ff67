"""A material of the exchange: waste class, typical composition, published figures, routes of use, transport."""

from enum import StrEnum

from pydantic import ConfigDict, Field

from app.catalogue.figures import Entry, Key, Measured, Number, Sourced, Statement, Text


class MaterialKind(StrEnum):
    """Bulk industrial streams make up the scope `bulk` of the statistics."""

    BULK_INDUSTRIAL = "bulk_industrial"
    RECYCLABLE = "recyclable"


class WasteCategory(Sourced):
    """Class of the national solid-waste catalogue."""

    code: Text | None = Field(description="Class, such as SW01; null where none is on file.")
    name_zh: Text = Field(description="Name of the class.")


class WasteCode(Sourced):
    """Code of the national solid-waste catalogue."""

    code: Text = Field(description="Code NNN-0NN-Sxx.")
    name_zh: Text = Field(description="Name of the code.")


class TypicalRange(Sourced):
    """Range of a parameter in normal lots; illustrates, accepts nothing."""

    parameter: Key = Field(description="Assay parameter.")
    low: Number = Field(description="Lower end.")
    high: Number = Field(description="Upper end.")
    unit: Text = Field(description="Unit of the parameter.")


class PublishedFigure(Sourced):
    """A published figure about the material."""

    metric: Key = Field(description="What is counted, such as generation or utilisation_rate.")
    value: Number | Text | None = Field(default=None, description="Single value or class.")
    low: Number | None = Field(default=None, description="Lower end of a range.")
    high: Number | None = Field(default=None, description="Upper end of a range.")
    qualifier: Text | None = Field(default=None, description="Wording of the source: above, below, about, at_least.")
    unit: Text = Field(description="Unit.")
    area: Text = Field(description="Area that the figure holds for.")
    year: int | None = Field(default=None, description="Year of the data.")


class Dosage(Measured):
    """How much of the material a product takes."""

    of: Text | None = Field(default=None, description="What the share is a share of.")
    formula: Text | None = Field(default=None, description="Arithmetic in place of a range.")


class Route(Entry):
    """One way in which a kind of consumer uses the material."""

    route: Key = Field(description="Name of the route.")
    consumer_type: Key = Field(description="Kind of consumer.")
    product_en: Text = Field(description="Product in English.")
    product_zh: Text = Field(description="Product in Chinese.")
    dosage: Dosage | None = Field(default=None, description="Share in the product.")
    key_parameters: tuple[Key, ...] = Field(default=(), description="Parameters that decide on this route.")
    grade_keys: tuple[Key, ...] = Field(default=(), description="Grades that apply on this route.")
    blockers: tuple[Statement, ...] = Field(default=(), description="What forbids the route.")
    note: Text | None = Field(default=None, description="Remark.")


class Transport(Sourced):
    """Rule of thumb for the distance that the price bears."""

    economic_radius_km: tuple[Number, Number] = Field(description="From and to, in kilometres.")


class Product(Entry):
    """What a consumer makes of the materials: it has grades and is never offered as a lot."""

    key: Key = Field(description="Key.")
    name_en: Text = Field(description="English name.")
    name_zh: Text = Field(description="Chinese name.")


class MaterialGroup(Entry):
    """A name for several materials, so that a grade or treatment need not repeat them."""

    key: Key = Field(description="Key.")
    materials: tuple[Key, ...] = Field(min_length=1, description="Materials of the group.")


class Material(Entry):
    """A material that lots and demands name."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "key": "phosphogypsum",
                    "name_en": "Phosphogypsum",
                    "name_zh": "磷石膏",
                    "kind": "bulk_industrial",
                    "waste_category": {
                        "code": "SW10",
                        "name_zh": "磷石膏",
                        "status": "draft",
                        "source": "memory:catalogue 2024 No. 4",
                    },
                    "typical_composition": [
                        {
                            "parameter": "caso4_2h2o",
                            "low": 70,
                            "high": 90,
                            "unit": "%",
                            "status": "confirmed",
                            "source": "pg-purity",
                        },
                    ],
                    "routes": [
                        {
                            "route": "cement_retarder",
                            "consumer_type": "cement_retarder_plant",
                            "product_en": "modified phosphogypsum retarder",
                            "product_zh": "改性磷石膏缓凝剂",
                        },
                    ],
                },
            ],
        },
    )

    key: Key = Field(description="Key by which lots, demands and statistics name the material.")
    name_en: Text = Field(description="English name.")
    name_zh: Text = Field(description="Chinese name.")
    kind: MaterialKind = Field(description="Bulk industrial stream or recyclable.")
    waste_category: WasteCategory = Field(description="Class of the national catalogue.")
    waste_codes: tuple[WasteCode, ...] = Field(default=(), description="Codes of the national catalogue on file.")
    waste_code_note: Text | None = Field(default=None, description="What is missing about the codes.")
    typical_composition: tuple[TypicalRange, ...] = Field(description="Ranges in normal lots.")
    figures: tuple[PublishedFigure, ...] = Field(default=(), description="Published figures.")
    bulk_density: Measured | None = Field(default=None, description="For truck and yard capacity.")
    routes: tuple[Route, ...] = Field(description="Ways of use.")
    transport: Transport | None = Field(default=None, description="Economic radius.")
    handling: tuple[Statement, ...] = Field(default=(), description="What to mind when handling it.")
