"""Cross-checks between the data files: every name exists, every unit is the parameter's, no key is given twice."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from app.catalogue.documents import Document, Fault, Step
from app.catalogue.files import Contents
from app.catalogue.grades import Grade, PreconditionRule
from app.catalogue.parameters import ParameterKind

EVERY_MATERIAL = frozenset({"any", "all"})

# Per file: which fields name what. A field of that name in another file may mean something else.
_PARAMETER = {"parameter": "parameter"}
_NAMES: Mapping[str, Mapping[str, str]] = {
    "materials.yaml": _PARAMETER | {"materials": "material", "key_parameters": "parameter", "grade_keys": "grade"},
    "parameters.yaml": {"materials": "material or group"},
    "grades.yaml": _PARAMETER | {"material": "material or group", "successor": "grade", "limits_of": "grade"},
    "uses.yaml": {
        "materials": "material",
        "material": "material",
        "grades": "grade",
        "use": "use",
        "routes": "route",
        "active_component": "parameter",
        "applies_to_standard": "standard",
    },
    "treatments.yaml": _PARAMETER | {"applies_to": "material or group"},
    "sources.yaml": {"kind": "source kind"},
    "districts.csv": {"successor": "district", "within": "district"},
}
_SOURCES = {"source": "source", "status_source": "source", "scope_source": "source", "sources": "source"}


def find_faults(contents: Contents, documents: Mapping[str, Document]) -> list[Fault]:
    """Return everything that contradicts something else, with file and line."""
    known = _known_names(contents)
    faults: list[Fault] = []
    for document in documents.values():
        kinds = {**_SOURCES, **_NAMES.get(document.name, {})}
        faults += _find_unknown_names(document, kinds, known)
        faults += _find_repeated_keys(document)
    faults += _find_wrong_units(contents, documents)
    faults += _find_wrong_limits(contents, documents["grades.yaml"])
    faults += _find_wrong_grades(contents, documents["grades.yaml"])
    return faults


def walk(value: object) -> Iterator[tuple[tuple[Step, ...], dict[str, object]]]:
    """Yield every mapping at or below a value with its path."""
    waiting: list[tuple[tuple[Step, ...], object]] = [((), value)]
    while waiting:
        path, found = waiting.pop()
        if isinstance(found, dict):
            yield path, found
            waiting += [((*path, key), below) for key, below in found.items() if isinstance(below, dict | list)]
        elif isinstance(found, list):
            waiting += [((*path, index), below) for index, below in enumerate(found)]


def _known_names(contents: Contents) -> dict[str, frozenset[str]]:
    shelf = contents.materials
    materials = frozenset(entry.key for entry in shelf.materials)
    products = frozenset(entry.key for entry in shelf.products)
    return {
        "material": materials,
        "material or group": materials | products | frozenset(entry.key for entry in shelf.groups) | EVERY_MATERIAL,
        "parameter": frozenset(entry.key for entry in contents.parameters.parameters),
        "grade": frozenset(entry.key for entry in contents.grades.grades),
        "standard": frozenset(entry.standard for entry in contents.grades.grades),
        "use": frozenset(entry.key for entry in contents.uses.uses),
        "route": frozenset(route.route for entry in shelf.materials for route in entry.routes),
        "source": frozenset(entry.key for entry in contents.sources.sources),
        "source kind": frozenset(contents.sources.kinds),
        "district": frozenset(entry.key for entry in contents.districts.districts),
    }


def _find_unknown_names(
    document: Document,
    kinds: Mapping[str, str],
    known: Mapping[str, frozenset[str]],
) -> Iterator[Fault]:
    for path, entry in walk(document.values):
        for field in kinds.keys() & entry.keys():
            named, kind = entry[field], kinds[field]
            for where, name in enumerate(named) if isinstance(named, list) else ((None, named),):
                # A draft rests on a document by memory: there is nothing on file to point at.
                if not isinstance(name, str) or name.startswith("memory:") or name in known[kind]:
                    continue
                near = get_close_matches(name, known[kind], n=1)
                hint = f"; did you mean {near[0]}?" if near else f": correct it or add the {kind}"
                steps = (*path, field) if where is None else (*path, field, where)
                yield document.fault(steps, f"no {kind} is named {name}{hint}")


def _find_repeated_keys(document: Document) -> Iterator[Fault]:
    for section, entries in document.values.items():
        first: dict[object, int] = {}
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            key = entry.get("key", entry.get("number")) if isinstance(entry, dict) else None
            if key is not None and first.setdefault(key, index) != index:
                line = document.locate((section, first[key]))
                yield document.fault((section, index), f"{key} is already on line {line}: remove or rename one")


def _find_wrong_units(contents: Contents, documents: Mapping[str, Document]) -> Iterator[Fault]:
    units = {entry.key: entry.unit for entry in contents.parameters.parameters}
    for name in ("materials.yaml", "grades.yaml", "treatments.yaml"):
        for path, entry in walk(documents[name].values):
            if "parameter" not in entry or "unit" not in entry or entry.get("change") == "factor":
                continue
            key, unit = str(entry["parameter"]), entry["unit"]
            if unit != units.get(key, unit):
                yield documents[name].fault((*path, "unit"), f"{key} is kept in {units[key]}: convert the figure")


def _find_wrong_limits(contents: Contents, document: Document) -> Iterator[Fault]:
    parameters = {entry.key: entry for entry in contents.parameters.parameters}
    for index, grade in enumerate(contents.grades.grades):
        for number, limit in enumerate(grade.limits):
            parameter = parameters.get(limit.parameter)
            if parameter is None:
                continue
            where = ("grades", index, "limits", number)
            numeric = parameter.kind is ParameterKind.NUMERIC
            if numeric == (limit.equals is not None):
                needed = "min or max" if numeric else "equals"
                yield document.fault(where, f"{parameter.key} is {parameter.kind.value}: give {needed}")
            for bound in (limit.min, limit.max):
                if numeric and bound is not None and not parameter.is_possible(bound):
                    yield document.fault(where, f"{bound} {limit.unit} is impossible for {parameter.key}: correct it")


def _find_wrong_grades(contents: Contents, document: Document) -> Iterator[Fault]:
    products = frozenset(entry.key for entry in contents.materials.products)
    uses = frozenset(entry.key for entry in contents.uses.uses)
    for index, grade in enumerate(contents.grades.grades):
        for where, text in _contradictions(grade, products, uses):
            yield document.fault(("grades", index, *where), text)


def _contradictions(
    grade: Grade,
    products: frozenset[str],
    uses: frozenset[str],
) -> Iterator[tuple[tuple[Step, ...], str]]:
    if grade.is_product != (grade.material in products):
        yield ("is_product",), "is_product is true for the grades of a product and no others: correct one"
    for field in ("materials", "uses"):
        if getattr(grade, field):
            yield (field,), "the field is derived on loading: remove it"
    for number, condition in enumerate(grade.preconditions):
        where, rule = ("preconditions", number), condition.rule
        if rule is PreconditionRule.END_USE_EXCLUSION and not uses.issuperset(condition.values):
            yield where, f"end_use_exclusion must name uses, not {', '.join(condition.values)}: correct it"
        if (rule is PreconditionRule.RADIONUCLIDES) != (condition.limits_of is not None):
            yield where, "limits_of is given for radionuclides and for nothing else: correct it"
