"""Handing in of a file: it becomes a job, which a runner takes up once the request is committed."""

from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.core.errors import invalid
from app.imports.kinds import Format, ImportKind
from app.jobs.models import Job
from app.jobs.service import submit_job


def hand_in(session: Session, actor: Actor, kind: ImportKind, form: Format, content: bytes, *, dry_run: bool) -> Job:
    """Store a file as a job; raises Invalid for an empty one, Conflict for too many unfinished jobs."""
    if not content.strip():
        raise invalid("", "empty_file", "the file is empty; the template shows what one looks like")
    job = Job(
        kind=kind,
        organisation_id=actor.organisation_id,
        key_id=actor.key_id,
        delegate_id=actor.delegate_id,
        format=form,
        dry_run=dry_run,
    )
    return submit_job(session, job, content)
