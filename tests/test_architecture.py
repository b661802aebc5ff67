"""The shape of the code: floors, circles, sizes, and where transactions end."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40
#: The only places that end a transaction: a request's session, a step of a job, the consumer of events (what it finds
#: and how far it has read are one transaction), the queue of webhooks and its sender, the sweeps of what is overdue,
#: what the limiter counts (also of requests that store nothing), and programs that have no request; and the driver's
#: connection, told so by SQLAlchemy.
MAY_COMMIT = {
    "app/dependencies/sessions.py",
    "app/exchange/sweeping.py",
    "app/jobs/leases.py",
    "app/notifications/consumer.py",
    "app/webhooks/queueing.py",
    "app/webhooks/claims.py",
    "app/webhooks/sender.py",
    "app/core/turns.py",
    "app/core/row_security.py",  # what is read only
    "app/requests/limiter.py",
    "app/requests/sweeping.py",
}
MAY_COMMIT_UNDER = ("app/cli", "app/samples")


def _sources() -> Iterator[tuple[str, str, ast.Module]]:
    for file in sorted((ROOT / "app").rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        yield str(file.relative_to(ROOT)), text, ast.parse(text)


def test_imports_keep_the_floors_and_make_no_circles() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own linter
    assert result.returncode == 0, result.stdout


def test_files_and_functions_are_small() -> None:
    too_long = []
    for name, text, tree in _sources():
        if len(text.splitlines()) > MAX_FILE_LINES:
            too_long.append(name)
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > MAX_FUNCTION_LINES:
                    too_long.append(f"{name}: {node.name} ({lines} lines)")
    assert too_long == []


def test_every_file_says_what_it_holds() -> None:
    silent = [name for name, _, tree in _sources() if not ast.get_docstring(tree)]
    assert silent == []


def test_transactions_end_in_one_place() -> None:
    commits = [
        name
        for name, _, tree in _sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "commit"
    ]
    elsewhere = [name for name in commits if name not in MAY_COMMIT and not name.startswith(MAY_COMMIT_UNDER)]
    assert elsewhere == []


def test_nothing_swallows_every_exception() -> None:
    broad = [
        f"{name}:{node.lineno}"
        for name, _, tree in _sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}))
    ]
    assert broad == []


def test_no_server_believes_proxies_on_its_own() -> None:
    """By itself uvicorn takes the address of the client from whatever the machine itself sends it."""
    servers = [
        {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        for _, _, tree in _sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "uvicorn.Config"
    ]
    assert servers
    assert [server for server in servers if server.get("proxy_headers") != "False"] == []


def test_every_resource_uses_the_router_that_keeps_time_and_repeats() -> None:
    elsewhere = [
        name
        for name, _, tree in _sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "APIRouter"
    ]
    assert elsewhere == ["app/web/pages.py"]  # pages of the documentation: no database
