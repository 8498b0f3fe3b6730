"""The application: routes, and nothing that a route does beyond calling what does it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline

from service.admin import admin_routes
from service.engine import Engine
from service.metrics import CONTENT_TYPE
from service.page_routes import page_routes
from service.page_runtime import DEFAULT_RUNTIME
from service.pose_model import DEFAULT_POSE_MODEL
from service.pose_pool import MakeWorker
from service.recording_routes import recording_routes
from service.session import Session
from service.settings import Settings
from service.shared import Shared
from service.taught_routes import taught_routes

PAGE = Path(__file__).with_name("page")
"""The demo page, as clients/web is built."""

BODY_BYTES = 16 << 10
"""The largest body of a request, where its route takes no other."""


def create_app(
    engine: Engine, settings: Settings, make_worker: MakeWorker | None = None
) -> FastAPI:
    """Returns the application that serves one model, and those that are loaded later.

    What its sessions share is its `state.shared`.

    Args:
        engine: the first model, ready to run.
        settings: limits of a client.
        make_worker: makes what looks at pictures; None is MediaPipe, where it can be used.

    Raises:
        ValueError: a file or an address in the settings cannot be used; the message is one
            sentence.
    """
    shared = Shared.of(engine, settings, make_worker)
    started = False

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        nonlocal started
        started = True
        try:
            yield
        finally:
            started = False
            await shared.close()

    app = FastAPIOffline(
        title="posewire",
        summary="Poses in, action labels out, as they happen",
        description="The stream itself is a websocket at `/v1/stream`; docs/wire.md describes it.",
        version="1",
        redoc_url=None,
        lifespan=lifespan,
        max_body_size=BODY_BYTES,
    )
    app.state.shared = shared
    for routes in (admin_routes, recording_routes, taught_routes):
        app.include_router(routes(shared))
    pose_model = settings.pose_model or DEFAULT_POSE_MODEL
    app.include_router(page_routes(PAGE, DEFAULT_RUNTIME, pose_model))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        # What came is not repeated: it need not be text that can be sent.
        found = [{name: each[name] for name in ("loc", "msg", "type")} for each in error.errors()]
        return JSONResponse({"detail": found}, 422)

    @app.get("/healthz", summary="Whether the process answers")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get(
        "/readyz",
        summary="Whether streams are taken, and what is missing of what was asked for",
        responses={503: {"description": "It has not started, or is stopping"}},
    )
    async def readyz(response: Response) -> dict[str, Any]:
        ready = started and shared.admission.open
        response.status_code = 200 if ready else 503
        return {"ready": ready, "degraded": shared.degraded}

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(shared.metrics_page(), media_type=CONTENT_TYPE)

    @app.get(
        "/v1/model", summary="The model that answers, its providers, and whether it takes images"
    )
    async def model() -> dict[str, Any]:
        default = shared.models.default
        refused = shared.images_refused(default.spec)
        return {
            "spec": asdict(default.spec),
            "providers": default.providers,
            "images": {"taken": refused is None, "reason": refused},
        }

    @app.websocket("/v1/stream")
    async def stream(websocket: WebSocket) -> None:
        await websocket.accept()
        await Session(websocket, shared).run()

    return app
