"""Log lines with structure: readable text for people, one JSON object a line for machines. Standard ``logging`` throughout.

A record's own words beside its message are given as ``extra={"told": {...}}``.
"""

from __future__ import annotations

import logging
import sys
import time
from contextvars import ContextVar
from typing import Any, TextIO

import msgspec

REQUEST: ContextVar[str] = ContextVar("request", default="")
"""Id of the request that is being answered, if any: every line logged meanwhile carries it."""
_QUIET = ("uvicorn.access", "httpx", "httpcore", "aiosmtplib", "sqlglot", "numba")
_encoder = msgspec.json.Encoder(enc_hook=str, order=None)


def set_up(form: str, level: str, stream: TextIO | None = None) -> None:
    """Every logger of the process writes to ``stream`` (standard error) in ``form`` (text, json, auto), ``level`` and worse."""
    out = sys.stderr if stream is None else stream
    chosen = ("text" if out.isatty() else "json") if form == "auto" else form
    handler = logging.StreamHandler(out)
    handler.setFormatter(Text() if chosen == "text" else Json())
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").setLevel(max(logging.WARNING, root.level))


def words(record: logging.LogRecord) -> dict[str, Any]:
    """Return what a record says beside its message."""
    told = getattr(record, "told", None)
    found: dict[str, Any] = dict(told) if isinstance(told, dict) else {}
    if request := REQUEST.get():
        found.setdefault("request_id", request)
    return found


class Json(logging.Formatter):
    """One JSON object a line: at, level, logger, message, request_id when there is one, error, and the record's own words."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": _stamp(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **words(record),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return _encoder.encode(line).decode(errors="replace")


class Text(logging.Formatter):
    """``12:03:44.120 info  coterie.engine  message  key=value``."""

    def format(self, record: logging.LogRecord) -> str:
        told = "".join(f"  {key}={value}" for key, value in words(record).items())
        at = _stamp(record.created)[11:23]
        line = f"{at} {record.levelname.lower():<7} {record.name}  {record.getMessage()}{told}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _stamp(seconds: float) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1_000):03d}Z"
