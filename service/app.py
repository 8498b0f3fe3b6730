"""The application: routes, and nothing that a route does beyond calling what does it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from importlib.resources import files
from typing import Any

from fastapi import FastAPI, WebSocket
from fastapi.responses import HTMLResponse
from fastapi_offline import FastAPIOffline

from service.engine import Engine
from service.session import Session
from service.settings import Settings
from service.socket import ClientSocket


def create_app(engine: Engine, settings: Settings) -> FastAPI:
    """Returns the application that serves one model.

    Args:
        engine: the model, ready to run.
        settings: limits of a client.
    """
    ready = False

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        nonlocal ready
        ready = True
        yield
        ready = False

    app = FastAPIOffline(
        title="posewire",
        summary="Poses in, action labels out, as they happen",
        description="The stream itself is a websocket at `/v1/stream`; docs/wire.md describes it.",
        version="1",
        redoc_url=None,
        lifespan=lifespan,
    )
    page = files("service").joinpath("page.html").read_text(encoding="utf-8")

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def index() -> str:
        return page

    @app.get("/healthz", summary="Whether the process answers")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", summary="Whether streams are taken")
    async def readyz() -> dict[str, bool]:
        return {"ready": ready}

    @app.get("/v1/model", summary="The model that answers, and what it runs on")
    async def model() -> dict[str, Any]:
        return {"spec": asdict(engine.spec), "providers": engine.providers}

    @app.websocket("/v1/stream")
    async def stream(websocket: WebSocket) -> None:
        await websocket.accept()
        await Session(ClientSocket(websocket, settings), engine, settings).run()

    return app
