"""The data files of the catalogue: which there are and what sections each holds."""

from pathlib import Path

from pydantic import Field, ValidationError

from app.catalogue.districts import District
from app.catalogue.documents import Document, Fault, read_csv, read_yaml
from app.catalogue.figures import Entry, Key, Text
from app.catalogue.grades import Grade
from app.catalogue.materials import Material, MaterialGroup, Product
from app.catalogue.parameters import Basis, Parameter
from app.catalogue.policy import FreightFigure, Incentive, Instrument, PublishedResult, Source, Target
from app.catalogue.statutory import Coordinates, Indicators, LedgerGuide, WasteCatalogue
from app.catalogue.treatments import Treatment
from app.catalogue.uses import Closure, Use


class MaterialsFile(Entry):
    """materials.yaml."""

    groups: tuple[MaterialGroup, ...]
    products: tuple[Product, ...]
    materials: tuple[Material, ...]


class ParametersFile(Entry):
    """parameters.yaml."""

    conventions: dict[Key, Text]
    bases: dict[Basis, Text]
    parameters: tuple[Parameter, ...]


class GradesFile(Entry):
    """grades.yaml."""

    grades: tuple[Grade, ...]


class UsesFile(Entry):
    """uses.yaml."""

    uses: tuple[Use, ...]
    closed: tuple[Closure, ...]


class TreatmentsFile(Entry):
    """treatments.yaml."""

    treatments: tuple[Treatment, ...]


class TargetsFile(Entry):
    """targets.yaml."""

    targets: tuple[Target, ...]
    actuals: tuple[PublishedResult, ...]
    instruments: tuple[Instrument, ...]
    incentives: tuple[Incentive, ...]
    freight: tuple[FreightFigure, ...]


class SourcesFile(Entry):
    """sources.yaml."""

    kinds: dict[str, Text]
    sources: tuple[Source, ...]


class DistrictsFile(Entry):
    """districts.csv."""

    districts: tuple[District, ...]


class Contents(Entry):
    """The contents of all data files."""

    materials: MaterialsFile = Field(alias="materials.yaml")
    parameters: ParametersFile = Field(alias="parameters.yaml")
    grades: GradesFile = Field(alias="grades.yaml")
    uses: UsesFile = Field(alias="uses.yaml")
    treatments: TreatmentsFile = Field(alias="treatments.yaml")
    targets: TargetsFile = Field(alias="targets.yaml")
    sources: SourcesFile = Field(alias="sources.yaml")
    indicators: Indicators = Field(alias="indicators.yaml")
    ledger_guide: LedgerGuide = Field(alias="ledger_tables.yaml")
    waste_catalogue: WasteCatalogue = Field(alias="waste_categories.yaml")
    coordinates: Coordinates = Field(alias="coordinate_systems.yaml")
    districts: DistrictsFile = Field(alias="districts.csv")


FILE_NAMES = tuple(field.alias or name for name, field in Contents.model_fields.items())

# What to do about the commonest faults; pydantic's own words say what is wrong but not what to do.
_REMEDIES = {
    "missing": "the field is missing: add it",
    "extra_forbidden": "the field is unknown: correct its name or remove it",
}


def read_documents(folder: Path) -> dict[str, Document]:
    """Read all data files; raise CatalogueError for the first that is missing or not well formed."""
    return {
        name: read_csv(folder / name, "districts") if name.endswith(".csv") else read_yaml(folder / name)
        for name in FILE_NAMES
    }


def read_contents(documents: dict[str, Document]) -> tuple[Contents | None, list[Fault]]:
    """Check every field of every file; return the contents, or None and all the faults."""
    try:
        return Contents.model_validate({name: document.values for name, document in documents.items()}), []
    except ValidationError as error:
        faults = []
        for found in error.errors(include_url=False, include_input=False):
            name, *where = found["loc"]
            text = _REMEDIES.get(found["type"], f"{found['msg']}: correct the value")
            faults.append(documents[str(name)].fault(where, text))
        return None, faults
