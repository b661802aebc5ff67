"""The mass balance against the catalogue's published figures, its identity and its edges."""

from decimal import Decimal

import pytest

from app.catalogue.reference import reference
from app.catalogue.schemas import Indicators
from app.core.quantities import ZERO, half_up
from app.statistics.rate import FORMULA, MassBalance, percentage

INDICATORS: Indicators = reference().indicators
VECTORS = {vector.name: vector for vector in INDICATORS.test_vectors}
#: Figures of the annual reports are rounded to 10 Mt; the rates beside them come of unrounded ones.
HALF_OF_10_MT = Decimal(5)
ONE_DECIMAL = Decimal("0.1")


def balance(name: str) -> MassBalance:
    """Return the published figures of a vector as a mass balance, in the vector's unit."""
    vector = VECTORS[name]
    return MassBalance(
        generated_t=Decimal(str(vector.generated)),
        utilised_t=Decimal(str(vector.utilised)),
        utilised_from_prior_t=Decimal(str(vector.utilised_from_prior or 0)),
        stored_at_producer_t=Decimal(str(vector.stored or 0)),
        disposed_t=Decimal(str(vector.disposed or 0)),
        discarded_t=Decimal(str(vector.discarded or 0)),
    )


def published(figure: object) -> Decimal:
    """Return a published percentage as a Decimal."""
    return Decimal(str(figure))


def share_pct(of: MassBalance) -> Decimal | None:
    """Return 100 U / (U + D + S), which the city reports used in place of the rate."""
    return percentage(of.utilised_t, of.utilised_t + of.disposed_t + of.stored_t)


def test_the_formula_is_that_of_the_catalogue() -> None:
    assert INDICATORS.utilisation_rate.formula == f"R = {FORMULA} * 100"
    assert INDICATORS.balance_identity.formula == "G = (U - Up) + S + (D - Dp) + W"


@pytest.mark.parametrize("name", [name for name, vector in VECTORS.items() if vector.rate_pct is not None])
def test_rate_of_published_quantities(name: str) -> None:
    assert balance(name).rate_pct == published(VECTORS[name].rate_pct)


@pytest.mark.parametrize("name", ["coal gangue 2018", "fly ash 2018", "tailings 2018"])
def test_published_rate_lies_within_the_rounding_of_its_inputs(name: str) -> None:
    given = balance(name)
    bounds = []
    for sign in (-1, 1):
        utilised = given.utilised_t + sign * HALF_OF_10_MT
        generated = given.generated_t - sign * HALF_OF_10_MT
        rate = MassBalance(generated, utilised, given.utilised_from_prior_t).rate_pct
        assert rate is not None
        bounds.append(rate)
    assert bounds[0] <= published(VECTORS[name].published_rate_pct) <= bounds[1]


def test_coal_gangue_2018_in_every_rate() -> None:
    given = balance("coal gangue 2018")
    rates = (given.rate_pct, given.naive_rate_pct, given.new_waste_rate_pct)
    assert rates == (Decimal("53.70"), Decimal("54.29"), Decimal("53.20"))
    assert half_up(given.rate_pct or ZERO, ONE_DECIMAL) == published(VECTORS["coal gangue 2018"].published_rate_pct)


def test_national_2010_has_old_stock_in_the_denominator() -> None:
    given = balance("national 2010")
    rate = published(VECTORS["national 2010"].published_rate_pct)
    assert half_up(given.naive_rate_pct or ZERO, ONE_DECIMAL) == Decimal("67.2") != rate
    assert -given.identity_gap_t == Decimal(20)
    with_stock = MassBalance(given.generated_t, given.utilised_t, Decimal(19))
    assert half_up(with_stock.rate_pct or ZERO, ONE_DECIMAL) == rate


def test_national_2003_is_a_plain_ratio() -> None:
    given = balance("national 2003")
    assert given.rate_pct == given.naive_rate_pct == published(VECTORS["national 2003"].published_rate_pct)


@pytest.mark.parametrize(("name", "naive"), [("214 cities 2016", "58.11"), ("246 cities 2015", "61.78")])
def test_city_reports_publish_the_share_and_not_the_rate(name: str, naive: str) -> None:
    given, vector = balance(name), VECTORS[name]
    share = share_pct(given)
    assert share == published(vector.share_pct)
    assert half_up(share or ZERO, ONE_DECIMAL) == published(vector.published_share_pct)
    assert given.naive_rate_pct == Decimal(naive)
    prior = -given.identity_gap_t
    assert prior == published(vector.prior_stock)
    if name == "214 cities 2016":
        true_rate_at_most = given.naive_rate_pct
        true_rate_at_least = MassBalance(given.generated_t, given.utilised_t, prior).rate_pct
        assert true_rate_at_least is not None
        assert true_rate_at_most is not None
        assert published(vector.published_share_pct) <= true_rate_at_least <= true_rate_at_most


def test_dexing_2019_closes_with_the_stock_of_earlier_years() -> None:
    given = balance("Dexing 2019 balance")
    assert -given.identity_gap_t == Decimal("1.588") == published(VECTORS["Dexing 2019 balance"].prior_stock)
    closed = MassBalance(
        generated_t=given.generated_t,
        utilised_t=given.utilised_t,
        utilised_from_prior_t=Decimal("1.588"),
        stored_at_producer_t=given.stored_t,
        disposed_t=given.disposed_t,
        discarded_t=given.discarded_t,
    )
    assert closed.identity_gap_t == ZERO


def test_every_vector_is_tested() -> None:
    assert set(VECTORS) == {
        "coal gangue 2018",
        "fly ash 2018",
        "tailings 2018",
        "national 2010",
        "national 2003",
        "214 cities 2016",
        "246 cities 2015",
        "Dexing 2019 balance",
    }


@pytest.mark.parametrize("generated", [ZERO, Decimal(-3)])
def test_rates_are_null_without_a_positive_denominator(generated: Decimal) -> None:
    empty = MassBalance(generated_t=generated)
    rates = (empty.rate_pct, empty.naive_rate_pct, empty.new_waste_rate_pct, empty.rate_on_dispatch_pct)
    assert rates == (None, None, None, None)


def test_old_stock_alone_has_a_rate_but_no_rate_of_new_waste() -> None:
    used = MassBalance(utilised_t=Decimal(7), utilised_from_prior_t=Decimal(7))
    assert (used.rate_pct, used.naive_rate_pct, used.new_waste_rate_pct) == (Decimal(100), None, None)


@pytest.mark.parametrize(
    ("part", "whole", "percent"),
    [("1", "3", "33.33"), ("2", "3", "66.67"), ("1", "800", "0.13"), ("-1", "800", "-0.13")],
)
def test_percentages_are_rounded_half_up_to_two_decimals(part: str, whole: str, percent: str) -> None:
    assert percentage(Decimal(part), Decimal(whole)) == Decimal(percent)


def test_a_balance_lies_on_top_of_the_stock_before_it() -> None:
    postings = MassBalance(stored_at_producer_t=Decimal(-18), closing_t=Decimal(-33), utilised_from_prior_t=Decimal(15))
    assert postings.stock_gap_t == ZERO
    month = postings.on_top_of(Decimal(138))
    assert (month.opening_t, month.closing_t, month.stock_gap_t) == (Decimal(138), Decimal(105), ZERO)
