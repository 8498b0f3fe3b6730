"""Clips as training reads them are normalised as the service normalises their windows."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model.pose.layout import layout_named
from model.pose.normalise import normalise
from model.pose.store import DataSet, PoseClip, PoseStore, StoreError
from model.pose.store_writer import PoseStoreWriter
from training.clip_source import ClipSource

SIZES = ((1920, 1080), (640, 480))


def pixels(name: str, size: tuple[int, int] | None, frames: int) -> PoseClip:
    """Keypoints anywhere in a picture."""
    draw = np.random.default_rng(frames)
    keypoints = np.ones((frames, 1, 17, 4), np.float32)
    keypoints[..., :2] = draw.uniform(0, size or (100, 100), (frames, 1, 17, 2))
    keypoints[..., 2] = 0
    return PoseClip(
        name, keypoints, 40.0 * np.arange(frames, dtype=np.float64), 1, None, 0, size=size
    )


def written(path: Path, clips: list[PoseClip]) -> PoseStore:
    with PoseStoreWriter(path, DataSet("made_up", "coco17", 25.0, ("x",), "none")) as writer:
        for clip in clips:
            writer.append(clip)
    return PoseStore(path)


def test_published_2d_divides_by_the_size_of_each_clips_own_picture(tmp_path: Path) -> None:
    """As a session's windows are by the size that its hello declares."""
    clips = [pixels(str(size[0]), size, 9 + place) for place, size in enumerate(SIZES)]
    source = ClipSource([written(tmp_path / "store", clips)], "coco17", "published-2d", 1)
    read = source.read([0, 1])

    for clip, ours in zip(clips, read.clips.numpy(), strict=True):
        keypoints = np.asarray(clip.keypoints, np.float32).swapaxes(1, 2)[None]
        served = normalise("published-2d", keypoints, layout_named("coco17"), clip.size)
        np.testing.assert_array_equal(ours[:, : len(clip)], served[0])
        assert ours[:2, :, :2].max() < 2 < ours[:2, :, 2:].max()


def test_published_2d_refuses_a_clip_whose_picture_has_no_size(tmp_path: Path) -> None:
    """Also where the picture is a projection's, which has no pixels."""
    sized, unsized = pixels("a", SIZES[0], 9), replace(pixels("a", SIZES[0], 9), size=None)
    for name, clip, project, said in (
        ("unsized", unsized, False, "a has none"),
        ("projected", sized, True, "a is shown by --project"),
    ):
        store = written(tmp_path / name, [clip])
        source = ClipSource([store], "coco17", "published-2d", 1, project)
        with pytest.raises(StoreError, match=rf"{name}: .* size of each clip's picture, {said}"):
            source.read([0])


def test_a_store_of_other_joints_than_its_layout_has_is_refused(tmp_path: Path) -> None:
    """The file says one thing and its arrays another."""
    store = written(tmp_path / "store", [pixels("a", SIZES[0], 9)])
    index = tmp_path / "store" / "index.json"
    index.write_text(index.read_text().replace("coco17", "halpe26"))
    with pytest.raises(StoreError, match=r"expected the 26 joints of layout halpe26, .* have 17"):
        ClipSource([PoseStore(store.path)], "coco17", "body-2d", 1)


def test_clips_may_be_reduced_to_what_another_skeleton_has(tmp_path: Path) -> None:
    """What both have is as it was, all else is missing."""
    store = written(tmp_path / "store", [pixels("a", SIZES[0], 9)])
    plain = ClipSource([store], "halpe26", "none", 1).read([0]).clips
    reduced = ClipSource([store], "halpe26", "none", 1, through="body13").read([0]).clips
    halpe, reducing = layout_named("halpe26"), layout_named("body13")
    both = [halpe.joints.index(name) for name in reducing.joints if name != "head"]
    gone = [joint for joint, name in enumerate(halpe.joints) if name.endswith(("eye", "nose"))]

    assert len(gone) == 3
    assert torch.equal(reduced[..., both, :], plain[..., both, :])
    assert plain[..., gone, :].any()
    assert not reduced[..., gone, :].any()
