"""Writes small files in the published forms of the data sets that are not at hand."""

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Body = NDArray[np.float64]
"""``(V, C)`` positions of one body in one frame."""


def skeleton_text(frames: Sequence[Mapping[str, Body]], newline: str = "\n") -> str:
    """NTU's ``.skeleton`` text: in each frame bodies by their number, of x y z or x y."""
    lines = [str(len(frames))]
    for frame in frames:
        lines.append(str(len(frame)))
        for number, body in frame.items():
            lines += [f"{number.partition('#')[0]} 0 1 1 1 1 0 0.0119 -0.2560 2", str(len(body))]
            for joint in body:
                place = [*joint, *[0.0] * (3 - len(joint))]
                rest = [250.5, 180.25, 960.5, 540.25, 0.1, -0.2, 0.3, 0.9]
                lines.append(" ".join(f"{value:.7g}" for value in (*place, *rest)) + " 2")
    return newline.join(lines) + newline


def moving(
    frames: int, reach: float, seed: int = 0, joints: int = 25, dimensions: int = 3
) -> NDArray[np.float64]:
    """``(T, V, C)`` of a body that swings by ``reach`` about a place of its own."""
    generator = np.random.default_rng(seed)
    shape = generator.normal(scale=0.05, size=(joints, dimensions)) + 2.0
    swing = reach * np.sin(np.arange(frames) + seed)
    return shape + swing[:, None, None]


def write_pickle(path: Path, content: object, protocol: int = 4) -> Path:
    """A pickle, as published ones are."""
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


def pyskl_annotation(name: str, bodies: int = 1, frames: int = 5, **changes: Any) -> dict[str, Any]:
    """An annotation of pyskl's form: HRNet keypoints in half precision."""
    generator = np.random.default_rng(len(name))
    keypoint = generator.uniform(100, 900, (bodies, frames, 17, 2)).astype(np.float16)
    return {
        "frame_dir": name,
        "label": int(name[17:20]) - 1,
        "img_shape": (1080, 1920),
        "original_shape": (1080, 1920),
        "total_frames": frames,
        "keypoint": keypoint,
        "keypoint_score": np.full((bodies, frames, 17), 0.9, dtype=np.float16),
    } | changes


def agcn_files(
    directory: Path, part: str, names: Sequence[str], frames: int = 12
) -> NDArray[np.float32]:
    """2s-AGCN's array and labels of one part; its clips differ in length, zeros to their end."""
    data = np.zeros((len(names), 3, frames, 25, 2), dtype=np.float32)
    for index in range(len(names)):
        length = frames - index
        data[index, :, :length, :, 0] = moving(length, 0.3, index).transpose(2, 0, 1)
        data[index, :, :length, 1, 0] = 0  # normalised: the spine of the main body is the origin
    np.save(directory / f"{part}_data_joint.npy", data)
    labels = [int(name[17:20]) - 1 for name in names]
    files = [f"{name}.skeleton" for name in names]
    write_pickle(directory / f"{part}_label.pkl", (files, labels), protocol=2)
    return data


def pku_files(
    directory: Path,
    recordings: Mapping[str, tuple[int, str]],
    training: Sequence[str],
    testing: Sequence[str],
) -> Path:
    """PKU-MMD's folders: recordings of so many frames and their label text; one person each."""
    skeletons, labels = directory / "skeleton", directory / "label"
    skeletons.mkdir(parents=True)
    labels.mkdir()
    for seed, (name, (frames, text)) in enumerate(recordings.items()):
        first = moving(frames, 0.4, seed).reshape(frames, -1)
        rows = np.concatenate([first, np.zeros_like(first)], axis=1)
        np.savetxt(skeletons / f"{name}.txt", rows, fmt="%.6f", newline=" \r\n")
        (labels / f"{name}.txt").write_text(text)
    for kind in ("subject", "view"):
        (directory / f"cross_{kind}.txt").write_text(
            f"Training videos: \n{', '.join(training)}, \n\n"
            f"Validataion videos: \n{', '.join(testing)}, \n"
        )
    return directory
