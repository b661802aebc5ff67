"""The lines of docs/webhooks.md that receivers copy, and a message for them."""

import re
from pathlib import Path
from uuid import UUID

from app.core.clock import now
from app.core.database import new_id
from app.webhooks.signing import secret_of, sign_headers

PAGE = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"
BODY = '{"type":"lot.opened","data":{"name":"磷石膏"}}'
PEPPER = b"pepper"


def lines(language: str) -> str:
    """Return the one block of the page that is of a language."""
    (block,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return str(block)


def signed(webhook_id: UUID) -> tuple[str, dict[str, str]]:
    """Return the secret of before, and headers with two signatures of BODY."""
    secrets = [secret_of(webhook_id, generation, PEPPER) for generation in (2, 1)]
    return secrets[1], sign_headers(new_id(), BODY.encode(), secrets, now())
