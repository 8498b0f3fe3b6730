"""The product's story: a real recording in, a label for every frame out, as the evaluation says."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import model
from model.pose.artifact import WARMING
from model.pose.figures import read_figures
from model.pose.store import PoseStore
from service.settings import DEFAULT_MODEL
from tests.service.process import ServerProcess
from training.__main__ import main as training
from training.everyday.vocabulary import read_vocabulary
from training.online import FrameLabel

ROOT = Path(__file__).resolve().parents[1]
UTKINECT = ROOT.parent / "shared" / "data" / "utkinect"
KINECT_MODEL = ROOT / "weights" / "utkinect.onnx"
TEST_SUBJECTS = (2, 4, 6, 8, 10)

needs_recordings = pytest.mark.skipif(
    not UTKINECT.is_dir(), reason="UTKinect's recordings are not in ../shared/data/utkinect"
)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """UTKinect as a store, and as recordings that can be streamed."""
    place = tmp_path_factory.mktemp("utkinect")
    store, recordings = str(place / "store"), str(place / "recordings")
    command = ["prepare", "utkinect", "--from", str(UTKINECT), "--out", store]
    assert training([*command, "--recordings", recordings]) == 0
    return place


@pytest.fixture(scope="module")
def kinect_server() -> Iterator[ServerProcess]:
    """A server process of the model of Kinect skeletons."""
    with ServerProcess(KINECT_MODEL) as process:
        yield process


def streamed(recording: Path, url: str, encoding: str) -> list[FrameLabel]:
    """What a server answers to a recording that `posewire-stream` plays to it."""
    command = [sys.executable, "-m", "posewire_client", str(recording), "--url", url]
    command += ["--fast", "--json", "--encoding", encoding]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    summary = messages.pop()
    assert summary["ended"] == "complete"
    assert (summary["dropped"], summary["errors"]) == (0, 0)
    return [
        FrameLabel(message["t_ms"], person["label"], person["score"])
        for message in messages
        if message["type"] == "actions"
        for person in message["people"]
    ]


def evaluated(prepared: Path, subject: int) -> dict[str, list[FrameLabel]]:
    """What the offline evaluation of the same artifact says of a subject's recordings."""
    out = prepared / f"labels_{subject}.json"
    command = ["evaluate", "utkinect", "--artifact", str(KINECT_MODEL), "--labels-out", str(out)]
    assert training([*command, "--store", str(prepared / "store"), "--subjects", str(subject)]) == 0
    return {
        recording["name"]: [FrameLabel(**frame) for frame in recording["frames"]]
        for recording in json.loads(out.read_text())["recordings"]
    }


@needs_recordings
@pytest.mark.parametrize("encoding", ["msgpack", "json"])
@pytest.mark.parametrize("name", ["s02_e01", "s06_e02"])
def test_what_is_streamed_is_what_the_evaluation_says(
    name: str, encoding: str, prepared: Path, kinect_server: ServerProcess
) -> None:
    """Every frame of a test subject's recording gets the evaluation's label, in order."""
    store = PoseStore(prepared / "store")
    entry = next(entry for entry in store.entries if entry.name == name)
    assert entry.subject in TEST_SUBJECTS
    recording = prepared / "recordings" / f"{name}.jsonl"
    online = streamed(recording, kinect_server.stream, encoding)
    offline = evaluated(prepared, entry.subject)[name]
    assert len(online) == entry.frames
    assert [said.t_ms for said in online] == [said.t_ms for said in offline]
    assert [said.label for said in online] == [said.label for said in offline]
    for said, expected in zip(online, offline, strict=True):
        assert said.score == pytest.approx(expected.score, abs=1e-4)


@needs_recordings
def test_the_model_knows_an_action_when_it_sees_one(
    prepared: Path, kinect_server: ServerProcess
) -> None:
    """It is warming until the 16th frame, and no random choice afterwards: far above chance."""
    store = PoseStore(prepared / "store")
    clip = next(clip for clip in store if clip.name == "s02_e01")
    recording = prepared / "recordings" / "s02_e01.jsonl"
    said = [label.label for label in streamed(recording, kinect_server.stream, "msgpack")]
    assert said[:15] == [WARMING] * 15
    assert WARMING not in said[15:30]
    assert clip.frame_labels is not None
    truth = [store.data_set.labels[label] for label in clip.frame_labels]
    actions = [(a, b) for a, b in zip(truth, said, strict=True) if a != "background"]
    assert np.mean([a == b for a, b in actions]) > 0.3


@needs_recordings
def test_the_published_figures_are_the_shipped_artifacts(
    prepared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Evaluated anew, it comes within what rounding on another processor may change."""
    store = str(prepared / "store")
    command = ["evaluate", "utkinect", "--artifact", str(KINECT_MODEL), "--store", store, "--json"]
    capsys.readouterr()
    assert training(command) == 0
    measured = json.loads(capsys.readouterr().out.splitlines()[-1])
    figures = read_figures()
    for name in ("frame_accuracy", "macro_f1", "edit", "f1_10", "f1_25", "f1_50"):
        published = figures[f"utkinect.online.dste.{name}"].value
        assert measured[name] == pytest.approx(published, abs=0.2), name


@needs_recordings
def test_the_default_model_names_what_a_stranger_does(prepared: Path) -> None:
    """A test subject's joints in metres, by the socket: most frames of its actions are named right.

    The model reads pictures, and is given what the depth camera saw.
    """
    vocabulary, store = read_vocabulary(), PoseStore(prepared / "store")
    meanings = vocabulary.of(store.data_set)
    clip = next(clip for clip in store if clip.name == "s02_e01")
    assert clip.frame_labels is not None
    with ServerProcess(DEFAULT_MODEL) as server:
        said = streamed(prepared / "recordings" / "s02_e01.jsonl", server.stream, "msgpack")
    named = [
        vocabulary.labels[label] == each.label
        for each, shown in zip(said, clip.frame_labels, strict=True)
        if shown >= 0 and (label := meanings[shown].label)
    ]
    assert len(named) > 200
    assert np.mean(named) > 0.7


def test_the_packages_are_this_repositorys() -> None:
    """Another `model` on the path would shadow ours without a word."""
    assert Path(model.__file__).is_relative_to(ROOT)
