"""Log lines: one past-tense dotted event with bound fields, to stderr, as text or as JSON.

The standard library's loggers (uvicorn, alembic, sqlalchemy) leave through the same door, as the event
`library.reported`. Tracebacks are plain: the pretty ones print local variables, and those hold secrets.
Our own lines do not pass through the standard library: it costs five times what the line does.
What never happens here: an error for whoever writes a line. A stderr that broke takes the log, not the work.
"""

import logging
import sys
import threading
import time
from contextlib import suppress
from typing import Final, Literal, TextIO, cast

import msgspec
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

Log = FilteringBoundLogger

QUIET_LIBRARIES: Final = ("uvicorn", "uvicorn.error", "alembic", "sqlalchemy", "asyncio", "httpx", "httpcore")


def set_up_logging(form: Literal["text", "json"] | None, *, least: int = logging.INFO) -> None:
    """Sends the log lines of this process to stderr, from the level `least` on.

    None: text on a terminal, else JSON.
    """
    rendering = _text() if form == "text" or (form is None and sys.stderr.isatty()) else _json()
    stamping: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
    ]
    sink = _Sink(sys.stderr)
    structlog.configure(
        processors=[*stamping, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", sink)),
        cache_logger_on_first_use=False,
    )
    _install(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_as_event, structlog.stdlib.add_logger_name, *stamping],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        ),
        sink,
        least,
    )


def get_log(room: str) -> Log:
    """The log of one room of the house, as it is set up now; its name is bound as `logger`."""
    log: Log = structlog.get_logger().bind(logger=f"backroom.{room}")
    return log


class Seldom:
    """Lets one line a second through for each kind, and counts what it held back. Threads may share it."""

    def __init__(self, seconds: float = 1.0) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._last: dict[str, float] = {}
        self._held: dict[str, int] = {}

    def pass_on(self, kind: str) -> int | None:
        """The number held back since the last line of this kind, or None: hold this one back too."""
        now = time.monotonic()
        with self._lock:
            if now - self._last.get(kind, -self._seconds) < self._seconds:
                self._held[kind] = self._held.get(kind, 0) + 1
                return None
            self._last[kind] = now
            return self._held.pop(kind, 0)


class _Sink:
    """Where lines go. What the stream can not take (a pipe nobody reads, a full disk) is dropped."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


def _text() -> list[Processor]:
    return [
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), pad_event_to=30, exception_formatter=structlog.dev.plain_traceback
        )
    ]


def _json() -> list[Processor]:
    return [structlog.processors.format_exc_info, _as_json]


def _as_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    first = {name: event.pop(name, None) for name in ("timestamp", "level", "event")}
    return msgspec.json.encode({**first, **event}, enc_hook=str).decode()


def _as_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    suppressed = {"suppressed": held} if (held := getattr(event["_record"], "suppressed", 0)) else {}
    return {**event, "event": "library.reported", "message": event["event"], **suppressed}


class _HoldBack(logging.Filter):
    """Lets a warning of the web server through once a second: anybody can provoke one per bad request."""

    def __init__(self, seldom: Seldom) -> None:
        super().__init__()
        self._seldom = seldom

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith("uvicorn") or record.levelno > logging.WARNING:
            return True
        # By the text before its arguments are put in: those are the sender's, and there is no end of them.
        held = self._seldom.pass_on(str(record.msg))
        record.suppressed = held
        return held is not None


def _install(formatter: logging.Formatter, sink: _Sink, least: int) -> None:
    handler = logging.StreamHandler(sink)
    handler.setFormatter(formatter)
    handler.addFilter(_HoldBack(Seldom()))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(least)
    for name in QUIET_LIBRARIES:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(logging.WARNING)
    logging.captureWarnings(True)
