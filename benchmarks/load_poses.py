"""What the load's clients send: people of real recordings, or bodies made by code.

A recording is what `python -m training prepare … --recordings DIR` writes. It is played at its own
pace, whatever the rate: each frame sent is the recorded one nearest in time, in the model's own
joints; positions in metres are laid into a picture for a model that reads pictures.
"""

from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from model.pose.artifact import ArtifactSpec
from model.pose.layout import layout_named
from model.pose.mapping import layout_mapping

Poses = NDArray[np.float32]
"""(N, V, 4 or 3) float32, little-endian, at the rate of the clients."""


class _Person(msgspec.Struct):
    keypoints: list[list[float]]


class _Message(msgspec.Struct):
    type: str
    t_ms: float = 0.0
    people: list[_Person] = []
    layout: str = ""


def recorded(directory: Path, spec: ArtifactSpec, rate_hz: float) -> list[Poses]:
    """Reads the recordings of a directory, the first person of each.

    Raises:
        ValueError: there is none, or one is no recording that the model could be sent.
    """
    paths = sorted(directory.glob("*.jsonl"))
    if not paths:
        raise ValueError(f"{directory}: recordings are *.jsonl files, there are none")
    return [_played(path, spec, rate_hz) for path in paths]


def _played(path: Path, spec: ArtifactSpec, rate_hz: float) -> Poses:
    decoder = msgspec.json.Decoder(_Message)
    try:
        messages = [decoder.decode(line) for line in path.read_bytes().splitlines()]
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: a recording is JSON Lines of the wire: {error}") from None
    layout = messages[0].layout if messages else "nothing"
    try:
        source = layout_named(layout)
        mapping = layout_mapping(source, spec.skeleton)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    seen = [message for message in messages[1:] if message.people]
    if len(seen) < 2:
        raise ValueError(
            f"{path}: expected a recording with people in two frames or more, got {len(seen)}"
        )
    times_ms = np.array([message.t_ms for message in seen])
    try:
        rows = np.array([message.people[0].keypoints for message in seen], np.float32)
    except ValueError:
        raise ValueError(f"{path}: expected as many rows in each frame, all as long") from None
    if rows.ndim != 3 or rows.shape[1] != len(source.joints) or rows.shape[2] not in (3, 4):
        raise ValueError(
            f"{path}: expected rows of x, y, (z,) score for the {len(source.joints)} joints of "
            f"{layout}, got {' × '.join(map(str, rows.shape[1:]))} numbers"
        )
    if not (rows[..., -1] > 0).any():
        raise ValueError(f"{path}: expected a recording in which a joint is seen, all scores are 0")
    if rows.shape[-1] - 1 < spec.dimensions:
        raise ValueError(
            f"{path}: expected a recording in metres, got one of {layout} in a picture"
        )
    keypoints = _in_a_picture(rows) if spec.dimensions == 2 else rows
    keypoints = mapping(keypoints).astype("<f4")
    keypoints = keypoints[..., [0, 1, 3]] if spec.dimensions == 2 else keypoints
    wanted_ms = np.arange(times_ms[0], times_ms[-1], 1000 / rate_hz)
    after = np.searchsorted(times_ms, wanted_ms).clip(1, len(times_ms) - 1)
    nearer = wanted_ms - times_ms[after - 1] < times_ms[after] - wanted_ms
    played: Poses = keypoints[after - nearer]
    return played


def _in_a_picture(rows: Poses) -> Poses:
    """Lays rows ``(N, V, 3 or 4)`` into the middle of a picture, as x, y, 0 and score.

    Both axes are shrunk alike, in a picture of 4 to 3; y of metres is turned down.
    """
    metres = rows.shape[-1] == 4
    points = rows[..., :2] * np.array([-1, -1] if metres else [1, 1], np.float32)
    seen = points[rows[..., -1] > 0]
    middle = (seen.max(axis=0) + seen.min(axis=0)) / 2
    # Joints that all lie in one place stay in the middle.
    extent = max(np.ptp(seen, axis=0).max(), 1e-6)
    laid = np.zeros((*rows.shape[:2], 4), np.float32)
    laid[..., :2] = 0.5 + (points - middle) * np.array([0.6, 0.8], np.float32) / extent
    laid[..., 3] = rows[..., -1]
    return laid


def wandering(spec: ArtifactSpec, seconds: float, rate_hz: float, seed: int) -> Poses:
    """Returns motion of no meaning: joints that swing smoothly about a place of their own.

    Args:
        spec: the model, whose joints they are.
        seconds: how long it lasts.
        rate_hz: of its frames.
        seed: of places and swings.
    """
    draw = np.random.default_rng(seed)
    joints, dimensions = len(spec.joints), spec.dimensions
    place = draw.uniform(0.2, 0.8, (joints, dimensions))
    speed = draw.uniform(0.3, 2.0, (joints, dimensions))
    time_s = np.arange(round(seconds * rate_hz))[:, None, None] / rate_hz
    points = place + 0.1 * np.sin(2 * np.pi * speed * time_s)
    score = np.ones((len(time_s), joints, 1))
    return np.concatenate((points, score), axis=-1).astype("<f4")
