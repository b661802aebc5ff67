"""A use of materials, the one vocabulary of demands, utilisations and searches, and its closures by law."""

from datetime import date

from pydantic import ConfigDict, Field

from app.catalogue.figures import Entry, Key, Sourced, Text


class Closure(Sourced):
    """A legal exclusion of a material from a use, which decides before any figure."""

    material: Key = Field(description="Excluded material.")
    use: Key = Field(description="Use that it is excluded from.")
    valid_from: date | None = Field(default=None, description="First day of the exclusion; null is always.")
    when_origin: tuple[Key, ...] = Field(default=(), description="Only lots of these origins; empty is every lot.")
    when_end_product: tuple[Key, ...] = Field(default=(), description="Only for these end products; empty is all.")
    applies_to_standard: Text | None = Field(default=None, description="Only where this standard is asked for.")
    text: Text = Field(description="The exclusion in words.")

    def in_force(self, on: date) -> bool:
        """Whether the exclusion holds on a day."""
        return self.valid_from is None or on >= self.valid_from


class Use(Entry):
    """What a material is used for: the one vocabulary of demands, utilisations and searches."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "key": "cement_retarder",
                    "name_en": "Cement retarder",
                    "name_zh": "水泥缓凝剂",
                    "materials": ["fgd_gypsum", "phosphogypsum", "titanium_gypsum"],
                    "grades": ["gbt21371_2019"],
                    "routes": ["cement_retarder"],
                    "active_component": "caso4_2h2o",
                    "closed": [],
                },
            ],
        },
    )

    key: Key = Field(description="Key.")
    name_en: Text = Field(description="English name.")
    name_zh: Text = Field(description="Chinese name.")
    materials: tuple[Key, ...] = Field(min_length=1, description="Materials that the use can take.")
    grades: tuple[Key, ...] = Field(default=(), description="Grades that apply.")
    routes: tuple[Key, ...] = Field(default=(), description="Routes of the materials that belong to the use.")
    active_component: Key | None = Field(default=None, description="Parameter that delivered cost is divided by.")
    closed: tuple[Closure, ...] = Field(default=(), description="Exclusions by law.")
