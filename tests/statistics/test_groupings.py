"""Whatever the grouping, the rows add up to the same total, and the identity holds: a random ledger, many questions."""

import random
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.auth.actor import Actor, KeyId, OrganisationId, Role
from app.core.database import Database, new_id
from app.core.quantities import ZERO
from app.ledger.accounts import STOCKS, UTILISED, Account, Kind
from app.statistics.queries import read_utilisation
from app.statistics.schemas import COLUMNS, FIGURES, UtilisationQuery, UtilisationRow, UtilisationStatistics
from tests.factories import World
from tests.statistics.books import KEY, Books

MONTHS = ("2023-11", "2023-12", "2024-01", "2024-02", "2024-03", "2024-12", "2025-01", "2025-02")
MATERIALS = ("phosphogypsum", "red_mud")
ADDED_FIGURES = tuple(name for name in FIGURES if name.endswith("_t") and name not in {"opening_t", "closing_t"})
#: What is posted: kind, accounts, and whether fresh (0), prior (1) or either (2) tonnes move.
MOVES = (
    (Kind.OPENING, Account.OPENING, Account.STORAGE, 1),
    (Kind.DECLARATION, Account.GENERATION, Account.STORAGE, 0),
    (Kind.DISPATCH, Account.GENERATION, Account.IN_TRANSIT, 0),
    (Kind.DISPATCH, Account.STORAGE, Account.IN_TRANSIT, 2),
    (Kind.DISPATCH, Account.ADJUSTMENT, Account.STORAGE, 1),
    (Kind.RECEIPT, Account.IN_TRANSIT, Account.RECEIVED, 2),
    (Kind.RECEIPT, Account.IN_TRANSIT, Account.WEIGHING_DIFFERENCE, 2),
    (Kind.REFUSAL, Account.IN_TRANSIT, Account.STORAGE, 2),
    (Kind.UTILISATION, Account.RECEIVED, Account.UTILISED, 2),
    (Kind.DECLARATION, Account.STORAGE, Account.SELF_UTILISED, 2),
    (Kind.DECLARATION, Account.STORAGE, Account.ENTRUSTED_UTILISED, 2),
    (Kind.DECLARATION, Account.STORAGE, Account.DISPOSED, 2),
    (Kind.DECLARATION, Account.STORAGE, Account.ENTRUSTED_DISPOSED, 2),
    (Kind.DECLARATION, Account.STORAGE, Account.DISCARDED, 0),
)
AT_RECYCLER = {Account.RECEIVED, Account.UTILISED}
OPERATOR = Actor(
    key_id=KeyId(new_id()),
    organisation_id=OrganisationId(new_id()),
    name="operator",
    roles=frozenset({Role.OPERATOR}),
    scopes=frozenset(),
    expires_at=None,
    status="active",
)


@pytest.fixture
def market(world: World, books: Books) -> Books:
    """Return the books of 300 random moves between four origins and two places of use."""
    chance = random.Random(20250101)
    producer, recycler = world.producer(), world.recycler()
    origins = [UUID(world.site(producer, district_code=code)["id"]) for code in ("500105", "500112", "500115", None)]
    places = [UUID(world.site(recycler, district_code=code)["id"]) for code in ("500102", None)]
    for _ in range(300):
        kind, source, target, age = chance.choice(MOVES)
        place = chance.choice(places)
        month = chance.choice(MONTHS)
        years_back = age if age < 2 else chance.choice((0, 1, 2))
        origin = chance.choice(origins)
        books.move(
            month,
            kind,
            (source, target),
            chance.randint(-200, 900),
            origin=origin,
            source=place if source in AT_RECYCLER else origin,
            target=place if target in AT_RECYCLER else origin,
            stock_year=int(month[:4]) - years_back,
            material=chance.choice(MATERIALS),
            use=chance.choice(("", "cement_retarder", "road_base")) if target in UTILISED else "",
            verified=target is Account.UTILISED and chance.random() < 0.5,
        )
    books.write()
    return books


