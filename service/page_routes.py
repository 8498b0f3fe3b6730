"""The demo page: the files that clients/web is built into, the pose runtime, and the pose model.

Everything is of this service's own origin, and the page is told to speak to no other.
"""

from os import PathLike
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import FileResponse
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

HEADERS = {
    # The pose runtime is WebAssembly, and reports to its maker where it is not kept from it.
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; "
    "img-src 'self' blob: data:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # A browser asks each time, and is told that nothing has changed.
    "Cache-Control": "no-cache",
}


class _Files(StaticFiles):
    """Files of a directory, which need not be there yet, with the page's headers."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory=directory, check_dir=False)

    def file_response(self, full_path: str | PathLike[str], *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(full_path, *args, **kwargs)
        response.headers.update(HEADERS)
        return response

    async def check_config(self) -> None:
        """Where the directory is missing its files are not found, and nothing else fails."""


def page_routes(page: Path, runtime: Path, pose_model: Path) -> APIRouter:
    """Returns the routes of the page.

    Args:
        page: directory of the built page.
        runtime: directory of the pose runtime's files.
        pose_model: the `.task` file.
    """
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    async def index() -> FileResponse:
        return FileResponse(page / "index.html", headers=HEADERS)

    @routes.get("/assets/pose.task")
    def task() -> Response:
        if not pose_model.is_file():
            return Response("there is no pose model: make serve puts it there", 404)
        return FileResponse(pose_model, headers=HEADERS, media_type="application/octet-stream")

    routes.routes.append(Mount("/assets/vision", _Files(runtime)))
    routes.routes.append(Mount("/assets", _Files(page / "assets")))
    return routes
