"""Early prediction: beginnings of clips, cut out or read by a causal encoder in one pass."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.network.pretrained import Reading
from model.pose.normalise import Normalisation
from model.pose.store import DataSet, PoseStore
from model.pose.store_writer import PoseStoreWriter
from tests.training.protocol_store import LABELS, write_encoder, write_protocol_store
from tests.training.protocol_store import clip as made_clip
from training.__main__ import main
from training.frozen_streams import open_stream
from training.representation import newest_frames, observed_frames
from training.results import read_result
from training.views import resized

PROTOCOL = "utd_mhad/cross-subject"


@pytest.fixture(scope="module")
def odd_and_even(tmp_path_factory: pytest.TempPathFactory) -> PoseStore:
    return write_protocol_store(tmp_path_factory.mktemp("protocol") / "store")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("encoder") / "pretrained.ckpt")


def test_a_causal_encoder_says_of_a_beginning_what_it_says_of_the_cut_one(tmp_path: Path) -> None:
    """One pass over whole clips equals a pass over each beginning, whatever follows it.

    Where a clip has T frames, or 2T, a beginning of an even number of them is itself a clip of
    frames at the same pace, followed by whatever: here by the last of its frames.
    """
    encoder = write_encoder(tmp_path / "causal.ckpt", causal=True)
    data_set = DataSet("utd_mhad", "kinect20", 30.0, LABELS, "made up")
    whole = [made_clip(1, label, 0, frames) for label, frames in ((0, 16), (1, 32), (2, 32))]
    cut = []
    for place, made in enumerate(whole):
        seen = (len(made) * 4 + 9) // 10 - (place > 0)  # 40 %: 7 of 16, and 12 of 32, in pairs
        keypoints = np.array(made.keypoints)
        keypoints[seen:] = keypoints[seen - 1]
        cut.append(replace(made, keypoints=keypoints))
    features = []
    for name, clips in (("whole", whole), ("cut", cut)):
        with PoseStoreWriter(tmp_path / name, data_set) as writer:
            for made in clips:
                writer.append(made)
        stream = open_stream(encoder, PoseStore(tmp_path / name), project=False)
        features.append(stream.beginnings(range(3), [0.4, 1.0]))
    (early, late), (of_cut, late_of_cut) = features

    np.testing.assert_allclose(early, of_cut, atol=1e-5)
    assert np.abs(late - late_of_cut).max() > 1e-2
    backbone = stream.pretrained.network.backbone
    with torch.inference_mode():
        batch = stream.source.read([0]).clips
        dense = backbone.dense_feature(backbone(batch))
    np.testing.assert_allclose(of_cut[0], dense[0, 6], atol=1e-5)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(
    ("layout", "normalisation"),
    [("kinect20", "kinect-3d"), ("kinect20", "2s-agcn"), ("coco17", "body-2d")],
)
def test_no_normalisation_lets_a_beginning_see_what_follows(
    layout: str, normalisation: Normalisation, causal: bool, tmp_path: Path
) -> None:
    """Whatever the second half of a clip shows; the first has frames in which nobody is seen."""
    encoder = write_encoder(
        tmp_path / "x.ckpt", Reading("joint", layout, normalisation), causal=causal
    )
    data_set = DataSet("utd_mhad", "kinect20", 30.0, LABELS, "made up")
    made = made_clip(1, 0, 0, 32)
    made.keypoints[3:5] = 0
    keypoints = np.array(made.keypoints)
    keypoints[16:, ..., :3] = keypoints[16:, ..., :3] * 1.5 + [0.5, 0.3, 0.2]
    features = []
    for name, clip in (("one", made), ("other", replace(made, keypoints=keypoints))):
        with PoseStoreWriter(tmp_path / name, data_set) as writer:
            writer.append(clip)
        stream = open_stream(encoder, PoseStore(tmp_path / name), layout == "coco17")
        features.append(stream.beginnings([0], [0.2, 0.5, 1.0]))
    (early, half, whole), (early_other, half_other, whole_other) = features

    np.testing.assert_array_equal(early, early_other)
    np.testing.assert_array_equal(half, half_other)
    assert np.abs(whole - whole_other).max() > 1e-2


@given(length=st.integers(1, 300), percent=st.integers(1, 10), frames=st.integers(10, 80))
def test_no_frame_of_a_beginning_was_made_of_a_later_one(
    length: int, percent: int, frames: int
) -> None:
    """Of a resized clip, up to the newest frame that is seen; the frame after it is not.

    A frame that lies just on the last one seen may take what rounding leaves of the next.
    """
    lengths, share = torch.tensor([length]), percent / 10
    newest = int(newest_frames(lengths, share, frames))
    seen = int(observed_frames(lengths, share))
    clip = torch.zeros(1, 1, length, 1, 1)
    clip[:, :, seen:] = 1
    shown = resized(clip, torch.zeros_like(lengths), lengths, frames)[0, 0, :, 0, 0]

    rounding = 1e-5
    assert shown[: newest + 1].max() < rounding
    assert newest == frames - 1 or shown[newest + 1] > rounding


def test_a_result_says_how_beginnings_were_read(
    odd_and_even: PoseStore, encoder: Path, tmp_path: Path
) -> None:
    """Cut out for an encoder that is not causal, in one pass for one that is, or both."""
    causal = write_encoder(tmp_path / "causal.ckpt", causal=True)
    options = ["--protocol", PROTOCOL, "--store", str(odd_and_even.path), "--out", str(tmp_path)]
    for name, files, said in (
        ("cut", [encoder], "beginnings; each beginning cut out and resized to the frames of a"),
        ("once", [causal], "beginnings; each clip read once, by dense features of the frames seen"),
        ("both", [causal, encoder], "where the encoder is causal, else each beginning cut out"),
    ):
        command = ["evaluate", "early", *options, "--name", name, "--pretrained", *map(str, files)]
        assert main(command) == 0
        result = read_result(tmp_path / f"{name}.json")
        assert any(said in note for note in result.notes)
        assert result.figures[-1].value > 60
