"""The body of a posted recording: JSON, MessagePack, JSON Lines or npz become a hello and poses.

JSON and MessagePack hold one object, the fields of a `hello` and `frames`, a list of what a `pose`
holds. JSON Lines are a recording as `posewire-stream` plays it. An npz holds `keypoints`
(T, V, 3 or 4) or (T, M, V, 3 or 4), `times_ms` (T,) or `rate_hz`, and the fields of a hello.

Frames are decoded one by one, as they are asked for: all at once they would take fifty times the
memory of the body, and for as long as that takes no stream would be answered.
"""

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from service.protocol import VERSION, Coordinates, Hello, Options, PersonPose, Pose, Up

FORMATS: Mapping[str, str] = {
    "application/json": "json",
    "application/msgpack": "msgpack",
    "application/x-msgpack": "msgpack",
    "application/vnd.msgpack": "msgpack",
    "application/jsonl": "jsonl",
    "application/x-ndjson": "jsonl",
    "application/x-npz": "npz",
}
"""Content type → form of the body."""

UNPACKED_FACTOR = 4
"""An npz may be so many times as large unpacked as a body may be."""

MOST_DECLARED = 2
"""Values that a field of an npz's hello has."""

_DECLARED = frozenset({"layout", "coordinates", "size", "up", "taught", "version"})

FRAME_BYTES = 1 << 20
"""The most of one frame, as of one message of a stream: it is decoded in one go."""

ONE_HELLO = "a recording is one hello and then poses, a line each"

BAD = 400
TOO_LARGE = 413
UNKNOWN_TYPE = 415
CONTRADICTORY = 422


class BadRecording(ValueError):
    """A body that cannot be labelled; the message is one sentence.

    Attributes:
        status: the HTTP status that says so.
    """

    def __init__(self, message: str, status: int = BAD) -> None:
        super().__init__(message)
        self.status = status


class PostedRecording(NamedTuple):
    """What was posted.

    Attributes:
        hello: what was declared.
        poses: the frames in order, once; raises `BadRecording` at one that is none.
    """

    hello: Hello
    poses: Iterator[Pose]


class _Frame(msgspec.Struct, frozen=True):
    t_ms: float
    people: list[PersonPose]


class _Beginning(msgspec.Struct, frozen=True, gc=False):
    """What every frame has; the rest is passed over."""

    t_ms: float


class _Beginnings(msgspec.Struct, frozen=True):
    """Read before `_Body`: what is no frame is found before memory is taken for as many of it."""

    frames: list[_Beginning] = []


class _Body(msgspec.Struct, frozen=True):
    """A whole recording as one object."""

    layout: str
    coordinates: Coordinates
    frames: list[msgspec.Raw]
    version: int = VERSION
    size: tuple[float, float] | None = None
    up: Up = "y"
    taught: str | None = None
    options: Options = Options(drop="never")


_FRAMES: Mapping[str, Callable[[msgspec.Raw], _Frame]] = {
    "json": msgspec.json.Decoder(_Frame).decode,
    "msgpack": msgspec.msgpack.Decoder(_Frame).decode,
}
_line = msgspec.json.Decoder(Hello | Pose)


def read_recording(body: bytes, content_type: str, most_bytes: int) -> PostedRecording:
    """Reads the body of a request.

    Args:
        body: as it came.
        content_type: of the request; parameters after a semicolon are passed over.
        most_bytes: that a body may have.

    Raises:
        BadRecording: it is too large, of no known type, or not what its type says.
    """
    kind = content_type.split(";")[0].strip().lower()
    if kind not in FORMATS:
        came = repr(kind) if kind else "none"
        raise BadRecording(
            f"a recording is of the type {', '.join(FORMATS)}; got {came:.60}", UNKNOWN_TYPE
        )
    if len(body) > most_bytes:
        raise BadRecording(
            f"a recording is at most {most_bytes} bytes, this one has {len(body)}", TOO_LARGE
        )
    try:
        match FORMATS[kind]:
            case "json":
                msgspec.json.decode(body, type=_Beginnings)
                return _of_body(msgspec.json.decode(body, type=_Body), "json")
            case "msgpack":
                msgspec.msgpack.decode(body, type=_Beginnings)
                return _of_body(msgspec.msgpack.decode(body, type=_Body), "msgpack")
            case "jsonl":
                return _of_lines(body)
            case _:
                return _of_npz(body, UNPACKED_FACTOR * most_bytes)
    except msgspec.ValidationError as error:
        raise BadRecording(f"not a recording: {error!s:.300}", CONTRADICTORY) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadRecording(f"not {FORMATS[kind]}: {error!s:.300}") from None


def _of_body(body: _Body, form: str) -> PostedRecording:
    return PostedRecording(_hello(body), _frames(body.frames, form))


def _hello(body: _Body) -> Hello:
    return Hello(
        body.version,
        body.layout,
        body.coordinates,
        body.size,
        body.up,
        taught=body.taught,
        options=body.options,
    )


def _frames(frames: Iterable[msgspec.Raw], form: str) -> Iterator[Pose]:
    for number, raw in enumerate(frames):
        _check_size(f"frame {number}", memoryview(raw).nbytes)
        try:
            frame = _FRAMES[form](raw)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise BadRecording(f"frame {number}: {error!s:.300}", CONTRADICTORY) from None
        yield Pose(frame.t_ms, frame.people)


