"""Faults that our rules find while a body is read: they join pydantic's own, so that all of them come at once."""

from collections.abc import Sequence

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from app.core.errors import Fault


def fault_of_field(code: str, detail: str) -> PydanticCustomError:
    """Return what a validator of one field raises; the pointer is the field's own."""
    # The detail goes in as context: as a template its own braces would be read as fields.
    return PydanticCustomError(code, "{detail}", {"detail": detail})


def faults_of_field(faults: Sequence[Fault]) -> ValidationError:
    """Return what a validator raises for several faults; their pointers start at the validated field."""
    lines = [
        InitErrorDetails(type=fault_of_field(fault.code, fault.detail), loc=_location(fault.pointer), input=None)
        for fault in faults
    ]
    return ValidationError.from_exception_data("body", lines)


def _location(pointer: str) -> tuple[int | str, ...]:
    return tuple(int(step) if step.isdecimal() else step for step in pointer.split("/")[1:])


def faults_of_error(error: ValidationError) -> list[Fault]:
    """Return pydantic's faults with JSON pointers into the body."""
    return [
        Fault("".join(f"/{_escape(str(step))}" for step in item["loc"]), item["type"], item["msg"])
        for item in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def _escape(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")
