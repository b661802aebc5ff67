"""Reads the filters of a search that are written as text: `spec`, `near`, `verdict`.

Each raises the fault of one field with what to write instead, so that a request shows all its faults at once.
"""

import re
from decimal import Decimal

from app.catalogue.keys import unknown_key
from app.catalogue.reference import reference
from app.catalogue.schemas import Parameter, ParameterKind
from app.core.bodies import fault_of_field
from app.matching.limits import Criterion
from app.matching.specification import make_criterion
from app.matching.verdict import Verdict

_SPEC = re.compile(r"\s*([^\s<>=]+)\s*(>=|<=|=|>|<)\s*(.*?)\s*")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
_MOST_DIGITS = 15  # a double tells them apart, so SQL compares what was asked
_POLE, _DATE_LINE = 90, 180
_REQUEST = "request"


def read_spec(text: str) -> Criterion:
    """Return the criterion of `caso4_2h2o>=85`, `soluble_p2o5<=0.2`, `ph=6..9` or `waste_class=I`."""
    found = _SPEC.fullmatch(text)
    if found is None:
        raise fault_of_field(
            "invalid_spec",
            f"{text!r}: write parameter>=number, parameter<=number, parameter=low..high or parameter=value",
        )
    key, sign, wanted = found.groups()
    parameter = reference().parameters.get(key)
    if parameter is None:
        fault = unknown_key("", "parameter", key)
        raise fault_of_field(fault.code, fault.detail)
    if sign in {"<", ">"}:
        raise fault_of_field("strict_limit", f"{text!r}: limits are inclusive, write {key}{sign}={wanted}")
    if parameter.kind is not ParameterKind.NUMERIC:
        return _read_equality(parameter, sign, wanted)
    low, range_sign, high = wanted.partition("..") if sign == "=" else (wanted, "", "")
    least = _read_number(text, low)
    greatest = _read_number(text, high) if range_sign else least
    if least > greatest:
        raise fault_of_field("empty_range", f"{text!r}: {low} is above {high}; write the lower limit first")
    return make_criterion(
        key,
        _REQUEST,
        minimum=None if sign == "<=" else least,
        maximum=None if sign == ">=" else greatest,
    )


def _read_equality(parameter: Parameter, sign: str, wanted: str) -> Criterion:
    if sign != "=" or not wanted:
        raise fault_of_field("wrong_kind", f"{parameter.key} is {parameter.kind.value}: write {parameter.key}=value")
    if parameter.kind is ParameterKind.BOOLEAN:
        if wanted not in {"true", "false"}:
            raise fault_of_field("unknown_value", f"{parameter.key} is true or false, not {wanted!r}")
        return make_criterion(parameter.key, _REQUEST, equals=wanted == "true")
    if parameter.values and wanted not in parameter.values:
        raise fault_of_field(
            "unknown_value", f"{parameter.key} is one of {', '.join(parameter.values)}, not {wanted!r}"
        )
    return make_criterion(parameter.key, _REQUEST, equals=wanted)


def _read_number(text: str, written: str) -> Decimal:
    written = written.strip()
    if _NUMBER.fullmatch(written) is None:
        raise fault_of_field("not_a_number", f"{text!r}: {written!r} is not a number such as 85 or 0.2")
    number = Decimal(written)
    if len(number.as_tuple().digits) > _MOST_DIGITS:
        raise fault_of_field("too_many_digits", f"{text!r}: at most {_MOST_DIGITS} digits are compared")
    return number


def read_near(text: str) -> tuple[float, float]:
    """Return latitude and longitude of `29.56,106.55`, in degrees of whatever datum."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2 or not all(_NUMBER.fullmatch(part) for part in parts):  # noqa: PLR2004 - a pair
        raise fault_of_field("invalid_position", "write latitude,longitude in degrees, such as 29.56,106.55")
    latitude, longitude = (float(part) for part in parts)
    if abs(latitude) > _POLE or abs(longitude) > _DATE_LINE:
        raise fault_of_field(
            "invalid_position", "latitude lies within -90..90 and longitude within -180..180; latitude comes first"
        )
    return latitude, longitude


def read_verdicts(text: str) -> frozenset[Verdict]:
    """Return the verdicts of `pass,unknown`."""
    words = [word.strip() for word in text.split(",")]
    unknown = [word for word in words if word not in set(Verdict)]
    if unknown:
        raise fault_of_field(
            "unknown_verdict",
            f"{unknown[0]!r} is no verdict; write a list of {', '.join(Verdict)}, such as pass,unknown",
        )
    return frozenset(Verdict(word) for word in words)
