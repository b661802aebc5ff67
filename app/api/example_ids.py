"""Ids that stand for the objects of a small market in the examples; tests put real ones in their place."""


def _id(number: int) -> str:
    return f"01990000-0000-7000-8000-{number:012d}"


ORGANISATION, KEY = _id(1), _id(2)
#: The secret of `KEY`.
SECRET = "the-text-of-the-key"  # noqa: S105 - stands for one
OWN_SITE, OWN_LOT, OWN_ASSAY, OWN_DEMAND = _id(11), _id(12), _id(13), _id(14)
OTHER_LOT, OTHER_DEMAND, OTHER_SITE = _id(22), _id(24), _id(21)
PROPOSAL, OWN_PROPOSAL, AGREEMENT = _id(31), _id(32), _id(33)
OUTGOING_LOAD, INCOMING_LOAD = _id(41), _id(42)
CORRECTION = _id(43)
UTILISATION, DECLARATION, OPENING_STOCK = _id(51), _id(52), _id(53)
SAVED_SEARCH = _id(61)
JOB = _id(62)
DELEGATION = _id(63)
WEBHOOK, WEBHOOK_DELIVERY = _id(64), _id(65)
WAITING_PLAN, DONE_PLAN, PUBLISHED_PLAN = _id(66), _id(67), _id(68)
TARGET, TARGET_VALUE = _id(71), _id(72)
