"""What judges the addresses that callers name."""

from typing import Annotated

from fastapi import Depends, Request

from app.core.guarded_connections import Guard


async def _guard(request: Request) -> Guard:
    guard: Guard = request.app.state.guard
    return guard


CurrentGuard = Annotated[Guard, Depends(_guard)]
