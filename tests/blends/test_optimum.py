"""The mix that is found against every choice of lots and every corner of each, in fractions; and hand-made edges."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations

from hypothesis import event, given, settings
from hypothesis import strategies as st

from app.blends.blockers import find_best_value, find_blockers
from app.blends.mixtures import MixLot, Problem, Row, cost_of, is_solution, mean_of
from app.blends.optimum import find_mix

_QUANTITY = 30_000
_Limit = tuple[list[Fraction], Fraction]


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Return a tiny market: prices of both signs, least orders, little to be had, up to three limits."""
    lots, rows = draw(st.integers(1, 6)), draw(st.integers(0, 3))
    return Problem(
        _QUANTITY,
        draw(st.integers(1, 4)),
        tuple(
            MixLot(
                Fraction(draw(st.integers(-5000, 5000)), 1000),
                draw(st.sampled_from([0, 0, 4_000, 12_000])),
                draw(st.sampled_from([3_000, 9_000, 17_000, 40_000])),
            )
            for _ in range(lots)
        ),
        tuple((Row(tuple(draw(_load) for _ in range(lots)), strict=draw(st.booleans())),) for _ in range(rows)),
    )


_load = st.one_of(
    st.none(),
    st.integers(-40, 60).map(lambda load: Fraction(load, 100)),
    st.integers(-9, 9).map(lambda load: Fraction(load, 7)),
)


def _least_cost(problem: Problem, *, without_edges: bool) -> Fraction | None:
    """Return the least cost over all choices of lots and all corners of each; kilograms may be fractions.

    A strict limit may be touched: no point of the inside is cheaper than the corner that it leads to. `without_edges`
    asks for kilograms well inside every limit, so that whole ones are sure to exist.
    """
    costs: list[Fraction] = []
    for size in range(1, min(problem.most_lots, len(problem.lots)) + 1):
        for chosen in combinations(range(len(problem.lots)), size):
            rows = [row for rows in problem.requirements for row in rows]
            if all(row.loads[lot] is not None for row in rows for lot in chosen):
                costs += _corner_costs(problem, chosen, rows, Fraction(20 if without_edges else 0))
    return min(costs, default=None)


def _corner_costs(problem: Problem, chosen: Sequence[int], rows: Sequence[Row], room: Fraction) -> Iterator[Fraction]:
    limits: list[_Limit] = [([row.loads[lot] or Fraction(0) for lot in chosen], -room) for row in rows]
    for place, lot in enumerate(chosen):
        unit = [Fraction(int(other == place)) for other in range(len(chosen))]
        limits.append((unit, Fraction(problem.lots[lot].most_kg)))
        limits.append(([-weight for weight in unit], -Fraction(max(1, problem.lots[lot].least_kg))))
    whole: _Limit = ([Fraction(1)] * len(chosen), Fraction(problem.quantity_kg))
    for touched in combinations(limits, len(chosen) - 1):
        point = _cramer([whole, *touched])
        if point and all(_dot(weights, point) <= bound for weights, bound in limits):
            yield _dot([problem.lots[lot].cost for lot in chosen], point)


def _dot(left: Sequence[Fraction], right: Sequence[Fraction]) -> Fraction:
    return sum((one * other for one, other in zip(left, right, strict=True)), Fraction(0))


def _cramer(equations: Sequence[_Limit]) -> list[Fraction] | None:
    matrix = [weights for weights, _ in equations]
    whole = _determinant(matrix)
    if whole == 0:
        return None
    replaced = (
        [[*row[:column], bound, *row[column + 1 :]] for row, (_, bound) in zip(matrix, equations, strict=True)]
        for column in range(len(matrix))
    )
    return [_determinant(each) / whole for each in replaced]


def _determinant(matrix: Sequence[Sequence[Fraction]]) -> Fraction:
    if not matrix:
        return Fraction(1)
    return sum(
        (
            (-1) ** column * head * _determinant([[*row[:column], *row[column + 1 :]] for row in matrix[1:]])
            for column, head in enumerate(matrix[0])
            if head
        ),
        Fraction(0),
    )


@settings(max_examples=150, deadline=None, derandomize=True)
@given(problems())
def test_no_choice_of_lots_is_cheaper(problem: Problem) -> None:
    found = find_mix(problem, 20)
    assert found.proven
    least = _least_cost(problem, without_edges=False)
    event("a mix" if found.mix else "none")
    if found.mix is None:
        assert _least_cost(problem, without_edges=True) is None
        return
    assert is_solution(problem, found.mix)
    assert least is not None
    dearest = max(abs(lot.cost) for lot in problem.lots)
    a_few_kilograms = 30 * dearest
    assert least <= cost_of(problem, found.mix) + a_few_kilograms
    roomy = _least_cost(problem, without_edges=True)
    if roomy is not None:
        assert cost_of(problem, found.mix) <= roomy + a_few_kilograms


