"""Published checkpoints as artifacts: the authors' features, and one word on the wire and off."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from export.__main__ import main
from export.artifact_file import open_artifact
from model.network.pretrained import load_pretrained
from model.pose.artifact_session import ArtifactSession
from model.pose.stream import LabelStream, motion
from tests.export.golden import GoldenCheckpoint, numbers, state, write_downstream
from tests.service.process import ServerProcess
from tests.service.wire import wire

Printed = pytest.CaptureFixture[str]

STEP_MS = 1000 / 30


@dataclass(frozen=True)
class Exported:
    """A golden checkpoint and the artifact that the command made of it."""

    golden: GoldenCheckpoint
    artifact: Path


def export(golden: GoldenCheckpoint, out: Path, *more: str) -> int:
    files = [str(golden.path), "--labels", str(golden.labels), "--out", str(out)]
    return main(["published", *files, "--normalisation", "none", *more])


@pytest.fixture(scope="module", params=["dste_ntu25", "dste_coco17", "sttr_coco17"])
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """An artifact of each golden encoder: in space and in pictures, DSTE and STTR."""
    place = tmp_path_factory.mktemp("published")
    golden = write_downstream(request.param, place)
    assert export(golden, place / "theirs.onnx") == 0
    return Exported(golden, place / "theirs.onnx")


def test_its_features_are_the_authors(exported: Exported) -> None:
    """ONNX Runtime gives the golden dense features, and the released head of them, to 1e-4."""
    artifact = open_artifact(exported.artifact)
    golden, spec = exported.golden, artifact.spec
    assert (spec.persons, len(spec.labels), spec.labels[0]) == (2, 52, "background")
    assert spec.input_shape()[1:] == golden.clips.shape[1:]
    logits, features = artifact.session.run(golden.clips)
    np.testing.assert_allclose(features, golden.features, rtol=0, atol=1e-4)
    np.testing.assert_allclose(logits, golden.logits, rtol=0, atol=1e-3)


def in_space(golden: GoldenCheckpoint) -> tuple[int, np.ndarray[Any, Any]]:
    """A clip whose first person moves most, and its people's rows (T, M, V, 4)."""
    rows = np.ones((*golden.clips.shape[:1], 64, 2, 25, 4), np.float32)
    rows[..., :3] = golden.clips.transpose(0, 2, 4, 3, 1)
    moved = [[motion(clip[:, person]) for person in (0, 1)] for clip in rows]
    place = next(n for n, (first, second) in enumerate(moved) if first > second)
    return place, rows[place]


@pytest.mark.parametrize("exported", ["dste_ntu25"], indirect=True)
async def test_what_it_says_on_the_wire_is_what_it_says_offline(exported: Exported) -> None:
    """A real server labels a golden clip frame by frame as the offline stream does.

    With the window full, its label is the head's on the authors' own features.
    """
    spec = open_artifact(exported.artifact).spec
    place, people = in_space(exported.golden)
    times_ms = [STEP_MS * frame for frame in range(spec.frames)]

    offline, stream = [], LabelStream(spec, spec.skeleton)
    session = ArtifactSession(exported.artifact, threads=1)
    for time_ms, rows in zip(times_ms, people, strict=True):
        stream.push(time_ms, dict(enumerate(rows, 1)))
        due = stream.due()
        assert due is not None
        logits = session.logits(due.clips) if len(due.clips) else np.empty((0, 64, 52), np.float32)
        offline += [dict(answer.people) for answer in stream.answers(due, logits)]

    hello = {"type": "hello", "version": 1, "layout": "ntu25", "coordinates": "metres"}
    online = []
    with ServerProcess(exported.artifact) as server:
        async with wire(server.stream) as client:
            await client.ask({**hello, "options": {"drop": "never"}})
            for time_ms, rows in zip(times_ms, people, strict=True):
                seen = [{"id": n, "keypoints": row.tolist()} for n, row in enumerate(rows, 1)]
                await client.send({"type": "pose", "t_ms": time_ms, "people": seen})
            for _ in times_ms:
                online.append(await client.receive("actions"))

    assert [said["t_ms"] for said in online] == pytest.approx(times_ms)
    for said, expected in zip(online, offline, strict=True):
        for person in said["people"]:
            assert person["label"] == expected[person["id"]].label
            assert person["score"] == pytest.approx(expected[person["id"]].score, abs=1e-4)
    newest = int(exported.golden.logits[place, -1].argmax())
    assert {person["label"] for person in online[-1]["people"]} == {spec.labels[newest]}


def test_a_checkpoint_of_pretraining_goes_to_training(tmp_path: Path, capsys: Printed) -> None:
    """Without a head it is refused with the way to one, which is a file that training loads."""
    found = numbers("dste_ntu25")
    theirs, ours = tmp_path / "theirs.pt", tmp_path / "ours.ckpt"
    torch.save({"state_dict": state(found)}, theirs)
    (tmp_path / "labels.txt").write_text("a\nb\n")
    line = refused(capsys, theirs, "--labels", str(tmp_path / "labels.txt"))
    assert "expected a checkpoint with a head" in line
    assert "--as-pretrained" in line
    capsys.readouterr()
    assert main(["published", str(theirs), "--as-pretrained", str(ours), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"pretrained": str(ours)}
    pretrained = load_pretrained(ours)
    assert (pretrained.reading.layout, pretrained.reading.normalisation) == ("ntu25", "2s-agcn")
    with torch.inference_mode():
        feature = pretrained.clip_feature(torch.from_numpy(found["clips"][0]))
    np.testing.assert_allclose(feature, found["clip_features"], rtol=0, atol=1e-4)


def refused(capsys: Printed, checkpoint: Path, *more: str) -> str:
    """Runs the command, which must be refused; returns its one line."""
    capsys.readouterr()
    out = checkpoint.with_name("out.onnx")
    assert main(["published", str(checkpoint), "--out", str(out), *more]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert not out.exists()
    assert line.startswith("export: ")
    return line


def test_what_does_not_fit_is_named(tmp_path: Path, capsys: Printed) -> None:
    """Wrong labels, a missing key, no published joints: one sentence with file and number."""
    golden = write_downstream("dste_ntu25", tmp_path)
    few, twice = tmp_path / "few.txt", tmp_path / "twice.txt"
    few.write_text("background\nwave\n")
    twice.write_text("background\nwave\n\nwave\n")
    assert "its head scores 52 classes; expected as many labels, the first of them 'backg" in (
        refused(capsys, golden.path, "--labels", str(few))
    )
    assert f"{twice}, line 4: expected each label once, got 'wave' again (line 2)" in refused(
        capsys, golden.path, "--labels", str(twice)
    )
    assert f"{tmp_path}/none.txt: expected a label a line" in refused(
        capsys, golden.path, "--labels", str(tmp_path / "none.txt")
    )
    assert "an artifact needs its labels" in refused(capsys, golden.path)
    whole = torch.load(golden.path, weights_only=True)["state_dict"]
    del whole["module.backbone.s_tr1.CA.conv1.bias"]
    torch.save({"state_dict": whole}, tmp_path / "torn.pt")
    line = refused(capsys, tmp_path / "torn.pt", "--labels", str(golden.labels))
    assert "missing: backbone.s_tr1.CA.conv1.bias" in line
