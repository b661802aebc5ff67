"""What-ifs as they stand in the body of a plan, each with what it does to the market."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Discriminator, Field

from app.catalogue.keys import MaterialKey, UseKey, known
from app.catalogue.reference import reference
from app.core.bodies import fault_of_field
from app.core.geo import Datum, to_wgs84
from app.core.quantities import FreightFixed, FreightRate, Number, PositiveTonnes
from app.core.schema import Key, Name, NotBoolean, Schema
from app.organisations.schemas import Latitude, Longitude
from app.scenarios import changes
from app.scenarios.treating import computed_effects

MAX_CHANGES = 20
Kilometres = Annotated[float, Field(gt=0, le=5000), NotBoolean]
ParameterKey = Annotated[Key, AfterValidator(known("parameter"))]


def _computed_treatment(key: str) -> str:
    treatment = reference().treatments.get(key)
    if treatment is None:
        raise fault_of_field("unknown_treatment", f"there is no treatment {key!r}; GET /v1/treatments lists them")
    if not computed_effects(treatment):
        detail = "the catalogue says which values it changes, not by how much: what it brings cannot be computed"
        raise fault_of_field("effect_not_computed", detail)
    return key


class AddPlant(Schema):
    """A plant that is only thought of: so many tonnes a year for a use, at a place; what passes or is unknown."""

    kind: Literal["add_plant"]
    use: UseKey = Field(description="What it would make of the waste.")
    capacity_t_per_year: PositiveTonnes = Field(description="Tonnes that it could take in a year.")
    latitude: Latitude
    longitude: Longitude
    datum: Datum = Field(Datum.WGS84, description="Of the position.")
    materials: list[MaterialKey] = Field(
        default_factory=list, max_length=100, description="Only these; without any all that the use can be made of."
    )
    name: Name = Field("新增 what-if", description="What to call it.")

    def to_change(self) -> changes.Change:
        """Return what it does to the market."""
        latitude, longitude = to_wgs84(self.latitude, self.longitude, self.datum)
        materials = tuple(self.materials)
        return changes.AddPlant(self.use, self.capacity_t_per_year, latitude, longitude, materials, name=self.name)


class AddCapacity(Schema):
    """More tonnes a year for an open demand, beyond what its site is approved for."""

    kind: Literal["add_capacity"]
    demand_id: UUID
    capacity_t_per_year: PositiveTonnes = Field(description="Tonnes more that it could take in a year.")

    def to_change(self) -> changes.Change:
        """Return what it does to the market."""
        return changes.AddCapacity(self.demand_id, self.capacity_t_per_year)


class AddTreatment(Schema):
    """A treatment line at a producer's site: what comes from there is as the catalogue claims of the treatment."""

    kind: Literal["add_treatment"]
    site_id: UUID = Field(description="Where the line would stand.")
    treatment: Annotated[Key, AfterValidator(_computed_treatment)] = Field(description="A key of GET /v1/treatments.")

    def to_change(self) -> changes.Change:
        """Return what it does to the market."""
        return changes.AddTreatment(self.site_id, self.treatment)


class RaiseDistance(Schema):
    """Demands that limit their distance would go further."""

    kind: Literal["raise_distance"]
    max_distance_km: Kilometres | None = Field(None, description="Shorter limits become this one; null: none is left.")
    demand_id: UUID | None = Field(None, description="Only of this demand; without it of all and of the question.")

    def to_change(self) -> changes.Change:
        """Return what it does to the market."""
        return changes.RaiseDistance(self.max_distance_km, self.demand_id)


class RelaxLimit(Schema):
    """Demands would ask less of a parameter than they say themselves; limits of standards stay."""

    kind: Literal["relax_limit"]
    parameter: ParameterKey
    use: UseKey | None = Field(None, description="Only demands for this use.")
    demand_id: UUID | None = Field(None, description="Only this demand.")
    min: Number | None = Field(None, description="In the catalogue's unit; null: no lower limit is left.")
    max: Number | None = Field(None, description="In the catalogue's unit; null: no upper limit is left.")

    def to_change(self) -> changes.Change:
        """Return what it does to the market."""
        return changes.RelaxLimit(self.parameter, self.use, self.demand_id, self.min, self.max)


class CloseRoute(Schema):
    """The law would no longer let a use be made of a material."""

    kind: Literal["close_route"]
    use: UseKey
    material: MaterialKey

    def to_change(self) -> changes.Change:
        """Return what it does to the market."""
        return changes.CloseRoute(self.use, self.material)


class ChangeFreight(Schema):
    """Every haul would cost this, whatever demands and the exchange say now."""

    kind: Literal["change_freight"]
    freight_cny_per_t_km: FreightRate | None = Field(None, description="Yuan per tonne and kilometre; null: as now.")
    freight_fixed_cny_per_t: FreightFixed | None = Field(
        None, description="Yuan per tonne whatever the distance; null: as now."
    )

    def to_change(self) -> changes.Change:
        """Return what it does to the market."""
        return changes.ChangeFreight(self.freight_cny_per_t_km, self.freight_fixed_cny_per_t)


ChangePost = Annotated[
    AddPlant | AddCapacity | AddTreatment | RaiseDistance | RelaxLimit | CloseRoute | ChangeFreight,
    Discriminator("kind"),
]


def body_of(change: changes.Change) -> ChangePost:
    """Return what to ask for to have a change that is a lever."""
    match change:
        case changes.AddPlant():
            return AddPlant(
                kind="add_plant",
                use=change.use,
                capacity_t_per_year=change.capacity_t_per_year,
                latitude=change.latitude,
                longitude=change.longitude,
                datum=Datum.WGS84,
                materials=list(change.materials),
                name=change.name,
            )
        case changes.AddCapacity():
            return AddCapacity(kind="add_capacity", **vars(change))
        case changes.AddTreatment():
            return AddTreatment(kind="add_treatment", **vars(change))
        case changes.RaiseDistance():
            return RaiseDistance(kind="raise_distance", **vars(change))
        case changes.RelaxLimit():
            bounds = {"min": change.minimum, "max": change.maximum}
            return RelaxLimit(
                kind="relax_limit", parameter=change.parameter, use=change.use, demand_id=change.demand_id, **bounds
            )
        case _:
            raise TypeError(f"{change} adds nothing to a rate")
