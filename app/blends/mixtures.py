"""What a mix is asked: whole kilograms of a few lots, and sums over them that must not be positive; pure and exact."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Row:
    """One side of a limit as a balance: the sum of kilograms times loads is at most 0, or below it if `strict`.

    A load is what a kilogram of the lot takes of the limit (positive) or gives to it (negative); None keeps the lot
    out of every mix that must meet the limit.
    """

    loads: tuple[Fraction | None, ...]
    strict: bool = False


@dataclass(frozen=True)
class MixLot:
    """A lot that may be used; `cost` is per kilogram in any unit, and a used lot gives `least_kg` to `most_kg`."""

    cost: Fraction
    least_kg: int
    most_kg: int


@dataclass(frozen=True)
class Problem:
    """Make `quantity_kg` of at most `most_lots` lots; each requirement is the rows that it takes to meet it."""

    quantity_kg: int
    most_lots: int
    lots: tuple[MixLot, ...]
    requirements: tuple[tuple[Row, ...], ...]


#: Kilograms by the index of the lot; lots that are not used are left out.
Mix = Mapping[int, int]


def cost_of(problem: Problem, mix: Mix) -> Fraction:
    """Return what a mix costs, in the unit of the lots."""
    return sum((kg * problem.lots[lot].cost for lot, kg in mix.items()), Fraction(0))


def mean_of(mix: Mix, values: Sequence[Fraction | None], weights: Sequence[Fraction | None]) -> Fraction | None:
    """Return the mean value of a mix by kilograms times weight; None where a lot of it lacks value or weight."""
    total, mass = Fraction(0), Fraction(0)
    for lot, kg in mix.items():
        value, weight = values[lot], weights[lot]
        if value is None or weight is None:
            return None
        total += kg * weight * value
        mass += kg * weight
    return total / mass


def is_met(row: Row, mix: Mix) -> bool:
    """Whether a mix meets one side of a limit, exactly."""
    total = Fraction(0)
    for lot, kg in mix.items():
        load = row.loads[lot]
        if load is None:
            return False
        total += kg * load
    return total < 0 if row.strict else total <= 0


def is_solution(problem: Problem, mix: Mix) -> bool:
    """Whether a mix is all that is asked, exactly."""
    return (
        sum(mix.values()) == problem.quantity_kg
        and len(mix) <= problem.most_lots
        and all(max(1, problem.lots[lot].least_kg) <= kg <= problem.lots[lot].most_kg for lot, kg in mix.items())
        and all(is_met(row, mix) for rows in problem.requirements for row in rows)
    )


def largest_shares(problem: Problem) -> list[Fraction]:
    """Return the greatest share that each lot can have in a mix; 0 where it can have none.

    The rest of the mix gives at most its own share times the best gift among the lots: more than that a lot must not
    take, share x load <= (1 - share) x gift. So one absurd value bounds its own lot instead of blurring all others.
    """
    shares = [min(Fraction(1), Fraction(lot.most_kg, problem.quantity_kg)) for lot in problem.lots]
    for rows in problem.requirements:
        for row in rows:
            gift = best_gift(row)
            for lot, load in enumerate(row.loads):
                if load is None:
                    shares[lot] = Fraction(0)
                elif load > 0:
                    shares[lot] = min(shares[lot], gift / (load + gift))
    return [
        share if share * problem.quantity_kg >= max(1, lot.least_kg) else Fraction(0)
        for share, lot in zip(shares, problem.lots, strict=True)
    ]


def best_gift(row: Row) -> Fraction:
    """Return what a kilogram of the best lot gives to a limit; 0 where none gives."""
    return max((-load for load in row.loads if load is not None and load < 0), default=Fraction(0))
