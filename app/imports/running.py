"""The job of an import: has the file read in a process of its own, lands it chunk by chunk, keeps count."""

from itertools import count
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from app.auth.actor import Actor, OrganisationId
from app.core.bulk import insert_few
from app.core.clock import zone_name
from app.core.errors import Forbidden
from app.delegations.acting import act_for
from app.events.record import name_delegate
from app.imports.frames import Begin, Chunk, Failure, Refused, Request
from app.imports.kinds import SCOPES, ImportKind
from app.imports.landing import Outcome, land_rows
from app.imports.layouts import layout_of
from app.imports.readers import Reader
from app.jobs.leases import Lease
from app.jobs.models import MAX_REASON, Job, JobInput, JobRefusal, JobStatus
from app.jobs.service import end_job
from app.organisations.callers import recall_actor
from app.organisations.models import Site

#: A chunk that met a deadlock, or a twin of itself, is tried again as a whole.
_MAX_TRIES = 3


def run_import(reader: Reader, lease: Lease) -> None:
    """Do an import from where it stands: rows dealt with before the last runner ended are passed over.

    Raises LeaseLost when it is cancelled, Stopping when the runner must end.
    """
    try:
        _read_and_land(reader, lease)
    except Forbidden as reason:
        lease.fail(reason.code, reason.detail)


def _read_and_land(reader: Reader, lease: Lease) -> None:
    """Do it; raises Forbidden as soon as who handed the file in may not land it any more."""
    with lease.step() as (session, job):
        _recall(session, job)
        request, content = _describe_file(session, job)
    for answer in reader.read(request, content, lease.extend):
        match answer:
            case Begin():
                with lease.step() as (_, job):
                    job.total = answer.total
            case Chunk():
                lease.check_stop()
                _land_chunk(lease, answer)
            case Failure():
                lease.check_stop()  # a reader that is ended with its runner says nothing about the file
                lease.fail(answer.code, answer.detail)
                return
    with lease.step() as (session, job):
        end_job(session, job, JobStatus.DONE)


def _describe_file(session: Session, job: Job) -> tuple[Request, bytes]:
    """Return what the reading process is to know, and the file."""
    sites: list[tuple[UUID, str]] = []
    if layout_of(ImportKind(job.kind)).with_sites:
        query = select(Site.id, Site.name).where(Site.organisation_id == job.organisation_id)
        sites = [(row.id, row.name) for row in session.execute(query)]
    content = session.scalars(select(JobInput.content).where(JobInput.job_id == job.id)).one()
    return Request(job.kind, job.format, zone_name(), sites), content


def _recall(session: Session, job: Job) -> Actor:
    """Return who handed a file in, as things stand now; what a transaction lands is then recorded as theirs.

    As with keys, a delegation that merely ended still stands for what was handed in under it; a revoked one does not.
    """
    actor = recall_actor(session, job.key_id)
    if job.delegate_id is not None:
        actor = act_for(session, actor, OrganisationId(job.organisation_id), job.created_at)
    scope = SCOPES[job.kind]
    if scope not in actor.scopes:
        raise Forbidden("scope_required", f"Whoever handed this in lacks the scope {scope} now.")
    name_delegate(session, actor.delegate_id)
    return actor


def _land_chunk(lease: Lease, chunk: Chunk) -> None:
    for tries in count(1):
        try:
            with lease.step() as (session, job):
                if chunk.end > job.done:
                    _land_rest(session, job, _recall(session, job), chunk)
        except (OperationalError, IntegrityError):
            if tries == _MAX_TRIES:
                raise
        else:
            return


def _land_rest(session: Session, job: Job, actor: Actor, chunk: Chunk) -> None:
    """Land what of a chunk has not been dealt with, and count it."""
    rows = [row for row in chunk.rows if row.number >= job.done]
    refused = [fault for fault in chunk.refused if fault.number >= job.done]
    outcome = land_rows(session, actor, ImportKind(job.kind), rows, dry_run=job.dry_run)
    _count(job, outcome, refused + outcome.refused, chunk.end)
    _record_refusals(session, job, refused + outcome.refused)


def _count(job: Job, outcome: Outcome, refused: list[Refused], end: int) -> None:
    job.landed += outcome.landed
    job.already_there += outcome.already_there
    job.refused += len({fault.number for fault in refused})
    job.done = end


def _record_refusals(session: Session, job: Job, refused: list[Refused]) -> None:
    positions: dict[int, int] = {}
    rows = []
    for fault in refused:
        positions[fault.line] = positions.get(fault.line, -1) + 1
        rows.append(
            {
                "job_id": job.id,
                "line": fault.line,
                "position": positions[fault.line],
                "pointer": fault.pointer[:400],
                "column": fault.column,
                "code": fault.code[:80],
                "reason": fault.reason.replace("\x00", "")[:MAX_REASON],
            }
        )
    if rows:
        insert_few(session, JobRefusal, rows)
