"""Makes members of plants that were read from a file: fly-ash producers, or recyclers that need fly ash."""

import re
from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.auth.actor import Actor, KeyId, Role
from app.core.clock import month_of
from app.core.database import new_id
from app.core.quantities import KILOGRAM, ZERO, half_up
from app.demands.schemas import DemandPost
from app.demands.service import post_demand
from app.ledger.declarations import declare_first
from app.ledger.schemas import DeclarationPost
from app.lots.schemas import LotPost
from app.lots.service import post_lot
from app.organisations.models import Organisation, OrganisationStatus
from app.organisations.schemas import SitePost
from app.organisations.service import register_site, scopes_of
from app.samples.plant_files import FileKind, Plant

#: Plants a transaction: few enough that others can write in between, many enough that commits cost nothing.
PLANTS_A_TRANSACTION = 250
_MATERIAL, _USE = "fly_ash", "cement_mixing_material"
_MONTHS = 12
_YEAR = timedelta(days=365)
#: Number of an advisory lock; any that nothing else takes.
_IMPORT_LOCK = 7_349_001


def load_plants(session: Session, kind: FileKind, plants: Sequence[Plant], today: date) -> int:
    """Add the plants that are not members yet and return their number; the source's id in a name tells.

    The name of an organisation ends in the data set and the number there, so the same file sent twice adds nothing.
    """
    if session.get_bind().dialect.name == "postgresql":
        # Two imports at once would each not see what the other adds; SQLite has one writer anyway.
        session.execute(select(func.pg_advisory_xact_lock(_IMPORT_LOCK)))
    known = _known_ids(session, kind)
    fresh = [plant for plant in plants if plant.source_id not in known]
    declarations = []
    for plant, actor in zip(fresh, _enrol(session, kind, fresh), strict=True):
        if kind.is_supply:
            declarations += [(actor, wish) for wish in _supply(session, actor, plant, today)]
        else:
            _need(session, actor, plant, today)
    declare_first(session, declarations)
    return len(fresh)


def _enrol(session: Session, kind: FileKind, plants: Sequence[Plant]) -> list[Actor]:
    """Store active organisations, all at once, and return each as a caller; nobody is there to be given a key."""
    role = Role.PRODUCER if kind.is_supply else Role.RECYCLER
    organisations = [
        Organisation(
            name=f"{plant.name} {_mark(kind, plant.source_id)}", roles=[role.value], status=OrganisationStatus.ACTIVE
        )
        for plant in plants
    ]
    session.add_all(organisations)
    session.flush()
    return [
        Actor(
            key_id=KeyId(new_id()),
            organisation_id=organisation.id,
            name=organisation.name,
            roles=frozenset({role}),
            scopes=frozenset(scopes_of([role])),
            expires_at=None,
            status=organisation.status,
        )
        for organisation in organisations
    ]


def _mark(kind: FileKind, source_id: str) -> str:
    return f"({kind.data_set} {source_id})"


def _known_ids(session: Session, kind: FileKind) -> set[str]:
    names = session.scalars(
        select(Organisation.name).where(
            Organisation.name.like(f"%{_mark(kind, '%')}"), Organisation.status != OrganisationStatus.PENDING
        )
    )
    mark = re.compile(re.escape(f"({kind.data_set} ") + r"([0-9]+)\)$")
    return {found[1] for name in names if (found := mark.search(name))}


def _site(plant: Plant) -> SitePost:
    return SitePost(name=plant.name, latitude=plant.latitude, longitude=plant.longitude)


def _supply(session: Session, actor: Actor, plant: Plant, today: date) -> list[DeclarationPost]:
    """Offer a year's ash and return the declarations of this year's past months."""
    site = register_site(session, actor, _site(plant))
    offer = LotPost(
        site_id=site.id,
        material=_MATERIAL,
        quantity_t=plant.yearly_t,
        available_from=today,
        available_to=today + _YEAR,
        price_cny_per_t=ZERO,
    )
    post_lot(session, actor, offer)
    monthly_t = half_up(plant.yearly_t / _MONTHS, KILOGRAM)
    months = [month_of(date(today.year, number, 1)) for number in range(1, today.month)]
    return [
        DeclarationPost(site_id=site.id, material=_MATERIAL, month=month, generated_t=monthly_t) for month in months
    ]


def _need(session: Session, actor: Actor, plant: Plant, today: date) -> None:
    site = register_site(session, actor, _site(plant))
    wish = DemandPost(
        site_id=site.id,
        use=_USE,
        materials=[_MATERIAL],
        quantity_t=plant.yearly_t,
        needed_from=today,
        needed_to=today + _YEAR,
    )
    post_demand(session, actor, wish)