def _of_lines(body: bytes) -> PostedRecording:
    lines = ((number, line) for number, line in enumerate(body.splitlines(), 1) if line.strip())
    messages = (_message(number, line) for number, line in lines)
    hello = next(messages, None)
    if not isinstance(hello, Hello):
        raise BadRecording(ONE_HELLO, CONTRADICTORY)
    return PostedRecording(hello, _poses(messages))


def _message(number: int, line: bytes) -> Hello | Pose:
    _check_size(f"line {number}", len(line))
    try:
        message: Hello | Pose = _line.decode(line)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadRecording(f"line {number}: {error!s:.300}", CONTRADICTORY) from None
    return message


def _poses(messages: Iterable[Hello | Pose]) -> Iterator[Pose]:
    for message in messages:
        if isinstance(message, Hello):
            raise BadRecording(ONE_HELLO, CONTRADICTORY)
        yield message


def _check_size(which: str, size: int) -> None:
    if size > FRAME_BYTES:
        raise BadRecording(
            f"{which}: it has {size} bytes, {FRAME_BYTES} are the most", CONTRADICTORY
        )


def _of_npz(body: bytes, most_bytes: int) -> PostedRecording:
    arrays = _arrays(body, most_bytes)
    keypoints = _numbers(arrays, "keypoints")
    if keypoints.ndim == 3:
        keypoints = keypoints[:, None]
    if keypoints.ndim != 4:
        raise BadRecording(
            "keypoints are of the shape (T, V, 3 or 4) or (T, M, V, 3 or 4), got "
            f"{arrays['keypoints'].shape}",
            CONTRADICTORY,
        )
    if len(keypoints) and not keypoints.size:
        raise BadRecording(
            f"frames of an npz have joints, these are of the shape {keypoints.shape[1:]}",
            CONTRADICTORY,
        )
    # Numbers of one byte are four as float32.
    if 4 * keypoints.size > most_bytes:
        raise BadRecording(
            f"keypoints are at most {most_bytes // 4} numbers, these are {keypoints.size}",
            TOO_LARGE,
        )
    times_ms = _times_ms(arrays, len(keypoints))
    fields = {name: _declared(name, array) for name, array in arrays.items() if name in _DECLARED}
    hello = _hello(msgspec.convert({**fields, "frames": []}, _Body))
    columns = 4 if hello.coordinates == "metres" else 3
    if keypoints.shape[-1] != columns:
        raise BadRecording(
            f"a keypoint in {hello.coordinates} has {columns} numbers, these have "
            f"{keypoints.shape[-1]}",
            CONTRADICTORY,
        )
    # What is beyond float32 becomes infinite here, and is refused as such.
    with np.errstate(over="ignore"):
        rows = keypoints.astype("<f4")
    poses = (Pose(t_ms, _people(frame)) for t_ms, frame in zip(times_ms, rows, strict=True))
    return PostedRecording(hello, poses)


def _declared(name: str, array: NDArray[Any]) -> object:
    if array.ndim > 1 or array.size > MOST_DECLARED:
        raise BadRecording(f"{name} is one value or two, got {array.size}", CONTRADICTORY)
    return array.tolist()


def _arrays(body: bytes, most_bytes: int) -> dict[str, NDArray[Any]]:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            # The directory of a zip says how large each member is, and no more is ever unpacked.
            size = sum(member.file_size for member in archive.infolist())
        if size > most_bytes:
            raise BadRecording(
                f"an npz is at most {most_bytes} bytes unpacked, this one {size}", TOO_LARGE
            )
        with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
            return {name: np.asarray(arrays[name]) for name in arrays.files}
    except BadRecording:
        raise
    except Exception as error:  # zipfile, zlib and NumPy each have errors of their own
        raise BadRecording(f"not an npz of plain arrays: {error!s:.200}") from None


def _numbers(arrays: Mapping[str, NDArray[Any]], name: str) -> NDArray[Any]:
    if name not in arrays:
        held = ", ".join(arrays) or "nothing"
        raise BadRecording(f"an npz holds {name}; this one holds {held:.200}", CONTRADICTORY)
    if arrays[name].dtype.kind not in "fiu":
        raise BadRecording(f"{name} are numbers, these are {arrays[name].dtype}", CONTRADICTORY)
    return arrays[name]


def _times_ms(arrays: Mapping[str, NDArray[Any]], frames: int) -> list[float]:
    if "times_ms" not in arrays and "rate_hz" in arrays:
        rate_hz = _numbers(arrays, "rate_hz")
        if rate_hz.size != 1 or not 0 < rate_hz.item() < np.inf:
            raise BadRecording("rate_hz is one number above 0", CONTRADICTORY)
        return [frame * 1000 / float(rate_hz.item()) for frame in range(frames)]
    times_ms = _numbers(arrays, "times_ms")
    if times_ms.shape != (frames,):
        raise BadRecording(
            f"times_ms has a time for each of {frames} frames, got the shape {times_ms.shape}",
            CONTRADICTORY,
        )
    listed: list[float] = times_ms.astype(np.float64).tolist()
    return listed


def _people(frame: NDArray[np.float32]) -> list[PersonPose]:
    """The people (M, V, C) who have a joint, numbered by their place from 1 as recordings are."""
    return [
        PersonPose(rows.tobytes(), place)
        for place, rows in enumerate(frame, 1)
        if rows.size and rows[:, -1].any()
    ]
