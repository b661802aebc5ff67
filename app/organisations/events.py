"""What is recorded of organisations and their sites: for themselves, and for the operator who decided."""

from typing import Any

from app.auth.actor import Actor
from app.auth.events import event_by
from app.auth.models import ApiKey
from app.events.record import NewEvent
from app.events.types import EventType
from app.organisations.models import Organisation, OrganisationStatus, SiteId


def enrolled(organisation: Organisation, key: ApiKey) -> list[NewEvent]:
    """Tell that an organisation is on file and has its first key.

    One that applies does so itself; one that is active at once was enrolled by whoever runs the exchange.
    """
    has_applied = organisation.status == OrganisationStatus.PENDING
    kind = EventType.ORGANISATION_APPLIED if has_applied else EventType.ORGANISATION_ENROLLED
    author = organisation.id if has_applied else None
    own = (organisation.id,)
    return [
        NewEvent(kind, "organisation", organisation.id, author, viewers=own),
        NewEvent(EventType.KEY_MADE, "key", key.id, author, viewers=own),
    ]


def organisation_event(actor: Actor, kind: EventType, organisation: Organisation) -> NewEvent:
    """Tell an organisation, and the operator who did it, what became of it."""
    return event_by(actor, kind, ("organisation", organisation.id), [organisation.id, actor.organisation_id])


def site_event(actor: Actor, kind: EventType, site_id: SiteId, **data: Any) -> NewEvent:  # noqa: ANN401 - JSON
    """Tell the owner of a site."""
    return event_by(actor, kind, ("site", site_id), [actor.organisation_id], data)
