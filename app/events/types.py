"""Every type of event, and what each one tells."""

from collections.abc import Mapping
from enum import StrEnum


class EventType(StrEnum):
    """What happened."""

    ORGANISATION_APPLIED = "organisation.applied"
    ORGANISATION_ENROLLED = "organisation.enrolled"
    ORGANISATION_APPROVED = "organisation.approved"
    ORGANISATION_SUSPENDED = "organisation.suspended"
    KEY_MADE = "key.made"
    KEY_ROTATED = "key.rotated"
    KEY_REVOKED = "key.revoked"
    DELEGATION_GRANTED = "delegation.granted"
    DELEGATION_REVOKED = "delegation.revoked"
    SITE_REGISTERED = "site.registered"
    SITE_CHANGED = "site.changed"
    STREAM_RECORDED = "site.stream_recorded"
    CAPACITY_RECORDED = "site.capacity_recorded"
    LOT_OPENED = "lot.opened"
    LOT_CHANGED = "lot.changed"
    LOT_WITHDRAWN = "lot.withdrawn"
    ASSAY_ADDED = "assay.added"
    DEMAND_OPENED = "demand.opened"
    DEMAND_CHANGED = "demand.changed"
    DEMAND_WITHDRAWN = "demand.withdrawn"
    SEARCH_SAVED = "saved_search.saved"
    SEARCH_DELETED = "saved_search.deleted"
    MATCH_FOUND = "match.found"
    AGREEMENT_PROPOSED = "agreement.proposed"
    AGREEMENT_ACCEPTED = "agreement.accepted"
    AGREEMENT_DECLINED = "agreement.declined"
    AGREEMENT_WITHDRAWN = "agreement.withdrawn"
    AGREEMENT_CANCELLED = "agreement.cancelled"
    AGREEMENT_COMPLETED = "agreement.completed"
    AGREEMENT_EXPIRED = "agreement.expired"
    SHIPMENT_DISPATCHED = "shipment.dispatched"
    SHIPMENT_RECEIVED = "shipment.received"
    SHIPMENT_VOIDED = "shipment.voided"
    CORRECTION_PROPOSED = "correction.proposed"
    CORRECTION_APPROVED = "correction.approved"
    CORRECTION_REJECTED = "correction.rejected"
    UTILISATION_RECORDED = "utilisation.recorded"
    UTILISATION_REVERSED = "utilisation.reversed"
    OPENING_STOCK_RECORDED = "opening_stock.recorded"
    DECLARATION_RECORDED = "declaration.recorded"
    PERIOD_CLOSED = "period.closed"
    SNAPSHOT_PUBLISHED = "snapshot.published"
    TARGET_SET = "target.set"
    TARGET_VALUE_ENTERED = "target.value_entered"
    PLAN_PUBLISHED = "plan.published"
    WEBHOOK_MADE = "webhook.made"
    WEBHOOK_CHANGED = "webhook.changed"
    WEBHOOK_ROTATED = "webhook.rotated"
    WEBHOOK_DELETED = "webhook.deleted"
    WEBHOOK_PINGED = "webhook.pinged"
    WEBHOOK_REPLAYED = "webhook.replayed"
    WEBHOOK_FAILING = "webhook.failing"
    WEBHOOK_RECOVERED = "webhook.recovered"
    WEBHOOK_DISABLED = "webhook.disabled"
    JOB_QUEUED = "job.queued"
    JOB_DONE = "job.done"
    JOB_FAILED = "job.failed"
    JOB_CANCELLED = "job.cancelled"


