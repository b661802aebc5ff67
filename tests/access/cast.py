"""The callers of the matrix, and the marks in what is private to the market's members before the others join."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from uuid import UUID

from sqlalchemy import select, update

from app.api import example_ids
from app.auth.actor import Role
from app.auth.models import ApiKey
from app.core.clock import now
from app.core.database import Database
from app.organisations.models import OrganisationStatus
from app.organisations.service import enrol
from app.tables import metadata
from tests.access.expectations import PRIVATE_IDS, PRIVATE_TEXTS
from tests.api.market import Market
from tests.factories import PEPPER, Member, World

#: Fen that no price of the market has, and how an answer would show them.
_PRICES = {
    ("agreements", "price_fen_per_t"): (471137, "4711.37"),
    ("demands", "max_delivered_fen_per_t"): (471239, "4712.39"),
}
_ASSAY = {"sampled_on": "2026-01-01", "results": [{"parameter": "caso4_2h2o", "value": 90}]}
_TRADERS = (Role.PRODUCER, Role.RECYCLER)


@dataclass(frozen=True)
class Cast:
    """The market of examples, and those who come to it with a wrong key or with nothing of their own there."""

    market: Market
    #: Ids and texts that nobody may read but their owners, their parties, and those who see them by right.
    marks: frozenset[str]
    #: By the kinds that `Row` names.
    strangers: Mapping[str, Member]
    #: Whom the market's caller lets read the market for it, and nothing else.
    delegate: Member
    #: One member of each role alone.
    one_role: Mapping[Role, Member]
    #: Keys of the market's caller, authority and operator, by the owner's id and the one scope that is missing.
    lacking: Mapping[tuple[str, str], str]
    #: By status; one of each owner's roles, by the owner's id.
    not_active: Mapping[str, Mapping[str, str]]
    #: Keys of the market's owners that have ended, by the owner's id.
    revoked: Mapping[str, str]
    expired: Mapping[str, str]
    #: Ids of a lot that has left the market, in place of those of the examples.
    withdrawn: Mapping[str, str]


def make_cast(world: World) -> Cast:
    """Make the market, mark what is private in it, and let the others join."""
    market = Market(world)
    owners = (market.caller, market.authority, market.operator)
    withdrawn = _withdraw_a_lot(market, world)
    marks = frozenset([*_register_a_yard(market, world), *_plant_marks(world.database)])
    strangers = {
        "stranger": world.member(*_TRADERS),
        "inspector": world.government("50"),
        "far": world.government("51"),
        "operator": world.operator(),
    }
    for member in strangers.values():
        world.site(member)
    return Cast(
        market=market,
        marks=marks,
        strangers=strangers,
        delegate=_lend(world, market.caller),
        one_role={role: world.member(role, jurisdiction="50" if role is Role.GOVERNMENT else None) for role in Role},
        lacking={(owner.id, scope): key for owner in owners for scope, key in _lacking(owner)},
        not_active={
            status.value: {owner.id: _enrol_like(world, owner, status) for owner in owners}
            for status in (OrganisationStatus.PENDING, OrganisationStatus.SUSPENDED)
        },
        revoked={owner.id: _revoke(owner) for owner in owners},
        expired={owner.id: _expire(owner, world.database) for owner in owners},
        withdrawn=withdrawn,
    )


def _withdraw_a_lot(market: Market, world: World) -> dict[str, str]:
    lot = world.lot(market.caller, site_id=market.site, assay=_ASSAY)
    market.caller.post(f"/lots/{lot['id']}/withdraw", status=200)
    return {market.ids[example_ids.OWN_LOT]: lot["id"], market.ids[example_ids.OWN_ASSAY]: lot["assay"]["id"]}


def _register_a_yard(market: Market, world: World) -> list[str]:
    """Register a site that no lot has put on the market, with stock; return what must not be seen of it."""
    yard = world.site(market.caller, name="mark of a yard")
    stock = {"site_id": yard["id"], "material": "phosphogypsum", "stock_year": 2023, "stored_t": 7}
    market.caller.post("/opening-stocks", stock)
    return [yard["id"], yard["name"]]


def _plant_marks(database: Database) -> Iterator[str]:
    """Write a text of its own into each private field of each row, and return these with the ids of private rows."""
    numbers = count(1)
    with database.write() as session:
        for name, columns in PRIVATE_TEXTS.items():
            table = metadata.tables[name]
            keys = list(table.primary_key.columns)
            for row in session.execute(select(*keys)).all():
                texts = {column: f"m{next(numbers):05d}@example.com" for column in columns}
                is_row = [key == value for key, value in zip(keys, row, strict=True)]
                session.execute(update(table).where(*is_row).values(texts))
                yield from texts.values()
        for (name, column), (fen, shown) in _PRICES.items():
            session.execute(update(metadata.tables[name]).values({metadata.tables[name].c[column].key: fen}))
            yield shown
        for name in PRIVATE_IDS:
            yield from map(str, session.scalars(select(metadata.tables[name].c.id)))
        session.commit()


def _lend(world: World, principal: Member) -> Member:
    delegate = world.member(*_TRADERS)
    principal.post("/delegations", {"delegate_id": delegate.id, "scopes": ["market:read"]})
    return delegate


def _lacking(owner: Member) -> Iterator[tuple[str, str]]:
    """Return keys of an owner, each without one of its scopes."""
    every = owner.get("/me")["scopes"]
    for missing in every:
        wish = {"name": f"without {missing}", "scopes": [scope for scope in every if scope != missing]}
        yield missing, owner.post("/keys", wish)["key"]


def _enrol_like(world: World, owner: Member, status: OrganisationStatus) -> str:
    """Enrol an organisation of an owner's roles that may not act; return its key."""
    roles = [Role(role) for role in owner.get("/me")["roles"]]
    with world.database.write() as session:
        _, key = enrol(session, roles, PEPPER, name=f"{status} {owner.name}", status=status, jurisdiction="50")
        session.commit()
    return key


def _revoke(owner: Member) -> str:
    made = owner.post("/keys", {"name": "revoked", "scopes": owner.get("/me")["scopes"]})
    assert owner.request("DELETE", f"/keys/{made['id']}").status_code == 204
    key: str = made["key"]
    return key


def _expire(owner: Member, database: Database) -> str:
    made = owner.post("/keys", {"name": "expired", "scopes": owner.get("/me")["scopes"]})
    with database.write() as session:
        late = now() - timedelta(seconds=1)
        session.execute(update(ApiKey).where(ApiKey.id == UUID(made["id"])).values(expires_at=late))
        session.commit()
    key: str = made["key"]
    return key
