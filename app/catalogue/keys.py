"""Catalogue keys as they stand in bodies and queries: an unknown one is a fault that names the nearest ones."""

from collections.abc import Callable, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, StringConstraints

from app.catalogue.reference import reference
from app.core.bodies import fault_of_field
from app.core.errors import Fault

Kind = Literal["material", "parameter", "grade", "use", "district"]
_PLURALS: Mapping[Kind, Literal["materials", "parameters", "grades", "uses", "districts"]] = {
    "material": "materials",
    "parameter": "parameters",
    "grade": "grades",
    "use": "uses",
    "district": "districts",
}


def unknown_key(pointer: str, kind: Kind, key: str) -> Fault:
    """Return the fault of a catalogue key that does not exist, with the names that are near it."""
    return Fault(pointer, f"unknown_{kind}", f"there is no {kind} {key!r}; {near_hint(kind, key)}")


def near_hint(kind: Kind, key: str) -> str:
    """Return what to write instead of an unknown key."""
    near = reference().near_names(_PLURALS[kind], key)
    return f"did you mean {' or '.join(near)}?" if near else f"GET /v1/{_PLURALS[kind]} lists them"


def known(kind: Kind) -> Callable[[str], str]:
    """Return the validator of one field that holds a key of a kind."""

    def check(key: str) -> str:
        if key not in getattr(reference(), _PLURALS[kind]):
            fault = unknown_key("", kind, key)
            raise fault_of_field(fault.code, fault.detail)
        return key

    return check


_Text = Annotated[str, StringConstraints(min_length=1, max_length=80)]
MaterialKey = Annotated[_Text, AfterValidator(known("material"))]
GradeKey = Annotated[_Text, AfterValidator(known("grade"))]
UseKey = Annotated[_Text, AfterValidator(known("use"))]
DistrictKey = Annotated[_Text, AfterValidator(known("district"))]
