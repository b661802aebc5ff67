"""The pages of the API's documentation, Swagger UI and Redoc, served without anything from outside."""

from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

router = APIRouter(include_in_schema=False)

# Browsers then load nothing from elsewhere, whatever a library tries: Redoc asks for its maker's logo.
# Both libraries write their styles into the page; Redoc runs its search in a worker made from a blob.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

_SWAGGER_UI = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Solid-waste exchange: API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/libraries/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/static/libraries/swagger-ui-bundle.js"></script>
<script src="/static/start_swagger_ui.js"></script>
</body>
</html>
"""

_REDOC = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Solid-waste exchange: API reference</title>
<link rel="icon" href="data:,">
<style>body { margin: 0 }</style>
</head>
<body>
<redoc spec-url="/openapi.json"></redoc>
<script src="/static/libraries/redoc.standalone.js"></script>
</body>
</html>
"""


@router.get("/docs")
async def show_swagger_ui() -> HTMLResponse:
    """Answer with the page on which requests can be tried."""
    return HTMLResponse(_SWAGGER_UI, headers={"Content-Security-Policy": _POLICY})


@router.get("/redoc")
async def show_redoc() -> HTMLResponse:
    """Answer with the page for reading and printing."""
    return HTMLResponse(_REDOC, headers={"Content-Security-Policy": _POLICY})


def mount_static(app: FastAPI) -> None:
    """Serve our own static files, and those of Swagger UI and Redoc from the package that ships them."""
    app.mount("/static/libraries", StaticFiles(packages=[("fastapi_offline", "static")]), name="libraries")
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
