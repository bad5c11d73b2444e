"""A bound on the size of a request, refused as a problem like everything else."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_TOO_LARGE = 413


class BodyLimit:
    """Stops reading a body that is too large, whatever length it announced.

    The framework's own limit answers in plain text, which the published interface does not.
    """

    def __init__(self, app: ASGIApp, bytes_max: int) -> None:
        self._app = app
        self._bytes_max = bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; the route that reads too much of it gets the refusal."""
        taken = 0

        async def receive_within_limit() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._bytes_max:
                raise HTTPException(CONTENT_TOO_LARGE)
            return message

        await self._app(scope, receive_within_limit, send)
