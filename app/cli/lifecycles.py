"""`swx lifecycles`: the life cycles of the exchange's objects as Markdown, written from the tables that it runs on."""

import typer

from app.core.lifecycles import Lifecycle
from app.demands.lifecycle import DEMAND
from app.exchange.lifecycle import AGREEMENT, CORRECTION, SHIPMENT, UTILISATION
from app.lots.lifecycle import LOT

LIFECYCLES = (LOT, DEMAND, AGREEMENT, SHIPMENT, CORRECTION, UTILISATION)
_HEAD = """# Life cycles

Written by `make lifecycles` from the tables that the exchange runs on: what is not listed here is answered with 409
`invalid_state`, whose `allowed` lists what the caller can do instead; what is listed for somebody else, with 403.
由程序所用的状态表生成：表中未列出的操作返回 409，`allowed` 列出当前可用的操作。
"""


def print_lifecycles() -> None:
    """Print the life cycles of lots, demands, agreements, shipments, corrections and utilisations as Markdown."""
    typer.echo(write_lifecycles(), nl=False)


def write_lifecycles() -> str:
    """Return docs/lifecycles.md."""
    return "\n".join([_HEAD, *(_write_lifecycle(lifecycle) for lifecycle in LIFECYCLES)])


def _write_lifecycle(lifecycle: Lifecycle) -> str:
    lines = [
        f"## {lifecycle.name.capitalize()} {lifecycle.name_zh}",
        "",
        f"Begins as `{lifecycle.begins}`; ends as {_list(_last_states(lifecycle))}.",
        "",
        "| state | action | who | becomes | remark |",
        "|---|---|---|---|---|",
    ]
    for (state, action), step in lifecycle.steps.items():
        becomes = "see remark" if step.to is None else f"`{step.to}`"
        lines.append(f"| `{state}` | {action} | {step.who} | {becomes} | {step.rule} |")
    return "\n".join([*lines, ""])


def _last_states(lifecycle: Lifecycle) -> list[str]:
    left = {state for (state, _), step in lifecycle.steps.items() if step.to not in {None, state}}
    return [state for state in lifecycle.states if state not in left]


def _list(states: list[str]) -> str:
    return ", ".join(f"`{state}`" for state in states)
