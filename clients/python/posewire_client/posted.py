"""A whole recording is labelled in one request, `POST /v1/actions`, without a stream.

Every frame gets the label that a stream with `drop: never` would give it. What a recording holds
is for the server to judge.
"""

import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Unpack

import msgspec

from posewire_client.codec import Codec, People
from posewire_client.errors import RecordingError, RefusedError, UnreachableError
from posewire_client.link import check_address, http_address, is_this_machine
from posewire_client.messages import PROTOCOL_VERSION, Hello, HelloFields, PersonAction

TIMEOUT_S = 600.0
"""A recording of an hour is labelled in a few minutes."""

CONTENT_TYPES = {
    ".jsonl": "application/jsonl",
    ".ndjson": "application/x-ndjson",
    ".json": "application/json",
    ".msgpack": "application/msgpack",
    ".npz": "application/x-npz",
}
"""A file's suffix → what the server is told that it is."""


class LabelledFrame(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of one frame."""

    t_ms: float
    people: tuple[PersonAction, ...]


class LabelledSegment(msgspec.Struct, frozen=True, kw_only=True):
    """An action of one person from its first frame to its last, with the mean of its score."""

    person: int
    label: str
    from_ms: float
    to_ms: float
    score: float


class LabelledRecording(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a whole recording.

    Attributes:
        model: Name and version of what answered.
        labels: All that it can say.
        frames: One for each of the recording's, in order.
        segments: In the order in which they ended.
    """

    model: str
    labels: tuple[str, ...]
    frames: tuple[LabelledFrame, ...]
    segments: tuple[LabelledSegment, ...]


def label_recording(
    path: str | os.PathLike[str],
    url: str,
    *,
    token: str | None = None,
    timeout_s: float = TIMEOUT_S,
) -> LabelledRecording:
    """Label a whole recording of a file, and wait until that is done.

    Args:
        path: JSON Lines (`.jsonl`), JSON, MessagePack or npz, as `docs/wire.md` says of
            `POST /v1/actions`; its suffix says which.
        url: Of the server's stream, such as `ws://127.0.0.1:8000/v1/stream`.
        token: Admits the client where the server asks for one.
        timeout_s: How long the server may be silent.

    Raises:
        AddressError: `url` is not the address of a websocket.
        RecordingError: The file cannot be read, or its suffix is not known.
        RefusedError: The server will not label it, and says why.
        UnreachableError: Nobody answers there, or not in time.
    """
    place = Path(path)
    content_type = CONTENT_TYPES.get(place.suffix.lower())
    if content_type is None:
        raise RecordingError(
            f"a recording's name ends in {', '.join(CONTENT_TYPES)}; got {place.name}"
        )
    return _post(_read(place), content_type, url, token, timeout_s)


def label_frames(
    frames: Iterable[tuple[float, People]],
    url: str,
    *,
    timeout_s: float = TIMEOUT_S,
    **hello: Unpack[HelloFields],
) -> LabelledRecording:
    """Label frames as one recording, and wait until that is done.

    Args:
        frames: The time in milliseconds and the people of each, as `Client.send_pose` takes them.
        url: Of the server's stream.
        timeout_s: How long the server may be silent.
        hello: What the poses are.

    Raises:
        AddressError: `url` is not the address of a websocket.
        RefusedError: The server will not label them, and says why.
        UnreachableError: Nobody answers there, or not in time.
        TypeError: Keypoints hold something other than numbers.
    """
    codec = Codec("json", columns=4 if hello["coordinates"] == "metres" else 3)
    token = hello.pop("token", None)
    lines = [codec.encode(Hello(version=PROTOCOL_VERSION, **hello))]
    lines += [codec.encode_pose(t_ms, people) for t_ms, people in frames]
    body = "\n".join(str(line) for line in lines).encode()
    return _post(body, CONTENT_TYPES[".jsonl"], url, token, timeout_s)


def _post(
    body: bytes, content_type: str, url: str, token: str | None, timeout_s: float
) -> LabelledRecording:
    check_address(url)
    headers = {"Content-Type": content_type}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(http_address(url, "/v1/actions"), body, headers)
    try:
        return msgspec.json.decode(_answer(request, url, timeout_s), type=LabelledRecording)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError(f"the server's answer cannot be read: {error}") from error


def _read(place: Path) -> bytes:
    try:
        return place.read_bytes()
    except FileNotFoundError as error:
        raise RecordingError(f"there is no recording {place}") from error
    except OSError as error:
        raise RecordingError(f"cannot read the recording {place}: {error.strerror}") from error


def _answer(request: urllib.request.Request, url: str, timeout_s: float) -> bytes:
    proxies = [urllib.request.ProxyHandler({})] if is_this_machine(url) else []
    opener = urllib.request.build_opener(*proxies)
    try:
        with opener.open(request, timeout=timeout_s) as answer:
            body: bytes = answer.read()
            return body
    except urllib.error.HTTPError as error:
        with error:
            said = _detail(error.read())
        raise RefusedError(
            f"the recording was refused: {said or error.reason} (HTTP {error.code})"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise UnreachableError(
            f"no posewire server answers at {request.full_url}: {reason}"
        ) from error


def _detail(body: bytes) -> str | None:
    """Give the sentence of an answer that says no, where it holds one."""
    try:
        answer: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    detail = answer.get("detail") if isinstance(answer, dict) else None
    return detail if isinstance(detail, str) else None
