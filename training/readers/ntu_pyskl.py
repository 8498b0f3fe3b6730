"""Reads NTU RGB+D as pyskl's pickle of 2D keypoints: COCO's 17 joints, by HRNet.

The pickle is a dict of ``split``, lists of sample names by the name of the split, and
``annotations``, a dict a clip: ``frame_dir`` (the sample's name), ``label``, ``img_shape``
(height, width), ``total_frames`` T, ``keypoint`` (M, T, 17, 2) in pixels, ``keypoint_score``
(M, T, 17). Duan, Wang, Chen, Lin: PYSKL, ACM MM 2022; github.com/kennymckormick/pyskl,
``tools/data/README.md``.
"""

from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from model.pose.store import DataSet, PoseClip
from training.readers.bodies import BODIES, motion
from training.readers.ntu_names import RATE_HZ, TERMS, NTUEdition
from training.readers.numpy_pickle import load_numpy_pickle
from training.readers.reader import ReadingError, keypoints_of, steady_times_ms

JOINTS = 17


class NTUPysklReader:
    """Reads the clips of one pickle, which it holds in memory, with the splits that it names."""

    def __init__(self, source: Path, edition: NTUEdition) -> None:
        """Takes the pickle, or the directory of ``ntu60_hrnet.pkl`` or ``ntu60_2d.pkl``."""
        self._source = source
        self._edition = edition
        self._annotations: list[Any] = []
        self._places: dict[str, int] = {}
        self._splits: dict[str, list[str]] = {}
        self.data_set = DataSet(
            name=f"{edition.name}_2d",
            layout="coco17",
            rate_hz=RATE_HZ,
            labels=edition.labels,
            terms=TERMS,
        )

    def files(self) -> tuple[Path, ...]:
        """The clips in the order of the pickle, as paths into it.

        Raises:
            ReadingError: Where there is no such pickle, it is of another form, or it asks for
                anything but containers and arrays.
        """
        path = self._pickle()
        content = load_numpy_pickle(path)
        if not isinstance(content, dict) or not {"split", "annotations"} <= content.keys():
            raise ReadingError(f"{path.name}: expected a dict of split and annotations")
        annotations = content["annotations"]
        if not isinstance(annotations, list) or not annotations:
            raise ReadingError(f"{path.name}, annotations: expected a list of clips, got none")
        self._annotations = annotations
        self._splits = _splits_by_sample(path, content["split"])
        names = [_name_of(annotation, index) for index, annotation in enumerate(annotations)]
        self._places = {name: index for index, name in enumerate(names)}
        return tuple(path / name for name in names)

    def read(self, path: Path) -> PoseClip:
        """Reads one clip of ``(T, 2, 17, 4)``: x, y in pixels, 0, score.

        Raises:
            ReadingError: Where a key of its annotation is missing, or not of the form.
        """
        index = self._places[path.name]
        where = f"{path.parent.name}, annotations[{index}]"
        annotation = self._annotations[index]
        if not isinstance(annotation, dict):
            raise ReadingError(f"{where}: expected a dict, got {type(annotation).__name__}")
        sample = self._edition.sample(path.name, f"{where}.frame_dir")
        _expect_number(annotation, "label", sample.action - 1, where)
        keypoints = _keypoints(annotation, where)
        return PoseClip(
            name=path.name,
            keypoints=keypoints,
            times_ms=steady_times_ms(len(keypoints), RATE_HZ),
            subject=sample.subject,
            view=sample.camera,
            label=sample.action - 1,
            setup=sample.setup,
            size=_size(annotation.get("img_shape"), f"{where}.img_shape"),
            splits=tuple(self._splits.get(path.name, ())),
            execution=sample.execution,
        )

    def _pickle(self) -> Path:
        if self._source.is_file():
            return self._source
        name = self._edition.name
        found = [self._source / f"{name}_{kind}.pkl" for kind in ("hrnet", "2d")]
        found = [path for path in found if path.is_file()]
        if len(found) != 1:
            raise ReadingError(
                f"{self._source}: expected one of {name}_hrnet.pkl and {name}_2d.pkl there, "
                f"got {len(found)}"
            )
        return found[0]


def _name_of(annotation: Any, index: int) -> str:
    """The name of an annotation, or its place where it has none that a path can hold."""
    name = annotation.get("frame_dir") if isinstance(annotation, dict) else None
    return name if isinstance(name, str) and name and "/" not in name else f"annotations[{index}]"


def _splits_by_sample(path: Path, splits: Any) -> dict[str, list[str]]:
    """The splits of each sample; pyskl calls ``val`` what the papers, and we, call ``test``."""
    if not isinstance(splits, dict) or not all(
        isinstance(split, str) and isinstance(names, list) for split, names in splits.items()
    ):
        raise ReadingError(f"{path.name}, split: expected lists of names by the name of the split")
    by_sample: dict[str, list[str]] = {}
    for split, names in splits.items():
        kept = f"{split[: -len('_val')]}_test" if split.endswith("_val") else split
        for name in names:
            by_sample.setdefault(str(name), []).append(kept)
    return by_sample


def _keypoints(annotation: dict[Any, Any], where: str) -> NDArray[np.float32]:
    places = annotation.get("keypoint")
    scores = annotation.get("keypoint_score")
    if not _is_real(places) or places.ndim != 4 or places.shape[2:] != (JOINTS, 2):
        raise ReadingError(
            f"{where}.keypoint: expected an array (M, T, {JOINTS}, 2), got {_described(places)}"
        )
    if not _is_real(scores) or scores.shape != places.shape[:3]:
        raise ReadingError(
            f"{where}.keypoint_score: expected an array {places.shape[:3]}, "
            f"got {_described(scores)}"
        )
    _expect_number(annotation, "total_frames", places.shape[1], where)
    if 0 in scores.shape or not (scores > 0).any():
        raise ReadingError(f"{where}.keypoint_score: expected a joint in some frame, got none")
    rows = np.concatenate([places, scores[..., None]], axis=-1, dtype=np.float64)
    rows[~(rows[..., 2] > 0)] = 0
    bodies = sorted(rows, key=lambda body: motion(body[..., :2]), reverse=True)[:BODIES]
    keypoints = np.zeros((places.shape[1], BODIES, JOINTS, 4), dtype=np.float32)
    keypoints[:, : len(bodies)] = keypoints_of(
        np.stack([body[..., :2] for body in bodies], axis=1),
        np.stack([body[..., 2] for body in bodies], axis=1),
    )
    if not keypoints[..., 3].any():
        raise ReadingError(f"{where}.keypoint: expected a joint in some frame, got none")
    return keypoints


def _expect_number(annotation: dict[Any, Any], key: str, expected: int, where: str) -> None:
    number = annotation.get(key)
    if not isinstance(number, int | np.integer) or number != expected:
        raise ReadingError(f"{where}.{key}: expected {expected}, got {_described(number)}")


def _is_real(array: Any) -> TypeGuard[NDArray[np.floating[Any]]]:
    return isinstance(array, np.ndarray) and array.dtype.kind == "f"


def _described(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape}"
    return "none" if value is None else repr(value)[:60]


def _size(shape: Any, where: str) -> tuple[int, int]:
    """Width and height of a ``(height, width)``."""
    if (
        not isinstance(shape, tuple | list)
        or len(shape) != 2
        or not all(isinstance(side, int | np.integer) and side > 0 for side in shape)
    ):
        raise ReadingError(f"{where}: expected (height, width) in pixels, got {_described(shape)}")
    height, width = shape
    return int(width), int(height)
