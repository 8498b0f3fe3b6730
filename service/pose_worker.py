"""The pose worker: a process that estimates the poses of one stream at a time.

A process, because MediaPipe and image decoders are native code on bytes of strangers: what crashes
there takes this process and one picture with it, and nothing else. It speaks to
`service.pose_pool` over its standard input and output, and ends when its input does.
"""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import msgspec

from service.image import ImageError, decode_image
from service.pose_estimator import MediaPipeEstimator, PoseEstimator

LENGTH_BYTES = 4
"""Before each message stands its length, little-endian."""


class Begin(msgspec.Struct, frozen=True, tag="begin"):
    """A stream begins: nothing is carried over from the one before."""

    people: int


class Look(msgspec.Struct, frozen=True, tag="look"):
    """A picture of the stream, at the client's own time."""

    t_ms: float
    image: bytes


class Seen(msgspec.Struct, frozen=True, tag="seen"):
    """The people of a picture.

    Attributes:
        t_ms: its time.
        size: (width, height) of the picture, pixels.
        people: for each person V×3 float32 x, y, score, little-endian, in the picture's pixels.
    """

    t_ms: float
    size: tuple[int, int]
    people: list[bytes]


class Unseen(msgspec.Struct, frozen=True, tag="unseen"):
    """A picture that could not be looked at, and why in one sentence."""

    t_ms: float
    code: str
    reason: str


Request = Begin | Look
Outcome = Seen | Unseen

_requests = msgspec.msgpack.Decoder(Request)


def serve(
    requests: BinaryIO,
    outcomes: BinaryIO,
    make_estimator: Callable[[int], PoseEstimator],
    most_pixels: int,
) -> None:
    """Answers every `Look` with one outcome until the requests end.

    Args:
        requests: length-prefixed MessagePack of `Request`.
        outcomes: the same of `Outcome`.
        make_estimator: number of people → the estimator of a stream.
        most_pixels: of a picture.
    """
    estimator: PoseEstimator | None = None
    while (request := _next(requests)) is not None:
        if isinstance(request, Begin):
            if estimator is not None:
                estimator.close()
            estimator = make_estimator(request.people)
        elif estimator is not None:
            outcomes.write(framed(_look(estimator, request, most_pixels)))
            outcomes.flush()
    if estimator is not None:
        estimator.close()


def framed(message: Request | Outcome) -> bytes:
    """Returns a message as it stands between the processes."""
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(LENGTH_BYTES, "little") + body


def _look(estimator: PoseEstimator, look: Look, most_pixels: int) -> Outcome:
    try:
        picture = decode_image(look.image, most_pixels)
    except ImageError as error:
        return Unseen(look.t_ms, "bad-image", str(error))
    people = estimator.estimate(picture, look.t_ms)
    height, width = picture.shape[:2]
    return Seen(look.t_ms, (width, height), [one.astype("<f4").tobytes() for one in people])


def _next(requests: BinaryIO) -> Request | None:
    length = requests.read(LENGTH_BYTES)
    if len(length) < LENGTH_BYTES:
        return None
    request: Request = _requests.decode(requests.read(int.from_bytes(length, "little")))
    return request


def take_over_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Returns the pipes to the pool, out of reach of native code that prints.

    What decoders say of a stranger's bytes goes nowhere, it could fill a disk; what Python says
    goes where it went.
    """
    requests, outcomes = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    sys.stderr = os.fdopen(os.dup(2), "w")
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    return requests, outcomes


def main() -> int:
    """Runs the process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the .task file")
    parser.add_argument("--pixels", type=int, required=True, help="most pixels of a picture")
    options = parser.parse_args()
    requests, outcomes = take_over_pipes()
    serve(requests, outcomes, lambda n: MediaPipeEstimator(options.model, n), options.pixels)
    return 0


if __name__ == "__main__":
    sys.exit(main())
