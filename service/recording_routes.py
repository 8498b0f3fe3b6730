"""A whole recording over HTTP: posted at once, labelled as streaming it would label it."""

import asyncio
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Header, HTTPException, Request, Response

from model.pose.artifact_session import Outputs
from model.pose.stream import Keypoints
from service.batcher import Batcher
from service.http_access import WITHOUT, streamers_only
from service.http_body import BUSY, LARGEST_BYTES, TOO_SLOW, whole_body
from service.protocol import Refusal
from service.recording_body import (
    CONTRADICTORY,
    FORMATS,
    BadRecording,
    PostedRecording,
    read_recording,
)
from service.shared import Shared
from service.taught_store import TaughtError
from service.tracing import Trace
from service.whole_recording import LabelledRecording, label_recording

DONE = 200
FAILED = 500


def recording_routes(shared: Shared) -> APIRouter:
    """Returns the route `/v1/actions`."""
    routes = APIRouter(responses=WITHOUT)
    settings = shared.settings
    whose = streamers_only(shared.access)

    @routes.post(
        "/v1/actions",
        summary="Label a whole recording: every frame, and its segments",
        response_class=Response,
        max_body_size=LARGEST_BYTES,
        responses={
            200: {"content": {"application/json": {}}, "description": "Frames and segments"},
            400: {"description": "Not of its type"},
            TOO_SLOW: {"description": "Not whole within `idle_s`"},
            413: {"description": "Too large"},
            415: {"description": "Of no known type"},
            422: {"description": "Read, and wrong: the sentence says where"},
            BUSY: {"description": "Full, or stopping"},
        },
        openapi_extra={"requestBody": {"content": {kind: {} for kind in FORMATS}}},
    )
    async def actions(
        request: Request,
        holder: Annotated[str, Depends(whose)],
        content_type: Annotated[str, Header()] = "",
    ) -> Response:
        try:
            async with shared.admission.request_place(holder):
                body = await whole_body(request, settings.recording_bytes, settings.idle_s)
                labelled = await _labelled(shared, request, body, content_type)
        except Refusal as refusal:
            raise HTTPException(BUSY, str(refusal), {"Retry-After": "1"}) from None
        except BadRecording as error:
            raise HTTPException(error.status, str(error)) from None
        encoded = await asyncio.to_thread(msgspec.json.encode, labelled)
        return Response(encoded, media_type="application/json")

    return routes


async def _labelled(
    shared: Shared, request: Request, body: bytes, content_type: str
) -> LabelledRecording:
    settings = shared.settings
    posted = await asyncio.to_thread(read_recording, body, content_type, settings.recording_bytes)
    async with shared.models.acquire() as model:
        trace = shared.tracing.recording(model.name, model.providers[0], posted.hello.layout)
        status, frames = FAILED, 0
        try:
            labelled = await _label(shared, request, posted, model, trace)
            status, frames = DONE, len(labelled.frames)
            return labelled
        except BadRecording as error:
            status = error.status
            raise
        except asyncio.CancelledError:
            # Nothing else ends it from outside: the server stops.
            status = BUSY
            raise
        finally:
            trace.ended(status, received=1, sent=frames, dropped=0)


async def _label(
    shared: Shared, request: Request, posted: PostedRecording, model: Batcher, trace: Trace
) -> LabelledRecording:
    try:
        teaching = await shared.teaching(posted.hello.taught, model.spec)
    except TaughtError as error:
        raise BadRecording(str(error), CONTRADICTORY) from None

    async def run(clips: Keypoints) -> Outputs:
        """Runs a few windows beside those of streams, for as long as somebody waits."""
        if await request.is_disconnected():
            raise BadRecording("the client went before its recording was labelled")
        asked_s = asyncio.get_running_loop().time()
        answered = await model.run(lambda: clips)
        trace.ran(asked_s, answered)
        return answered.outputs

    return await label_recording(posted, model.spec, run, shared.settings, teaching)