#: Who is told stands beside each where it is recorded; the market sees lots and closed months, all else the parties.
MEANINGS: Mapping[EventType, str] = {
    EventType.ORGANISATION_APPLIED: "An organisation applied to join.",
    EventType.ORGANISATION_ENROLLED: "Whoever runs the exchange enrolled an organisation that had not applied.",
    EventType.ORGANISATION_APPROVED: "The operator let an organisation trade.",
    EventType.ORGANISATION_SUSPENDED: "The operator suspended an organisation.",
    EventType.KEY_MADE: "A key was made.",
    EventType.KEY_ROTATED: "A key was given a successor, and ends after a while.",
    EventType.KEY_REVOKED: "A key was revoked.",
    EventType.DELEGATION_GRANTED: "An organisation lets another act for it.",
    EventType.DELEGATION_REVOKED: "A delegation was ended by one of its sides.",
    EventType.SITE_REGISTERED: "A site was registered.",
    EventType.SITE_CHANGED: "Name, district or position of a site changed; `fields` says which.",
    EventType.STREAM_RECORDED: "Facts of a material at a site were put on file.",
    EventType.CAPACITY_RECORDED: "What a site can take for a use was put on file.",
    EventType.LOT_OPENED: "A lot came on the market, or back to it.",
    EventType.LOT_CHANGED: "Terms of a lot changed; `fields` says which.",
    EventType.LOT_WITHDRAWN: "A lot left the market.",
    EventType.ASSAY_ADDED: "A lot has another assay.",
    EventType.DEMAND_OPENED: "A need was stated, or stands again.",
    EventType.DEMAND_CHANGED: "A need changed; `fields` says in what.",
    EventType.DEMAND_WITHDRAWN: "A need left the market.",
    EventType.SEARCH_SAVED: "A search was saved.",
    EventType.SEARCH_DELETED: "A saved search was deleted.",
    EventType.MATCH_FOUND: "A saved search found a lot.",
    EventType.AGREEMENT_PROPOSED: "An agreement was proposed to the other side.",
    EventType.AGREEMENT_ACCEPTED: "The other side accepted a proposal: its tonnes are reserved.",
    EventType.AGREEMENT_DECLINED: "The other side declined a proposal.",
    EventType.AGREEMENT_WITHDRAWN: "A proposal was withdrawn before it was answered.",
    EventType.AGREEMENT_CANCELLED: "A side ended an accepted agreement early.",
    EventType.AGREEMENT_COMPLETED: "A side closed an accepted agreement with nothing in transit.",
    EventType.AGREEMENT_EXPIRED: "The days of an accepted agreement are over.",
    EventType.SHIPMENT_DISPATCHED: "A load left the producer.",
    EventType.SHIPMENT_RECEIVED: "A load was weighed by the recycler; `status` says what became of it.",
    EventType.SHIPMENT_VOIDED: "A dispatch was undone before its receipt.",
    EventType.CORRECTION_PROPOSED: "A side proposed new values of a load.",
    EventType.CORRECTION_APPROVED: "The other side approved new values of a load.",
    EventType.CORRECTION_REJECTED: "The other side rejected new values of a load.",
    EventType.UTILISATION_RECORDED: "A batch of use was recorded.",
    EventType.UTILISATION_REVERSED: "A batch of use was undone.",
    EventType.OPENING_STOCK_RECORDED: "The stock of an earlier year was stated.",
    EventType.DECLARATION_RECORDED: "A month was declared.",
    EventType.PERIOD_CLOSED: "A month was closed: what is posted for it later counts in an open one.",
    EventType.SNAPSHOT_PUBLISHED: "An authority froze figures as a publication.",
    EventType.TARGET_SET: "An authority set a target.",
    EventType.TARGET_VALUE_ENTERED: "An authority entered what an indicator stood at.",
    EventType.PLAN_PUBLISHED: "A plan was published: producers and recyclers see their flows of it as suggestions.",
    EventType.WEBHOOK_MADE: "A webhook was made.",
    EventType.WEBHOOK_CHANGED: "URL, types or state of a webhook changed; `fields` says which.",
    EventType.WEBHOOK_ROTATED: "A webhook was given a new secret.",
    EventType.WEBHOOK_DELETED: "A webhook was deleted.",
    EventType.WEBHOOK_PINGED: "A test delivery was asked for.",
    EventType.WEBHOOK_REPLAYED: "A delivery was asked for again.",
    EventType.WEBHOOK_FAILING: "A webhook has taken nothing for an hour; it is tried all the same.",
    EventType.WEBHOOK_RECOVERED: "A failing webhook takes deliveries again.",
    EventType.WEBHOOK_DISABLED: "The receiver of a webhook answered 410: nothing more is sent.",
    EventType.JOB_QUEUED: "A file was handed in, or a plan asked for; `kind` says what is to be done.",
    EventType.JOB_DONE: "A job ended: all rows of its file were dealt with, or a plan has its answer.",
    EventType.JOB_FAILED: "A job could not be done; the job says why.",
    EventType.JOB_CANCELLED: "A job was cancelled.",
}
