"""Bulk import of lots, shipments and declarations, and the templates of their files."""

from enum import StrEnum
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from sqlalchemy.orm import Session

from app.api.problems import problem_responses
from app.api.routing import Router
from app.auth.actor import Actor, Role, Scope
from app.catalogue.keys import MaterialKey
from app.core.errors import Unsupported
from app.dependencies.callers import Allow
from app.dependencies.creating import CreatingSession
from app.dependencies.sessions import ReadSession
from app.imports.kinds import MEDIA_TYPES, Format, ImportKind
from app.imports.limits import MAX_FILE_BYTES
from app.imports.service import hand_in
from app.imports.templates import DEFAULT_MATERIAL, Template, make_template, write_csv, write_xlsx
from app.jobs.queries import describe_job
from app.jobs.schemas import JobBrief

router = Router(tags=["imports"], max_body_size=MAX_FILE_BYTES)
LotsProducer = Annotated[Actor, Depends(Allow(Role.PRODUCER, scope=Scope.LOTS_WRITE))]
ShipmentsProducer = Annotated[Actor, Depends(Allow(Role.PRODUCER, scope=Scope.SHIPMENTS_WRITE))]
Declarer = Annotated[Actor, Depends(Allow(Role.PRODUCER, scope=Scope.LEDGER_WRITE))]
Producer = Annotated[Actor, Depends(Allow(Role.PRODUCER, for_delegates=True))]
DryRun = Annotated[bool, Query(description="Report without landing anything.")]
_XLSX = next(media_type for media_type, form in MEDIA_TYPES.items() if form is Format.XLSX)
_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            media_type: {"schema": {"type": "string"} | ({"format": "binary"} if form is Format.XLSX else {})}
            for media_type, form in MEDIA_TYPES.items()
        },
    }
}
_TEMPLATE: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            _XLSX: {"schema": {"type": "string", "format": "binary"}},
        }
    }
}


class TemplateFormat(StrEnum):
    """What a template can be."""

    CSV = "csv"
    XLSX = "xlsx"


async def _read_format(request: Request) -> Format:
    """Return the format that the Content-Type names; raises Unsupported."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type not in MEDIA_TYPES:
        listed = ", ".join(MEDIA_TYPES)
        raise Unsupported("unsupported_media_type", f"Send the file as one of {listed} (Content-Type).")
    return MEDIA_TYPES[media_type]


async def _read_content(request: Request, _form: Annotated[Format, Depends(_read_format)]) -> bytes:
    return await request.body()


FileFormat = Annotated[Format, Depends(_read_format)]
FileContent = Annotated[bytes, Depends(_read_content)]


@router.post(
    "/lots/import",
    status_code=202,
    summary="Import lots",
    openapi_extra=_FILE,
    responses=problem_responses(409, 415, 422),
)
def import_lots(
    session: CreatingSession,
    actor: LotsProducer,
    form: FileFormat,
    content: FileContent,
    response: Response,
    *,
    dry_run: DryRun = False,
) -> JobBrief:
    """Offer up to 100 000 lots from CSV, XLSX (columns as in the template) or lines of JSON (bodies of POST /lots).

    Good rows land, bad ones are reported by line; the same file sent twice adds nothing.
    """
    return _accept(session, actor, ImportKind.LOTS, form, content, response, dry_run=dry_run)


@router.post(
    "/shipments/import",
    status_code=202,
    summary="Import shipments",
    openapi_extra=_FILE,
    responses=problem_responses(409, 415, 422),
)
def import_shipments(
    session: CreatingSession,
    actor: ShipmentsProducer,
    form: FileFormat,
    content: FileContent,
    response: Response,
    *,
    dry_run: DryRun = False,
) -> JobBrief:
    """Dispatch loads from CSV, XLSX or lines of JSON: bodies of POST …/shipments with their `agreement_id`."""
    return _accept(session, actor, ImportKind.SHIPMENTS, form, content, response, dry_run=dry_run)


@router.post(
    "/declarations/import",
    status_code=202,
    summary="Import declarations",
    openapi_extra=_FILE,
    responses=problem_responses(409, 415, 422),
)
def import_declarations(
    session: CreatingSession,
    actor: Declarer,
    form: FileFormat,
    content: FileContent,
    response: Response,
    *,
    dry_run: DryRun = False,
) -> JobBrief:
    """Declare months from CSV, XLSX or lines of JSON: bodies of POST /declarations."""
    return _accept(session, actor, ImportKind.DECLARATIONS, form, content, response, dry_run=dry_run)


@router.get("/lots/import/template", summary="Get the template of lots", response_class=Response, responses=_TEMPLATE)
def get_lots_template(
    session: ReadSession,
    actor: Producer,
    form: Annotated[TemplateFormat, Query(alias="format")] = TemplateFormat.CSV,
    material: Annotated[MaterialKey, Query(description="Whose parameters have columns.")] = DEFAULT_MATERIAL,
) -> Response:
    """Get a file to fill in: heads, notes and an example; any parameter of the catalogue may be a column."""
    return _answer(make_template(session, actor, ImportKind.LOTS, material), "lots", form)


@router.get(
    "/shipments/import/template",
    summary="Get the template of shipments",
    response_class=Response,
    responses=_TEMPLATE,
)
def get_shipments_template(
    session: ReadSession,
    actor: Producer,
    form: Annotated[TemplateFormat, Query(alias="format")] = TemplateFormat.CSV,
) -> Response:
    """Get a file to fill in: heads, notes and an example."""
    return _answer(make_template(session, actor, ImportKind.SHIPMENTS), "shipments", form)


@router.get(
    "/declarations/import/template",
    summary="Get the template of declarations",
    response_class=Response,
    responses=_TEMPLATE,
)
def get_declarations_template(
    session: ReadSession,
    actor: Producer,
    form: Annotated[TemplateFormat, Query(alias="format")] = TemplateFormat.CSV,
) -> Response:
    """Get a file to fill in: heads, notes and an example."""
    return _answer(make_template(session, actor, ImportKind.DECLARATIONS), "declarations", form)


def _accept(
    session: Session,
    actor: Actor,
    kind: ImportKind,
    form: Format,
    content: bytes,
    response: Response,
    *,
    dry_run: bool,
) -> JobBrief:
    job = hand_in(session, actor, kind, form, content, dry_run=dry_run)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return describe_job(job)


def _answer(template: Template, name: str, form: TemplateFormat) -> Response:
    content, media_type = (
        (write_csv(template), "text/csv") if form is TemplateFormat.CSV else (write_xlsx(template), _XLSX)
    )
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form.value}"'}
    return Response(content, media_type=media_type, headers=headers)
