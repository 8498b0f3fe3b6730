"""Logs: one line an event on stderr, as text or JSON, of this service and of its libraries.

Tracebacks show no variables: these may hold what a client sent.
"""

import logging
import sys
from typing import cast

import structlog
from structlog.stdlib import BoundLogger
from structlog.typing import Processor

from service.settings import Settings


def logger(name: str) -> BoundLogger:
    """Returns a logger whose events carry fields, over the standard library's of this name."""
    wrapped = structlog.wrap_logger(
        logging.getLogger(name),
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.render_to_log_kwargs],
        wrapper_class=BoundLogger,
    )
    return cast(BoundLogger, wrapped)


def configure(settings: Settings) -> None:
    """Sends all logs of the process to stderr, in the format and from the level that are set."""
    rendering: list[Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if settings.log_format == "json"
        else [
            structlog.dev.ConsoleRenderer(
                colors=False, exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    # What they say below a warning is of no use to whoever runs this service.
    for library in ("uvicorn", "asyncio", "websockets", "PIL"):
        logging.getLogger(library).setLevel(logging.WARNING)
