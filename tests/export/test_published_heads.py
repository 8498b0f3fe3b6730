"""Heads on published encoders: of clips, of an encoder without golden numbers, trained here."""

from pathlib import Path

import numpy as np
import pytest
import torch

from export.__main__ import main
from export.artifact_file import open_artifact
from model.network.config import EncoderConfig
from model.network.published import Published, save_published
from model.network.recogniser import Recogniser, RecogniserConfig
from model.pose.layout import layout_named
from model.pose.store import DataSet, PoseClip
from model.pose.store_writer import PoseStoreWriter
from service.engine import OnnxEngine
from tests.export.golden import numbers, state, write_downstream
from training.__main__ import main as training

CLASSES = tuple(f"A{number:03}" for number in range(1, 61))
SHOWN = (0, 22, 59)
"""Classes of NTU that clips of the store show: the first, one in between, the last."""


@pytest.mark.parametrize(("name", "classes"), [("dste_ntu25", 60), ("sttr_coco17", 120)])
def test_a_linear_evaluation_scores_whole_clips(name: str, classes: int, tmp_path: Path) -> None:
    """NTU's 60 and 120 classes: logits are the released head on the authors' clip features."""
    golden = write_downstream(name, tmp_path, classes)
    out = tmp_path / "theirs.onnx"
    files = [str(golden.path), "--labels", str(golden.labels), "--out", str(out)]
    assert main(["published", *files, "--task", "clip"]) == 0
    artifact = open_artifact(out)
    assert (artifact.spec.task, len(artifact.spec.labels)) == ("clip", classes)
    logits, features = artifact.session.run(golden.clips)
    np.testing.assert_allclose(logits, golden.clip_logits, rtol=0, atol=1e-3)
    np.testing.assert_allclose(features, golden.features, rtol=0, atol=1e-4)


def test_sttr_in_space_is_what_torch_computes(tmp_path: Path) -> None:
    """The one form without golden numbers, and of bones: ONNX Runtime agrees with torch.

    Clips are prepared as the published reader of its layout prepares them.
    """
    torch.manual_seed(0)
    encoder = EncoderConfig("sttr", joints=25, persons=2, frames=64, hidden_size=32)
    parents = layout_named("ntu25").parents
    config = RecogniserConfig(encoder, "frames", 52, "bone", parents)
    network = Recogniser(config).eval()
    save_published(Published(network), tmp_path / "theirs.pt")
    (tmp_path / "labels.txt").write_text("\n".join(["background", *CLASSES[:51]]))
    out = tmp_path / "theirs.onnx"
    files = [str(tmp_path / "theirs.pt"), "--labels", str(tmp_path / "labels.txt")]
    assert main(["published", *files, "--out", str(out), "--modality", "bone"]) == 0
    artifact = open_artifact(out)
    assert (artifact.spec.layout, artifact.spec.normalisation) == ("ntu25", "2s-agcn")
    clips = np.random.default_rng(0).normal(size=(3, 3, 64, 25, 2)).astype(np.float32)
    with torch.inference_mode():
        expected = network(torch.from_numpy(clips))
    for ours, theirs in zip(artifact.session.run(clips), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-4)


def write_ntu(path: Path) -> Path:
    """A store that says it is NTU-60: two people, of whom the first moves as the class says."""
    data_set = DataSet("ntu60", "ntu25", 30.0, CLASSES, "made up")
    with PoseStoreWriter(path, data_set) as store:
        for subject in range(6):
            for place, label in enumerate(SHOWN):
                draw = np.random.default_rng([subject, label])
                rows = np.ones((64, 2, 25, 4), np.float32)
                rows[..., :3] = draw.normal((0, 0, 3), 0.3, (25, 3))
                swing = np.sin(np.linspace(0, 3 * (place + 1), 64))
                rows[:, 0, 4 + 4 * place : 8 + 4 * place, 1] += swing[:, None]
                store.append(
                    PoseClip(
                        f"S001C001P{subject:03}R001A{label + 1:03}",
                        rows,
                        np.arange(64) * 1000 / 30,
                        subject=subject,
                        label=label,
                        splits=("xsub_train" if subject < 4 else "xsub_test",),
                    )
                )
    return path


def test_a_head_trained_here_is_served(tmp_path: Path) -> None:
    """Downloaded pretraining weights and the user's own NTU become 60 actions.

    The artifact's features are the authors' own, it verifies against its checkpoint, it names the
    clips that taught it, and the service runs it.
    """
    found = numbers("dste_ntu25")
    theirs, ours, head, out = (
        tmp_path / name for name in ("theirs.pt", "ours.ckpt", "linear.ckpt", "ntu.onnx")
    )
    torch.save({"state_dict": state(found)}, theirs)
    store = write_ntu(tmp_path / "store")
    assert main(["published", str(theirs), "--as-pretrained", str(ours)]) == 0
    linear = ["--protocol", "ntu60/cross-subject", "--store", str(store)]
    files = ["--pretrained", str(ours), "--out", str(head)]
    assert training(["finetune", "linear", *linear, *files]) == 0
    assert main(["onnx", str(head), "--out", str(out)]) == 0
    assert main(["verify", str(out), "--checkpoint", str(head), "--store", str(store)]) == 0

    artifact = open_artifact(out)
    spec = artifact.spec
    assert (spec.labels, spec.persons, spec.layout) == (CLASSES, 2, "ntu25")
    assert spec.normalisation == "2s-agcn"
    features = artifact.session.run(found["clips"][0]).features
    np.testing.assert_allclose(features, found["dense_features"], rtol=0, atol=1e-4)
    engine = OnnxEngine(out, threads=1)
    assert engine.infer(found["clips"][0]).logits.shape == (6, 60)
    engine.close()
