"""The caller of a request: organisation, roles, scopes and jurisdiction."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

KeyId = NewType("KeyId", UUID)
OrganisationId = NewType("OrganisationId", UUID)


class Role(StrEnum):
    """What an organisation is on the exchange."""

    PRODUCER = "producer"
    RECYCLER = "recycler"
    GOVERNMENT = "government"
    OPERATOR = "operator"


class Scope(StrEnum):
    """What a key may do on behalf of its organisation."""

    MARKET_READ = "market:read"
    LOTS_WRITE = "lots:write"
    DEMANDS_WRITE = "demands:write"
    AGREEMENTS_WRITE = "agreements:write"
    SHIPMENTS_WRITE = "shipments:write"
    LEDGER_WRITE = "ledger:write"
    STATISTICS_READ = "statistics:read"
    KEYS_WRITE = "keys:write"
    WEBHOOKS_WRITE = "webhooks:write"


@dataclass(frozen=True)
class Actor:
    """The authenticated caller; `jurisdiction` is a district key or its leading digits, None = whole country."""

    key_id: KeyId
    organisation_id: OrganisationId
    name: str
    roles: frozenset[Role]
    scopes: frozenset[Scope]
    expires_at: datetime | None
    status: str
    jurisdiction: str | None = None

    def has_role(self, *roles: Role) -> bool:
        """Tell whether the caller has any of `roles`."""
        return not self.roles.isdisjoint(roles)
