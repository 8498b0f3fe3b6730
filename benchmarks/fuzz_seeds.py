"""What fuzzing begins with: valid inputs, and the words of the protocol."""

import struct
import zlib

import msgspec

from benchmarks.fuzzed_client import packed
from service.protocol import KINDS, Hello, Image, Options, PersonPose, Pose, Teach


def seeds() -> list[bytes]:
    """Returns valid inputs: each kind of message in both encodings, alone and as a stream."""
    inputs = []
    for picture in (False, True):
        row = [320.5, 240.0, 0.9] if picture else [0.1, -0.2, 2.5, 1.0]
        rows = [row] * (17 if picture else 20)
        hello, stream = _hello(picture), [_pose(40.0 * frame, rows) for frame in range(3)]
        strangers = {"type": "pose", "t_ms": 1e3, "people": [{"keypoints": rows[:1]}] * 2}
        rest = [
            {"type": "teach", "label": "bow", "from_ms": 0, "to_ms": 2e3, "person": 1},
            {"type": "forget", "label": "bow"},
            {"type": "bye"},
        ]
        inputs += [
            packed(messages, text=text, picture=picture)
            for messages in ([hello], stream, [hello, *stream, strangers, *rest])
            for text in (True, False)
        ]
        image = {"type": "image", "t_ms": 5, "data": _png()}
        inputs += [
            packed([message], text=False, picture=picture)
            for message in (_pose(0, bytes(4 * len(row) * len(rows))), image)
        ]
    return inputs


def words() -> list[str]:
    """Returns what the protocol calls its messages and fields, for the fuzzer to put in."""
    structs = (Hello, Options, Pose, PersonPose, Image, Teach)
    names = {field.encode_name for each in structs for field in msgspec.structs.fields(each)}
    return sorted({*KINDS, *names, "metres", "pixels", "never", "NaN", "1e400"})


def _hello(picture: bool) -> dict[str, object]:
    return {
        "type": "hello",
        "version": 1,
        "layout": "coco17" if picture else "kinect20",
        "coordinates": "normalised" if picture else "metres",
        "size": [640, 480],
        "up": "-z",
        "options": {"top_k": 2, "lookahead_ms": 66.7, "rate_limit_hz": 15, "hop_ms": 40},
    }


def _pose(t_ms: float, keypoints: list[list[float]] | bytes) -> dict[str, object]:
    return {"type": "pose", "t_ms": t_ms, "people": [{"id": 1, "keypoints": keypoints}]}


def _png() -> bytes:
    """A picture of two by two black pixels."""
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(14))),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
