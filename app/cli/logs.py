"""Log lines of the service: plain for people, JSON for machines; uvicorn's in the same form as our own.

Of a failure they say its kind and where it happened, and not its message nor what was in hand there: messages hold the
values that something was refused for, and bodies, names and keys are among them.
"""

import logging
import sys
import traceback
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import structlog

_ROOT = Path(__file__).resolve().parents[2]
#: Of one error; the outermost are the framework's.
_LAST_FRAMES = 30


class LogFormat(StrEnum):
    """How a log line is written."""

    PLAIN = "plain"
    JSON = "json"


def set_up_logs(form: LogFormat, level: int = logging.INFO) -> None:
    """Send all log lines to standard error in one form."""
    common: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    finish: list[structlog.typing.Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        _describe_failure,
    ]
    if form is LogFormat.JSON:
        finish.append(structlog.processors.JSONRenderer(ensure_ascii=False))
    else:
        finish += [_write_below, structlog.dev.ConsoleRenderer(colors=False)]
    structlog.configure(
        processors=[*common, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )
    line = structlog.stdlib.ProcessorFormatter(foreign_pre_chain=common, processors=finish)
    handler = logging.StreamHandler()
    handler.setFormatter(line)
    logging.basicConfig(handlers=[handler], level=level, force=True)
    # Its lines name the places that a router is asked about.
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    # What a request failed with is told already, as `request_failed` with the request's id.
    logging.getLogger("uvicorn.error").addFilter(lambda record: not (record.exc_info and "ASGI" in record.getMessage()))


def _describe_failure(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Put the kinds and places of an error and of its causes in place of the error."""
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["exception"] = list(_trace(error))
    return event


def _trace(error: BaseException) -> Iterator[str]:
    """Yield lines of what failed: the error, where it went, and then the same of what it came of."""
    seen: set[int] = set()
    while id(error) not in seen:
        seen.add(id(error))
        code = getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", None) or ""
        yield f"{type(error).__module__}.{type(error).__qualname__} {code}".rstrip()
        for frame in traceback.extract_tb(error.__traceback__)[-_LAST_FRAMES:]:
            yield f"  {frame.filename.removeprefix(f'{_ROOT}/')}:{frame.lineno} {frame.name}"
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is None:
            return
        error = cause


def _write_below(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Have the lines of a failure stand below the log line, for people."""
    if "exception" in event:
        event["exception"] = "\n".join(event["exception"])
    return event
