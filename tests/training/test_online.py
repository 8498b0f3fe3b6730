"""Online evaluation: the same as a stream driven by hand, whatever the batches."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model.network.pretrained import Reading
from model.pose.artifact import ArtifactSpec
from model.pose.layout import layout_named
from model.pose.store import PoseClip, PoseStore
from model.pose.stream import LabelStream
from training.__main__ import main
from training.dense_recordings import utkinect_recordings
from training.dense_run import specification
from training.labellers import open_checkpoint
from training.online import OnlineRecording, evaluate, in_batches
from training.recipes import RECIPES


@pytest.fixture
def spec(store: PoseStore) -> ArtifactSpec:
    recipe = replace(RECIPES["dste"], frames=24)
    reading = Reading("joint", "kinect20", "kinect-3d")
    return specification(utkinect_recordings(store), "dste", recipe, reading)


@pytest.fixture
def clip(store: PoseStore) -> PoseClip:
    """A recording in which nobody is seen from frame 60 to 69."""
    keypoints = np.array(store[1].keypoints)
    keypoints[60:70] = 0
    return replace(store[1], keypoints=keypoints)


def _moves(clips: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits (N, T, 3) that depend on every value of a clip, each clip for itself."""
    sums = clips.sum(axis=(1, 3, 4))
    return np.stack([np.sin(9 * sums), np.cos(5 * sums), np.sin(2 * sums + 1)], axis=-1)


def test_a_recording_is_labelled_as_a_stream_driven_by_hand(
    clip: PoseClip, spec: ArtifactSpec
) -> None:
    """Frame by frame: the same times, labels and scores; a frame without anybody is warming."""
    stream, expected = LabelStream(spec, layout_named("kinect20")), []
    for time_ms, frame in zip(clip.times_ms, clip.keypoints, strict=True):
        seen = {1: np.asarray(frame[0])} if frame[0, :, 3].any() else {}
        stream.push(float(time_ms), seen)
        due = stream.due()
        assert due is not None
        for answer in stream.answers(due, _moves(due.clips)):
            people = [(who.label, who.score) for _, who in answer.people]
            expected.append((answer.time_ms, *(people or [("warming", 0.0)])[0]))
    found = evaluate([OnlineRecording(clip, "kinect20", spec)], _moves).labels[clip.name]

    assert [(label.t_ms, label.label, label.score) for label in found] == expected
    assert [label.t_ms for label in found] == clip.times_ms.tolist()
    assert {label.label for label in found[:15] + found[60:70]} == {"warming"}


def test_batches_say_what_windows_alone_say(store: PoseStore, runs: Path) -> None:
    """A real network gives each window the logits that it gives it alone, to rounding."""
    labeller = open_checkpoint(runs / "dste.ckpt")
    clips = OnlineRecording(store[1], "kinect20", labeller.spec).clips
    together = in_batches(labeller.predict, clips)
    alone = np.concatenate([labeller.predict(clips[row : row + 1]) for row in range(len(clips))])

    assert np.abs(together - alone).max() < 1e-4


def test_warming_counts_as_background(clip: PoseClip, spec: ArtifactSpec) -> None:
    """Frames that nothing was said of are scored as background was said."""

    def waves(clips: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.tile(np.array([0, 9, 0], np.float32), (len(clips), 24, 1))

    classes = evaluate([OnlineRecording(clip, "kinect20", spec)], waves).classes[clip.name]

    assert not classes[:15].any()
    assert (classes[15:60] == 1).all()


def test_the_command_writes_what_was_said_of_each_frame(
    store: PoseStore, runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--labels-out holds name, t_ms, label and score of every frame; --json is the last line."""
    labels_path = tmp_path / "labels.json"
    options = ["--store", str(store.path), "--checkpoint", str(runs / "gru.ckpt")]
    options += ["--subjects", "2", "4", "--labels-out", str(labels_path), "--json"]
    assert main(["evaluate", "utkinect", *options]) == 0
    scores = json.loads(capsys.readouterr().out.splitlines()[-1])
    recordings = json.loads(labels_path.read_text())["recordings"]

    assert [recording["name"] for recording in recordings] == ["s02_e01", "s04_e01"]
    assert [frame["t_ms"] for frame in recordings[0]["frames"]] == store[1].times_ms.tolist()
    assert recordings[0]["frames"][0] == {"t_ms": 0.0, "label": "warming", "score": 0.0}
    assert (scores["model"], scores["recordings"], scores["frames"]) == ("utkinect-gru", 2, 300)
