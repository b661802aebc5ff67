"""Reference data, public: materials, parameters, grades, uses, treatments, districts."""

from collections.abc import Iterable, Mapping
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Query, Request, Response
from pydantic import Field
from starlette.exceptions import HTTPException

from app.api.problems import problem_responses
from app.api.routing import Router
from app.catalogue.keys import Kind, MaterialKey, UseKey, near_hint
from app.catalogue.reference import Reference, reference
from app.catalogue.schemas import District, Entry, Grade, Material, Parameter, Treatment, Use
from app.core.errors import NotFound
from app.core.paging import MAX_LIMIT, Slice
from app.core.schema import Day, PageOf
from app.dependencies.lists import ListQuery

router = Router(tags=["reference data"], responses=problem_responses(422))
One = TypeVar("One", bound=Entry)


def current_reference(
    response: Response, if_none_match: Annotated[str | None, Header(alias="If-None-Match", max_length=200)] = None
) -> Reference:
    """Return the catalogue; its digest is the ETag of all reference data, so an unchanged copy costs a 304."""
    etag = f'"{reference().digest[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "public, max-age=300"}
    if if_none_match is not None and etag in if_none_match:
        raise HTTPException(304, headers=headers)
    response.headers.update(headers)
    return reference()


Catalogue = Annotated[Reference, Depends(current_reference)]


class ReferenceQuery(ListQuery):
    """Paging of reference data: a page holds all entries unless fewer are asked for."""

    limit: int = Field(MAX_LIMIT, ge=1, le=MAX_LIMIT, description="Entries a page.")


class GradesQuery(ReferenceQuery):
    """Filters of the list of grades."""

    material: MaterialKey | None = Field(None, description="Grades of this material.")
    use: UseKey | None = Field(None, description="Grades that apply to this use.")
    on: Day | None = Field(None, description="Only editions in force on this day.")


def _page(entries: Iterable[One], query: ListQuery, request: Request) -> Slice[One]:
    page = query.page(request)
    ordered = sorted(entries, key=lambda entry: str(getattr(entry, "key", "")))
    if page.after is not None:
        ordered = [entry for entry in ordered if str(getattr(entry, "key", "")) > page.after[0]]
    return page.cut(ordered[: page.limit + 1], lambda entry: (getattr(entry, "key", ""),))


def _one(entries: Mapping[str, One], key: str, what: Kind) -> One:
    if key not in entries:
        raise NotFound(what, hint=f" For {key!r}: {near_hint(what, key)}")
    return entries[key]


@router.get("/materials", response_model=PageOf[Material], summary="List materials")
async def get_materials(
    query: Annotated[ReferenceQuery, Query()], catalogue: Catalogue, request: Request
) -> Slice[Material]:
    """List the materials of the exchange with typical composition, routes and figures."""
    return _page(catalogue.materials.values(), query, request)


@router.get("/materials/{key}", summary="Read one material", responses=problem_responses(404))
async def get_material(key: str, catalogue: Catalogue) -> Material:
    """Read one material."""
    return _one(catalogue.materials, key, "material")


@router.get("/parameters", response_model=PageOf[Parameter], summary="List assay parameters")
async def get_parameters(
    query: Annotated[ReferenceQuery, Query()], catalogue: Catalogue, request: Request
) -> Slice[Parameter]:
    """List the assay parameters with canonical unit and basis."""
    return _page(catalogue.parameters.values(), query, request)


@router.get("/parameters/{key}", summary="Read one assay parameter", responses=problem_responses(404))
async def get_parameter(key: str, catalogue: Catalogue) -> Parameter:
    """Read one assay parameter."""
    return _one(catalogue.parameters, key, "parameter")


@router.get("/grades", response_model=PageOf[Grade], summary="List grades")
async def get_grades(query: Annotated[GradesQuery, Query()], catalogue: Catalogue, request: Request) -> Slice[Grade]:
    """List grade editions with their limits, each with source and status (confirmed or draft)."""
    return _page(catalogue.grades_for(query.material, query.use, query.on), query, request)


@router.get("/grades/{key}", summary="Read one grade", responses=problem_responses(404))
async def get_grade(key: str, catalogue: Catalogue) -> Grade:
    """Read one grade edition."""
    return _one(catalogue.grades, key, "grade")


@router.get("/uses", response_model=PageOf[Use], summary="List uses")
async def get_uses(query: Annotated[ReferenceQuery, Query()], catalogue: Catalogue, request: Request) -> Slice[Use]:
    """List the uses with the materials they take and what the law closes."""
    return _page(catalogue.uses.values(), query, request)


@router.get("/treatments", response_model=PageOf[Treatment], summary="List treatments")
async def get_treatments(
    query: Annotated[ReferenceQuery, Query()], catalogue: Catalogue, request: Request
) -> Slice[Treatment]:
    """List pre-treatments and what each is claimed to change."""
    return _page(catalogue.treatments.values(), query, request)


@router.get("/districts", response_model=PageOf[District], summary="List districts")
async def get_districts(
    query: Annotated[ReferenceQuery, Query()], catalogue: Catalogue, request: Request
) -> Slice[District]:
    """List districts with their validity; abolished ones name their successor."""
    return _page(catalogue.districts.values(), query, request)
