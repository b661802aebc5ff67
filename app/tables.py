"""Every table of the exchange in one metadata: for migrations, for tests, and so that foreign keys resolve."""

from app.anomalies import models as anomalies
from app.auth import models as auth
from app.core.database import Base
from app.delegations import models as delegations
from app.demands import models as demands
from app.events import models as events
from app.exchange import models as exchange
from app.imports import models as imports
from app.jobs import models as jobs
from app.ledger import models as ledger
from app.lots import models as lots
from app.matching import models as matching
from app.organisations import models as organisations
from app.requests import models as requests
from app.statistics import models as statistics
from app.targets import models as targets
from app.webhooks import models as webhooks

metadata = Base.metadata

__all__ = [
    "anomalies",
    "auth",
    "delegations",
    "demands",
    "events",
    "exchange",
    "imports",
    "jobs",
    "ledger",
    "lots",
    "matching",
    "metadata",
    "organisations",
    "requests",
    "statistics",
    "targets",
    "webhooks",
]
