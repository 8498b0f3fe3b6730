"""Named sets of taught actions over HTTP: listed, exported, imported and deleted."""

import asyncio
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, HTTPException, Request, Response

from service.batcher import Batcher
from service.http_access import WITHOUT, streamers_only
from service.http_body import BUSY, LARGEST_BYTES, TOO_LARGE, TOO_SLOW, whole_body
from service.protocol import Refusal
from service.shared import Shared
from service.taught import model_of
from service.taught_file import exported, imported
from service.taught_store import TaughtError
from service.teaching import Teaching

FILE_BYTES = 96 << 20
"""Of an imported set: a hundred actions with twenty examples each of 256 features take 70 MB."""

MEDIA_TYPE = "application/msgpack"

_CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"description": "It is of another model, or cannot be read or written"}
}
_NONE: dict[int | str, dict[str, Any]] = {404: {"description": "No such set"}}


def taught_routes(shared: Shared) -> APIRouter:
    """Returns the routes below `/v1/taught`, for whom may stream."""
    whose = streamers_only(shared.access)
    routes = APIRouter(prefix="/v1/taught", dependencies=[Depends(whose)], responses=WITHOUT)
    store = shared.taught

    @routes.get("", summary="The sets of the model that answers", responses=_CONFLICT)
    async def listed() -> list[str]:
        try:
            return await store.names(model_of(shared.models.default.spec))
        except TaughtError as error:
            raise HTTPException(409, str(error)) from None

    @routes.get(
        "/{name}",
        summary="Export a set as one file",
        response_class=Response,
        responses={
            200: {"content": {MEDIA_TYPE: {}}, "description": "The file"},
            **_CONFLICT,
            **_NONE,
        },
    )
    async def export(name: str) -> Response:
        model = model_of(shared.models.default.spec)
        try:
            actions = await store.load(name, model)
        except TaughtError as error:
            raise HTTPException(409, str(error)) from None
        if not actions:
            raise HTTPException(404, f"there is no set {name:.60}")
        content = await asyncio.to_thread(exported, actions, model)
        return Response(content, media_type=MEDIA_TYPE)

    @routes.put(
        "/{name}",
        summary="Import a file as a set, in place of what the set was",
        max_body_size=LARGEST_BYTES,
        responses={
            **_CONFLICT,
            TOO_SLOW: {"description": "Not whole within `idle_s`"},
            TOO_LARGE: {"description": "Too large"},
            422: {"description": "No file of a set that this model can know"},
            BUSY: {"description": "Full, or stopping"},
        },
        openapi_extra={"requestBody": {"content": {MEDIA_TYPE: {}}}},
    )
    async def import_(
        name: str, request: Request, holder: Annotated[str, Depends(whose)]
    ) -> list[str]:
        try:
            async with shared.admission.request_place(holder):
                content = await whole_body(request, FILE_BYTES, shared.settings.idle_s)
                return await _replaced(name, content)
        except Refusal as refusal:
            raise HTTPException(BUSY, str(refusal), {"Retry-After": "1"}) from None

    async def _replaced(name: str, content: bytes) -> list[str]:
        async with shared.models.acquire() as model:
            try:
                actions = await asyncio.to_thread(imported, content, model_of(model.spec))
                teaching = Teaching(model.spec, shared.settings.taught_actions)
                teaching.check(actions, await _width(model))
            except (TaughtError, Refusal) as error:
                raise HTTPException(422, str(error)) from None
            try:
                await store.replace(name, model_of(model.spec), actions)
            except TaughtError as error:
                raise HTTPException(409, str(error)) from None
        return list(actions)

    @routes.delete("/{name}", status_code=204, summary="Delete a set", responses=_NONE | _CONFLICT)
    async def delete(name: str) -> None:
        try:
            found = await store.delete(name)
        except TaughtError as error:
            raise HTTPException(409, str(error)) from None
        if not found:
            raise HTTPException(404, f"there is no set {name:.60}")

    return routes


async def _width(model: Batcher) -> int:
    """Returns how many numbers a feature of the model has, which an artifact does not declare."""
    spec = model.spec
    clip = np.zeros((1, 3, spec.frames, len(spec.joints), spec.persons), np.float32)
    return int((await model.run(lambda: clip)).outputs.features.shape[-1])