@settings(max_examples=60, deadline=None, derandomize=True)
@given(problems())
def test_what_blocks_is_enough_and_no_less_is(problem: Problem) -> None:
    if find_mix(problem, 20).mix is not None or _least_cost(problem, without_edges=False) is not None:
        return
    blocking = find_blockers(problem)
    tonnes_alone = Problem(problem.quantity_kg, problem.most_lots, problem.lots, ())
    if blocking is None:
        assert _least_cost(tonnes_alone, without_edges=False) is None
        return
    places = range(len(problem.requirements))
    event(f"{len(blocking)} of {len(places)}")
    for size in range(len(places) + 1):
        for waived in combinations(places, size):
            kept = tuple(rows for place, rows in enumerate(problem.requirements) if place not in waived)
            less = Problem(problem.quantity_kg, problem.most_lots, problem.lots, kept)
            if _least_cost(less, without_edges=False) is not None:
                assert waived == blocking
                return


def _problem(*lots: tuple[int, int, int], rows: Sequence[Row] = (), quantity_kg: int = 1000) -> Problem:
    made = tuple(MixLot(Fraction(cost), least, most) for cost, least, most in lots)
    return Problem(quantity_kg, 4, made, tuple((row,) for row in rows))


def _row(*loads: str, strict: bool = False) -> Row:
    return Row(tuple(Fraction(load) for load in loads), strict=strict)


def test_a_strict_limit_costs_a_kilogram() -> None:
    lots = (0, 0, 1000), (1, 0, 1000)
    assert find_mix(_problem(*lots, rows=[_row("0.1", "-0.1")])).mix == {0: 500, 1: 500}
    assert find_mix(_problem(*lots, rows=[_row("0.1", "-0.1", strict=True)])).mix == {0: 499, 1: 501}


def test_a_lot_that_touches_a_strict_limit_is_no_mix() -> None:
    assert find_mix(_problem((0, 0, 1000), rows=[_row("0", strict=True)])).mix is None
    assert find_mix(_problem((0, 0, 1000), rows=[_row("0")])).mix == {0: 1000}


def test_a_violation_too_small_for_floating_point_is_none_too_small() -> None:
    rows = [_row("1/1000000000000000", "-1")]
    assert find_mix(_problem((0, 0, 1000), (5, 0, 1000), rows=rows)).mix == {0: 999, 1: 1}
    assert find_mix(_problem((0, 0, 1000), (5, 1000, 1000), rows=rows)).mix == {1: 1000}


def test_an_absurd_value_does_not_blur_the_others() -> None:
    lots = (-9, 0, 1000), (0, 0, 1000), (1, 0, 1000)
    found = find_mix(_problem(*lots, rows=[_row("1000000000", "0.000002", "-0.000003")], quantity_kg=1000))
    assert found.mix == {1: 600, 2: 400}


def test_five_lots_are_one_too_many() -> None:
    found = find_mix(_problem(*[(cost, 0, 250) for cost in range(5)]))
    assert found.mix == {0: 250, 1: 250, 2: 250, 3: 250}
    assert find_mix(_problem(*[(cost, 0, 249) for cost in range(5)])).mix is None


def test_the_best_value_is_that_of_the_mean_by_dry_mass() -> None:
    problem = _problem((0, 0, 600), (0, 0, 600), rows=[_row("1", "1")])
    values, weights = [Fraction(4), Fraction(2)], [Fraction(9, 10), Fraction(1, 2)]
    best = find_best_value(problem, (0,), values, weights, wants_less=True, seconds=9)
    assert best == mean_of({0: 400, 1: 600}, values, weights)
    most = find_best_value(problem, (0,), values, weights, wants_less=False, seconds=9)
    assert most == mean_of({0: 600, 1: 400}, values, weights)
    assert find_best_value(problem, (0,), [None, Fraction(2)], weights, wants_less=True, seconds=9) is None
    assert find_best_value(problem, (0,), values, [None, None], wants_less=True, seconds=9) is None
    alone = _problem((0, 0, 600), (0, 0, 1000), rows=[_row("1", "1")])
    assert find_best_value(alone, (0,), values, [None, None], wants_less=False, seconds=9) == 2
