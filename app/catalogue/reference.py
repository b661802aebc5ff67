"""The loaded catalogue: entries by key and the questions that rule code asks of them."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Protocol, TypeVar

from app.catalogue.consistency import EVERY_MATERIAL, find_faults
from app.catalogue.documents import CatalogueError
from app.catalogue.files import FILE_NAMES, Contents, read_contents, read_documents
from app.catalogue.materials import MaterialGroup
from app.catalogue.schemas import (
    Closure,
    Coordinates,
    District,
    FreightFigure,
    Grade,
    Incentive,
    Indicators,
    Instrument,
    LedgerGuide,
    LedgerTable,
    Material,
    Parameter,
    Product,
    PublishedResult,
    Source,
    Target,
    Treatment,
    Use,
    WasteCatalogue,
)

DATA_FOLDER = Path(__file__).parent / "data"

EntryKind = Literal["materials", "parameters", "grades", "uses", "treatments", "districts", "targets", "sources"]


@dataclass(frozen=True, eq=False)
class Reference:
    """All entries of the catalogue, immutable; equal only to itself."""

    materials: Mapping[str, Material]
    groups: Mapping[str, MaterialGroup]
    products: Mapping[str, Product]
    parameters: Mapping[str, Parameter]
    grades: Mapping[str, Grade]
    uses: Mapping[str, Use]
    closures: tuple[Closure, ...]
    treatments: Mapping[str, Treatment]
    districts: Mapping[str, District]
    targets: Mapping[str, Target]
    actuals: Mapping[str, PublishedResult]
    instruments: Mapping[str, Instrument]
    incentives: Mapping[str, Incentive]
    freight: Mapping[str, FreightFigure]
    sources: Mapping[str, Source]
    indicators: Indicators
    ledger_guide: LedgerGuide
    ledger_tables: Mapping[int, LedgerTable]
    waste_catalogue: WasteCatalogue
    coordinates: Coordinates
    digest: str

    def grades_for(
        self,
        material: str | None = None,
        use: str | None = None,
        on: date | None = None,
    ) -> tuple[Grade, ...]:
        """Return the grades of a material (or product), of a use that takes the material, in force on a day."""
        if material is not None and use is not None and use in self.uses and material not in self.uses[use].materials:
            return ()
        return tuple(
            grade
            for grade in self.grades.values()
            if (material is None or material in grade.materials or material == grade.material)
            and (use is None or use in grade.uses)
            and (on is None or grade.in_force(on))
        )

    def closures_for(self, use: str, material: str | None = None, on: date | None = None) -> tuple[Closure, ...]:
        """Return the legal exclusions of a use, of one material and on one day if they are given."""
        return tuple(
            closure
            for closure in self.closures
            if closure.use == use
            and (material is None or closure.material == material)
            and (on is None or closure.in_force(on))
        )

    def treatments_for(self, material: str, parameter: str) -> tuple[Treatment, ...]:
        """Return the treatments of a material that change a parameter, for better or worse."""
        return tuple(
            treatment
            for treatment in self.treatments.values()
            if material in treatment.materials and any(effect.parameter == parameter for effect in treatment.effects)
        )

    def parameters_for(self, material: str) -> tuple[Parameter, ...]:
        """Return the parameters that are measured on a material or decide on one of its routes."""
        entry = self.materials.get(material)
        named = {row.parameter for row in entry.typical_composition} if entry else set()
        named.update(key for route in (entry.routes if entry else ()) for key in route.key_parameters)
        return tuple(p for p in self.parameters.values() if p.key in named or material in p.materials)

    def present_district(self, key: str) -> str:
        """Return the district that a district of the catalogue went into in the end: itself, while it exists."""
        successor = self.districts[key].successor
        return key if successor is None else self.present_district(successor)

    def near_names(self, kind: EntryKind, key: str) -> list[str]:
        """Return up to three keys that `key` may have meant, nearest first.

        They have its words in another order or are spelled much like it; else it is a part of the key or of the name.
        """
        entries: Mapping[str, object] = getattr(self, kind)
        wanted = _spell(key[:100], kind)
        swapped = [name for name in entries if sorted(name.split("_")) == sorted(wanted.split("_"))]
        # The first digits of a code are no misspelt code: 501 is not nearly 500241.
        is_part = wanted.isdecimal() and len(wanted) < _DIGITS_OF_CODE
        close = [] if is_part else get_close_matches(wanted, entries, n=_NEAR)
        near = list(dict.fromkeys([*swapped, *close]))
        if not near and len(wanted) >= _LEAST_PART:
            holding = [name for name, entry in entries.items() if any(wanted in text for text in _texts(entry, kind))]
            near = sorted(holding, key=lambda name: wanted not in name)
        return near[:_NEAR]


_NEAR, _LEAST_PART, _DIGITS_OF_CODE = 3, 2, 6


def _spell(text: str, kind: EntryKind) -> str:
    """Write text as keys are: with underscores; only districts and sources have hyphens."""
    spelled = text.strip().lower().replace(" ", "_")
    return spelled if kind in {"districts", "sources"} else spelled.replace("-", "_")


def _texts(entry: object, kind: EntryKind) -> list[str]:
    names = ("key", "name_en", "name_zh", "title_en", "title_zh")
    return [_spell(getattr(entry, name, ""), kind) for name in names]


class _Keyed(Protocol):
    @property
    def key(self) -> str: ...


_KeyedEntry = TypeVar("_KeyedEntry", bound=_Keyed)


def _by_key(entries: Iterable[_KeyedEntry]) -> Mapping[str, _KeyedEntry]:
    return MappingProxyType({entry.key: entry for entry in entries})


def load_reference(folder: Path) -> Reference:
    """Load and check the data files; raise CatalogueError naming every fault with file and line."""
    documents = read_documents(folder)
    contents, faults = read_contents(documents)
    if contents is not None:
        faults = find_faults(contents, documents)
    if contents is None or faults:
        raise CatalogueError(folder, faults)
    digest = hashlib.sha256(b"".join((folder / name).read_bytes() for name in FILE_NAMES))
    return _assemble(contents, digest.hexdigest())


@cache
def reference() -> Reference:
    """Return the catalogue that ships with the product."""
    return load_reference(DATA_FOLDER)


def _assemble(contents: Contents, digest: str) -> Reference:
    policy, guide = contents.targets, contents.ledger_guide
    return Reference(
        materials=_by_key(contents.materials.materials),
        groups=_by_key(contents.materials.groups),
        products=_by_key(contents.materials.products),
        parameters=_by_key(_resolve_parameters(contents)),
        grades=_by_key(_resolve_grades(contents)),
        uses=_by_key(_resolve_uses(contents)),
        closures=contents.uses.closed,
        treatments=_by_key(_resolve_treatments(contents)),
        districts=_by_key(contents.districts.districts),
        targets=_by_key(policy.targets),
        actuals=_by_key(policy.actuals),
        instruments=_by_key(policy.instruments),
        incentives=_by_key(policy.incentives),
        freight=_by_key(policy.freight),
        sources=_by_key(contents.sources.sources),
        indicators=contents.indicators,
        ledger_guide=guide,
        ledger_tables=MappingProxyType({table.number: table for table in guide.tables}),
        waste_catalogue=contents.waste_catalogue,
        coordinates=contents.coordinates,
        digest=digest,
    )


def _materials_named(names: Iterable[str], contents: Contents) -> tuple[str, ...]:
    """Return the materials behind names, groups and `any` or `all`, in catalogue order; a product is none."""
    named = set(names)
    for group in contents.materials.groups:
        if group.key in named:
            named.update(group.materials)
    every = bool(named & EVERY_MATERIAL)
    return tuple(entry.key for entry in contents.materials.materials if every or entry.key in named)


def _resolve_parameters(contents: Contents) -> Iterable[Parameter]:
    for parameter in contents.parameters.parameters:
        # A parameter of a product keeps naming the product: no material is measured for it.
        resolved = _materials_named(parameter.materials, contents) or parameter.materials
        yield parameter.model_copy(update={"materials": resolved})


def _resolve_grades(contents: Contents) -> Iterable[Grade]:
    for grade in contents.grades.grades:
        uses = tuple(use.key for use in contents.uses.uses if grade.key in use.grades)
        yield grade.model_copy(update={"materials": _materials_named([grade.material], contents), "uses": uses})


def _resolve_uses(contents: Contents) -> Iterable[Use]:
    for use in contents.uses.uses:
        yield use.model_copy(update={"closed": tuple(law for law in contents.uses.closed if law.use == use.key)})


def _resolve_treatments(contents: Contents) -> Iterable[Treatment]:
    for treatment in contents.treatments.treatments:
        yield treatment.model_copy(update={"materials": _materials_named(treatment.applies_to, contents)})
