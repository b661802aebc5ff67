"""The token endpoint: client credentials of OAuth2 (RFC 6749) become a short-lived token of a key."""

from http import HTTPStatus
from typing import Any

from fastapi import Request, Response

from app.api.problems import answer, problem_responses
from app.api.routing import Router
from app.auth.grants import GrantRefused, narrow, read_grant
from app.auth.schemas import TokenMade
from app.auth.tokens import sign_token, write_scopes
from app.core.errors import Unauthenticated
from app.dependencies.callers import look_up
from app.dependencies.limits import limit_key
from app.dependencies.settings import Pepper

router = Router(prefix="/oauth2", tags=["keys"])
FORM_TYPE = "application/x-www-form-urlencoded"
_TEXT = {"type": "string"}
_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            FORM_TYPE: {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": {"const": "client_credentials", "type": "string"},
                        "client_id": _TEXT | {"description": "The id of a key; or send both by HTTP Basic."},
                        "client_secret": _TEXT | {"description": "The key itself.", "format": "password"},
                        "scope": _TEXT | {"description": "Some of the key's scopes, separated by spaces; else all."},
                    },
                }
            }
        },
    }
}


@router.post(
    "/token",
    response_model=TokenMade,
    summary="Get a short-lived token",
    openapi_extra=_FORM,
    responses=problem_responses(400, 401, 429),
)
async def post_token(request: Request, pepper: Pepper, response: Response) -> Any:  # noqa: ANN401 - or a refusal
    """Get a token that may do what its key may, or less, for 15 minutes; it ends with the key.

    Credentials come in the form or by HTTP Basic. Refusals carry `error` and `error_description` of RFC 6749 beside
    what every problem has.
    """
    authorization = request.headers.get("authorization")
    try:
        _check_form(request)
        grant = read_grant(await request.body(), authorization)
        actor = await look_up(request, grant.key_text, pepper)
        await limit_key(request, str(actor.key_id))
        scopes = narrow(actor, grant.scopes)
    except (GrantRefused, Unauthenticated) as refusal:
        return _refuse(refusal, authorization)
    token, lifetime = sign_token(actor, scopes, pepper)
    response.headers["Cache-Control"], response.headers["Pragma"] = "no-store", "no-cache"
    return TokenMade(access_token=token, expires_in=int(lifetime.total_seconds()), scope=write_scopes(scopes))


def _check_form(request: Request) -> None:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM_TYPE:
        raise GrantRefused("invalid_request", f"Send a form (Content-Type: {FORM_TYPE}).")


def _refuse(refusal: GrantRefused | Unauthenticated, authorization: str | None) -> Response:
    error = refusal.error if isinstance(refusal, GrantRefused) else "invalid_client"
    status = HTTPStatus.UNAUTHORIZED if error == "invalid_client" else HTTPStatus.BAD_REQUEST
    response = answer(status, error, str(refusal), error=error, error_description=str(refusal))
    response.headers["Cache-Control"] = "no-store"
    if status == HTTPStatus.UNAUTHORIZED and authorization is not None:
        response.headers["WWW-Authenticate"] = "Basic"  # the RFC: the scheme that the client used
    return response
