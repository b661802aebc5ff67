"""Which editions and districts hold on which day."""

from datetime import date

import pytest

from app.catalogue.reference import reference

REFERENCE = reference()


@pytest.mark.parametrize(
    ("grade", "day", "holds"),
    [
        ("gbt23456_2018_i", date(2019, 4, 30), False),
        ("gbt23456_2018_i", date(2019, 5, 1), True),
        ("gbt23456_2018_i", date(2026, 6, 30), True),
        ("gbt23456_2018_i", date(2026, 7, 1), False),
        ("gbt23456_2025", date(2026, 6, 30), False),
        ("gbt23456_2025", date(2026, 7, 1), True),
        ("gbt23456_2009_free_water", date(2019, 4, 30), True),
        ("gbt23456_2009_free_water", date(2019, 5, 1), False),
        ("gbt23456_2009_free_water", date(2008, 12, 31), False),
        ("gbt1596_2017_concrete_i_f", date(2016, 12, 31), False),
        ("gbt1596_2017_concrete_i_f", date(2026, 8, 1), True),
        ("hj1241_2022", date(2022, 9, 30), False),
        ("hj1241_2022", date(2022, 10, 1), True),
        ("astm_c618_12a_f", date(2013, 1, 1), False),  # superseded, end not known
        ("astm_c618_19_f", date(2026, 8, 1), True),
        ("jct2625_ti_gypsum", date(2026, 8, 1), False),  # existence not confirmed
    ],
)
def test_edition_in_force(grade: str, day: date, holds: bool) -> None:  # noqa: FBT001  a column of the table above
    assert REFERENCE.grades[grade].in_force(day) is holds


@pytest.mark.parametrize(
    ("grade", "successor"),
    [
        ("gbt23456_2009_free_water", "gbt23456_2018_i"),
        ("gbt23456_2018_i", "gbt23456_2025"),
        ("gbt23456_2025", None),
        ("astm_c618_12a_f", "astm_c618_19_f"),
        ("astm_c618_12a_c", "astm_c618_19_c"),
    ],
)
def test_successor_of_an_edition(grade: str, successor: str | None) -> None:
    assert REFERENCE.grades[grade].successor == successor


def test_a_successor_begins_when_its_edition_ends() -> None:
    for grade in REFERENCE.grades.values():
        follower = REFERENCE.grades[grade.successor] if grade.successor else None
        if follower and follower.valid_from and grade.valid_to:
            assert (follower.valid_from - grade.valid_to).days == 1, grade.key


def test_districts_change_within_their_month() -> None:
    old, new = REFERENCE.districts["500105"], REFERENCE.districts["50-liangjiang"]
    assert old.successor == new.key
    assert [d.valid_on(date(2025, 10, 31)) for d in (old, new)] == [True, False]
    assert [d.valid_on(date(2025, 11, 6)) for d in (old, new)] == [True, True]
    assert [d.valid_on(date(2025, 12, 1)) for d in (old, new)] == [False, True]
    assert REFERENCE.districts["500102"].valid_on(date(1999, 1, 1))


def test_a_zone_lies_within_districts() -> None:
    assert REFERENCE.districts["50-gaoxin"].within == ("500107", "500106")
    assert REFERENCE.districts["50-liangjiang"].adcode is None
