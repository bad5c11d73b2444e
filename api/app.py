"""The HTTP application: wiring only."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Final

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from api import errors
from api.access_log import AccessLog, open_log
from api.body_limit import BodyLimit
from api.rate_limit import RateLimit
from api.routes import cases, console, crossregion, ledger, national, rest, settlements
from api.schemas.problem import Problem
from api.security_headers import SecurityHeaders
from api.settings import Settings
from api.warm_up import warm_up

STATIC: Final = Path(__file__).parent / "console" / "static"
DESCRIPTION: Final = (
    "医保结算：精确、可解释、可重演。金额以元（文本）传入，以分（整数，`*_fen`）返回。\n\n"
    "Exact, explained and replayable settlement of health-insurance claims. Amounts go in as yuan "
    "(text) and come out as integers in fen (`*_fen`)."
)

TAGS: Final = [
    {"name": "settlements", "description": "结算"},
    {"name": "nights", "description": "夜间结算"},
    {"name": "national", "description": "国家医保信息平台接口 | the national interface"},
    {"name": "cross-region", "description": "异地就医：供其他统筹区经办机构 | for other regions"},
    {"name": "cases", "description": "稽核与追回：供稽核人员 | for investigators"},
    {"name": "service", "description": "服务"},
]


class Application(FastAPI):
    """FastAPI whose failures, too, carry the headers and the request id."""

    def openapi(self) -> dict[str, Any]:
        """Return the description, with the one schema that all refusals share."""
        described = super().openapi()
        schemas = described["components"]["schemas"]
        schemas.setdefault(Problem.__name__, Problem.model_json_schema())
        return described

    def build_middleware_stack(self) -> ASGIApp:
        """Return the stack with our layers outermost.

        Middleware that is added the usual way lies inside the layer that answers an unexpected
        error, so those answers would go out bare.
        """
        stack = SecurityHeaders(super().build_middleware_stack(), static="/static/")
        return AccessLog(stack, self.state.log)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    warm_up(app)
    yield
    for database in (app.state.ledger, app.state.sandbox):
        if database is not None:
            database.close()


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application; without settings it reads them from the environment."""
    app = Application(
        title="医保结算 jiesuan",
        version="1",
        description=DESCRIPTION,
        openapi_tags=TAGS,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.settings = Settings() if settings is None else settings
    app.state.log = open_log()
    app.state.ledger, app.state.sandbox, app.state.opening = None, None, Lock()
    app.state.group = None
    told = app.state.settings
    app.state.limit = RateLimit(told.rate_per_second, told.rate_burst, time.monotonic)
    app.add_middleware(BodyLimit, bytes_max=app.state.settings.body_bytes_max)
    errors.install(app)
    app.include_router(rest.router)
    app.include_router(ledger.router)
    app.include_router(settlements.router)
    app.include_router(cases.router)
    app.include_router(national.router)
    app.include_router(crossregion.router)
    app.include_router(console.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app