def read(database: Database, **question: str) -> UtilisationStatistics:
    """Return the operator's answer."""
    with database.snapshot() as session:
        return read_utilisation(session, OPERATOR, UtilisationQuery.model_validate(question))


def added(rows: Iterable[UtilisationRow], name: str) -> Decimal:
    """Return the sum of a figure, null counting nothing."""
    return sum((getattr(row, name) or ZERO for row in rows), ZERO)


def check_balance(row: UtilisationRow) -> None:
    """Check the identity and the stock of a row that has all figures."""
    values = {name: value for name, value in row if isinstance(value, Decimal)}
    used = values["utilised_t"] - values["utilised_from_prior_t"]
    disposed = values["disposed_t"] - values["disposed_from_prior_t"]
    assert values["generated_t"] == used + values["stored_t"] + disposed + values["discarded_t"]
    prior = values["prior_stock_adjustment_t"] - values["utilised_from_prior_t"] - values["disposed_from_prior_t"]
    assert values["closing_t"] == values["opening_t"] + prior + values["stored_t"]


questions = st.fixed_dictionaries(
    {
        "period": st.lists(st.sampled_from(MONTHS), min_size=2, max_size=2).map(sorted),
        "columns": st.lists(st.sampled_from(COLUMNS), unique=True),
        "basis": st.sampled_from(["recorded", "verified"]),
        "districts": st.sampled_from(["as_recorded", "current"]),
    }
)
many = settings(
    max_examples=25, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@many
@given(question=questions)
def test_rows_add_up_to_one_total(database: Database, market: Books, question: dict[str, Any]) -> None:
    period = dict(zip(("from", "to"), question["period"], strict=True))
    asked = period | {"basis": question["basis"], "districts": question["districts"]}
    answer = read(database, **asked, group_by=",".join(question["columns"]))
    assert answer.total == read(database, **asked).total
    check_balance(answer.total)
    if question["basis"] == "recorded":
        assert answer.total.closing_t == stock_at_the_end_of(market, period["to"])
    for name in ADDED_FIGURES:
        assert added(answer.items, name) == getattr(answer.total, name), name
    is_monthly = "month" in question["columns"]
    last = [row for row in answer.items if not is_monthly or row.month == period["to"]]
    assert added(last, "closing_t") == answer.total.closing_t
    if not {"place", "use"} & set(question["columns"]):
        for row in answer.items:
            check_balance(row)


def stock_at_the_end_of(market: Books, month: str) -> Decimal:
    """Return all tonnes on stock accounts by the books themselves."""
    flows = [(dict(zip(KEY, key, strict=True)), tonnes) for key, tonnes in market.flows.items()]
    return sum((tonnes for flow, tonnes in flows if flow["account"] in STOCKS and flow["month"] <= month), ZERO)


@many
@given(question=questions)
def test_use_is_the_same_by_origin_and_by_place(database: Database, market: Books, question: dict[str, Any]) -> None:
    assert market.flows
    asked = dict(zip(("from", "to"), question["period"], strict=True)) | {"basis": question["basis"]}
    by_origin = read(database, **asked).total
    by_place = read(database, **asked, place="utilised", group_by=",".join(question["columns"]))
    for name in ("utilised_t", "utilised_from_prior_t"):
        assert added(by_place.items, name) == getattr(by_place.total, name) == getattr(by_origin, name)
    assert all(row.generated_t is None and row.rate_pct is None for row in (*by_place.items, by_place.total))


@many
@given(columns=st.lists(st.sampled_from(COLUMNS), unique=True, min_size=1))
def test_rows_are_unique_and_in_order(database: Database, market: Books, columns: list[str]) -> None:
    assert market.flows
    answer = read(database, **{"from": MONTHS[0], "to": MONTHS[-1]}, group_by=",".join(columns))
    keys = [tuple(getattr(row, name) for name in columns) for row in answer.items]
    assert len(set(keys)) == len(keys)
    assert keys == sorted(keys, key=lambda key: [(value is None, str(value)) for value in key])
