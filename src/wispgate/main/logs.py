"""How processes log: structlog on standard error, for people or one JSON object per line.

Every process calls `configure` once. Values under names that hold secrets, and passwords inside
database addresses, are masked last before rendering, whoever logged them.
"""

import logging
import os
import re
import sys
from collections.abc import Mapping

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

MASK = "(hidden)"

# Words of a name (split at underscores and hyphens) whose value is never shown.
_SECRET_WORDS = frozenset({
    "password", "passwd", "secret", "token", "authorization", "cookie", "dsn", "psk", "otp",
    "ki", "opc", "op", "k", "adm", "puk", "pin", "kasme", "ck", "ik",
})  # fmt: skip
_SECRET_PAIRS = (
    "private_key",
    "opening_key",
    "secret_key",
    "api_key",
    "transport_key",
    "key_material",
)
# Libraries whose everyday messages tell an operator nothing.
_TALKATIVE = ("procrastinate.blueprints", "asyncio", "urllib3")

_PASSWORD_IN_ADDRESS = re.compile(r"(\w+://[^\s:/@]*:)[^\s@]+@")


def configure(process: str, *, log_format: str = "console", level: str = "info") -> None:
    """Sets up logging of this process, the standard library's included."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        # What is below the level costs a call and nothing more: each request has such a line.
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=_last_steps(process, log_format)
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for talkative in _TALKATIVE:
        logging.getLogger(talkative).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Masks secrets by the names of their fields, at every depth, and inside texts."""
    return {key: _masked(key, value) for key, value in event.items()}


def is_secret_name(name: str) -> bool:
    """Whether a field of that name may hold a secret."""
    plain = name.lower().replace("-", "_")
    return not _SECRET_WORDS.isdisjoint(plain.split("_")) or any(p in plain for p in _SECRET_PAIRS)


def uses_colour() -> bool:
    """Colours on a terminal, or where the supervisor says that its own output is one."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stderr.isatty()


def _last_steps(process: str, log_format: str) -> list[Processor]:
    """What every record passes, ours or a library's, before it is written."""
    steps: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
    ]
    if log_format == "json":
        return [*steps, _naming(process), redact, structlog.processors.JSONRenderer(default=str)]
    renderer = structlog.dev.ConsoleRenderer(
        colors=uses_colour(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
    )
    return [*steps, redact, renderer]


def _naming(process: str) -> Processor:
    def name(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {"process": process, **event}

    return name


def _masked(key: str, value: object) -> object:
    if is_secret_name(key):
        return MASK
    if isinstance(value, str):
        return _PASSWORD_IN_ADDRESS.sub(rf"\1{MASK}@", value)
    if isinstance(value, Mapping):
        return {name: _masked(str(name), item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked("", item) for item in value]
    return value
