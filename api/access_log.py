"""Request ids, and one JSON line per request that holds no personal data."""

import re
import sys
import time
import uuid
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import FilteringBoundLogger

HEADER: Final = "X-Request-Id"
UNANSWERED: Final = 500

# An id that has the shape of a mobile, an old or a new identity number is not taken over.
_TAKEN_OVER: Final = re.compile(
    r"(?!(?:\d{11}|\d{15}|\d{17}[\dXx])\Z)[A-Za-z0-9._-]{1,64}", re.ASCII
)


def open_log() -> FilteringBoundLogger:
    """Return a logger that writes JSON lines to standard error."""
    logger: FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
    )
    return logger


def request_id(scope: Scope) -> str:
    """Return the id that the request came with or was given."""
    found: str = scope["state"]["request_id"]
    return found


class AccessLog:
    """Gives every request an id, answers with it and logs method, route, status and time.

    The route's template is logged, never the address itself: addresses and queries name persons.
    """

    def __init__(self, app: ASGIApp, log: FilteringBoundLogger) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        name = given if _TAKEN_OVER.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = name
        status, begun = UNANSWERED, time.perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = name
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            self._log.info(
                "request",
                request_id=name,
                method=scope["method"],
                route=getattr(scope.get("route"), "path", None),
                status=status,
                duration_ms=round((time.perf_counter() - begun) * 1000),
            )
