"""One lot held against what somebody wants of it: also where the law closes the use, which no search lists."""

from sqlalchemy.orm import Session

from app.catalogue.reference import reference
from app.core.clock import today
from app.core.documents import Document
from app.core.errors import invalid
from app.lots.documents import describe_lots, select_lots
from app.lots.models import Lot
from app.matching.conventions import Conventions
from app.matching.filters import read_spec
from app.matching.schemas import Wishes
from app.matching.specification import make_specification
from app.matching.terms import facts_of, make_terms
from app.matching.verdict import judge


def judge_lot(session: Session, lot: Lot, wishes: Wishes, conventions: Conventions) -> Document:
    """Return the verdict of a lot as `LotMatch` has it; distances and costs are null.

    Raises Invalid `material_not_accepted` where the grade or use is not for the lot's material at all.
    """
    specification = make_specification(
        map(read_spec, wishes.spec),
        grade_key=wishes.grade,
        use_key=wishes.use,
        on=today(),
        assays_since=conventions.assays_since,
    )
    if specification.materials is not None and lot.material not in specification.materials:
        pointer = "use" if wishes.use is not None else "grade"
        raise invalid(pointer, "material_not_accepted", f"is not for {lot.material}")
    component = None if wishes.use is None else reference().uses[wishes.use].active_component
    terms = make_terms(lot, judge(specification, facts_of(lot)), None, component, conventions)
    row = session.execute(select_lots().where(Lot.id == lot.id)).one()
    return {"lot": describe_lots(session, [row], today())[0], **terms}
