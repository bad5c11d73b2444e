"""JSON that can be read in one way only: no name twice in an object, no number that is none."""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute


def once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the members of a JSON object.

    Raises:
        ValueError: a name stands twice, and readers would differ on which one counts.
    """
    told = dict(pairs)
    if len(told) != len(pairs):
        message = "a name stands twice"
        raise ValueError(message)
    return told


def no_number(text: str) -> str:
    """Refuse NaN and the infinities, which JSON does not have."""
    message = f"{text} is no number"
    raise ValueError(message)


class StrictRequest(Request):
    """A request whose body is refused where readers of JSON would differ on it."""

    async def json(self) -> Any:
        """Return the body.

        Raises:
            JSONDecodeError: it is no JSON, or ambiguous; the framework answers that as invalid.
        """
        body = await self.body()
        try:
            return json.loads(body, object_pairs_hook=once_each, parse_constant=no_number)
        except (ValueError, RecursionError) as error:
            message = "the body is no JSON that can be read in one way only"
            raise json.JSONDecodeError(message, "", 0) from error


class StrictRoute(APIRoute):
    """A route that reads its body as StrictRequest does."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(StrictRequest(request.scope, request.receive))

        return strictly
