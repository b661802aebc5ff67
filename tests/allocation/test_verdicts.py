"""The verdicts of many lots at once are those of `judge`, one by one, for all kinds of criteria, laws and origins."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from app.allocation.verdicts import FAIL, NO_PARAMETER, PASS, UNKNOWN, judge_all
from app.catalogue.reference import reference
from app.catalogue.schemas import FigureStatus, ParameterKind
from app.matching.limits import Criterion
from app.matching.specification import make_criterion, make_specification
from app.matching.verdict import LotFacts, Specification, Verdict, judge
from tests.drills import examples

DAY = date(2026, 8, 1)
ORIGINS = [None, "pulverised_coal_boiler", "waste_incinerator", "circulating_fluidised_bed_boiler", "dihydrate"]
VERDICTS = {Verdict.PASS: PASS, Verdict.UNKNOWN: UNKNOWN, Verdict.FAIL: FAIL}


def _value(key: str, random: Random) -> Any:  # noqa: ANN401 - a value of an assay
    parameter = reference().parameters[key]
    if parameter.kind is ParameterKind.NUMERIC:
        return random.choice([float(random.randint(0, 12)), round(random.uniform(0, 100), 2), random.randint(0, 400)])
    if parameter.kind is ParameterKind.BOOLEAN:
        return random.random() < 0.5
    return random.choice(parameter.values or ("one", "two"))


def _criterion(key: str, random: Random) -> Criterion:
    parameter = reference().parameters[key]
    status = random.choice(list(FigureStatus))
    if parameter.kind is not ParameterKind.NUMERIC:
        return make_criterion(key, "demand", equals=_value(key, random), status=status)
    low, high = sorted(Decimal(str(round(random.uniform(0, 60), random.randint(0, 2)))) for _ in range(2))
    sides = random.randint(1, 3)
    return make_criterion(
        key, "demand", minimum=low if sides & 1 else None, maximum=high if sides & 2 else None, status=status
    )


def _specification(material: str, random: Random) -> Specification:
    grades = [None, *(grade.key for grade in reference().grades.values() if material in grade.materials)]
    uses = [None, *(use.key for use in reference().uses.values() if material in use.materials)]
    keys = random.sample(list(reference().parameters), random.randint(0, 4))
    return make_specification(
        [_criterion(key, random) for key in keys],
        grade_key=random.choice(grades),
        use_key=random.choice(uses),
        on=DAY,
        end_product=random.choice([None, "fired_brick", "autoclaved_aerated_concrete"]),
        assays_since=random.choice([None, DAY - timedelta(days=365)]),
    )


def _lot(material: str, keys: list[str], random: Random) -> LotFacts:
    known = random.sample(keys, random.randint(0, len(keys)))
    days = random.choice([None, DAY, DAY - timedelta(days=365), DAY - timedelta(days=366)])
    return LotFacts(material, random.choice(ORIGINS), {key: _value(key, random) for key in known}, days)


@pytest.mark.parametrize("seed", range(examples(30, 1000)))
def test_arrays_say_what_judge_says(seed: int) -> None:
    random = Random(seed)
    material = random.choice(list(reference().materials))
    specifications = [_specification(material, random) for _ in range(12)]
    named = {criterion.parameter for asked in specifications for criterion in asked.criteria}
    lots = [_lot(material, sorted(named), random) for _ in range(25)]
    found = judge_all(specifications, lots)
    for row, asked in enumerate(specifications):
        for column, lot in enumerate(lots):
            judged = judge(asked, lot)
            assert found.verdict[row, column] == VERDICTS[judged.verdict]
            is_closed = any(
                law.status is FigureStatus.CONFIRMED
                and law.material in {None, material}
                and (not law.origins or lot.origin in law.origins)
                for law in asked.closures
            )
            assert found.is_closed[row, column] == is_closed
            _check_blamed(found.parameters, int(found.parameter[row, column]), asked, lot)


def _check_blamed(parameters: tuple[str, ...], blamed: int, asked: Specification, lot: LotFacts) -> None:
    """Blame the first confirmed limit that fails; where nothing fails, the first that leaves a doubt."""
    judged = judge(asked, lot)
    firm = [row for row in judged.criteria if row.verdict is Verdict.FAIL and row.limit_status == "confirmed"]
    rows = firm if judged.verdict is Verdict.FAIL else [row for row in judged.criteria if row.verdict != Verdict.PASS]
    names = [row.parameter for row in rows if row.parameter is not None]
    assert (None if blamed == NO_PARAMETER else parameters[blamed]) == (names[0] if names else None)
