"""The administration: models are listed, loaded, made the default and unloaded over HTTP."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel, Field

from service.http_access import WITHOUT, admins_only
from service.models import ModelError
from service.settings import PREFIX
from service.shared import Shared


class ModelFile(BaseModel):
    """An artifact to load."""

    path: str = Field(description="an .onnx file, below the directory of models", max_length=1024)
    default: bool = Field(False, description="whether sessions to come get it")


class ModelName(BaseModel):
    """A model that is loaded."""

    name: str = Field(description="name@version", max_length=256)


NO_JSON: dict[int | str, dict[str, Any]] = {400: {"description": "The body is no JSON"}}


def admin_routes(shared: Shared) -> APIRouter:
    """Returns the routes below `/v1/models`."""
    routes = APIRouter(
        prefix="/v1/models",
        dependencies=[Depends(admins_only(shared.access))],
        responses=WITHOUT,
    )

    @routes.get("", summary="The models that are loaded")
    async def listed() -> list[dict[str, Any]]:
        return [asdict(model) for model in shared.models.listed()]

    @routes.post(
        "",
        status_code=201,
        summary="Load an artifact",
        responses={**NO_JSON, 409: {"description": "It cannot be loaded"}},
    )
    async def load(file: ModelFile) -> ModelName:
        path = _below(shared.settings.models, file.path)
        try:
            name = await shared.models.load(path)
            if file.default:
                await shared.models.swap(name)
        except ModelError as error:
            raise HTTPException(409, str(error)) from None
        return ModelName(name=name)

    @routes.put(
        "/default",
        summary="Make a model the default of sessions to come",
        responses={**NO_JSON, 404: {"description": "No such model"}},
    )
    async def make_default(model: ModelName) -> ModelName:
        try:
            await shared.models.swap(model.name)
        except ModelError as error:
            raise HTTPException(404, str(error)) from None
        return model

    @routes.delete(
        "/{name}",
        status_code=202,
        summary="Unload a model once its last session has left",
        responses={
            404: {"description": "No such model"},
            409: {"description": "It is the default"},
        },
    )
    async def unload(name: str) -> ModelName:
        known = {model.name: model.default for model in shared.models.listed()}
        try:
            await shared.models.unload(name)
        except ModelError as error:
            raise HTTPException(409 if known.get(name) else 404, str(error)) from None
        return ModelName(name=name)

    return routes


def _below(directory: Path | None, given: str) -> Path:
    """Returns the file of this path, which no link and no `..` leads out of the directory."""
    if directory is None:
        raise HTTPException(403, f"no models are loaded here: {PREFIX}MODELS names no directory")
    root = directory.resolve()
    try:
        path = (root / given).resolve()
        found = path.is_relative_to(root) and path.is_file()
    except (OSError, ValueError):
        raise HTTPException(409, f"this is no path: {given[:80]!r}") from None
    if not found:
        raise HTTPException(409, f"there is no file {given[:80]!r} below the directory of models")
    return path
