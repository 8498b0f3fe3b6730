"""Whole clips of stores in batches: padded to the longest, normalised as the service does."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.pose.layout import Layout, layout_named
from model.pose.mapping import layout_mapping
from model.pose.normalise import (
    LOOK_AHEAD,
    SIZED,
    Normalisation,
    dimensions,
    joints_needed,
    normalise,
)
from model.pose.projection import projected
from model.pose.store import ClipEntry, PoseStore, StoreError
from training.projection import seen_from, stood_up
from training.splits import COMPOSED, REAL

NORMALISED_TOGETHER = 16
"""Clips that are normalised together."""


@dataclass(frozen=True)
class ClipBatch:
    """Clips of different lengths.

    Attributes:
        clips: ``(B, 3, F, V, M)``; a clip is valid in its first frames, 0 after them.
        lengths: ``(B,)`` valid frames of each.
    """

    clips: Tensor
    lengths: Tensor

    def to(self, device: torch.device) -> "ClipBatch":
        """The same clips on a device."""
        return ClipBatch(self.clips.to(device), self.lengths.to(device))


class ClipSource:
    """Clips of one or more stores, in one layout and normalisation."""

    def __init__(
        self,
        stores: Sequence[PoseStore],
        layout: str,
        normalisation: Normalisation,
        persons: int,
        project: bool = False,
        through: str | None = None,
    ) -> None:
        """Takes stores whose layouts map onto ``layout``.

        Args:
            stores: Prepared clips; places count through all of them, in this order.
            layout: Name of the layout of the clips that are given.
            normalisation: Name of their normalisation.
            persons: M; further persons of a clip are left out.
            project: Whether stores in space are seen as a camera's picture; a normalisation in
                space then reads that picture as a body without depth. Stores of picture keypoints
                are left as they are.
            through: Name of a layout that clips are reduced to first, as if they had been recorded
                in it; None for none.

        Raises:
            LayoutError: A layout is unknown.
            StoreError: The stores are empty, the layout lacks what the normalisation needs, or a
                store's keypoints have more or fewer dimensions than the normalisation reads.
        """
        self._skeleton: Layout = layout_named(layout)
        try:
            joints_needed(normalisation, self._skeleton)
        except ValueError as error:
            raise StoreError(str(error)) from None
        self._normalisation: Normalisation = normalisation
        self._persons = persons
        self._stores = len(stores)
        self._project = project
        self._through = None if through is None else layout_named(through)
        self._dimensions = dimensions(normalisation, self._skeleton)
        for store in stores:
            _check_dimensions(store, self._dimensions, project)
        self._clips = [(store, row) for store in stores for row in range(len(store))]
        if not self._clips:
            raise StoreError("expected stores with clips, they hold none")

    def __len__(self) -> int:
        """Number of clips."""
        return len(self._clips)

    @property
    def stores(self) -> int:
        """Number of stores that hold them."""
        return self._stores

    def entry(self, place: int) -> ClipEntry:
        """What the store says of the clip at ``place``."""
        store, row = self._clips[place]
        return store.entries[row]

    def seen(self, places: Iterable[int]) -> dict[str, dict[str, object]]:
        """Whose clips stand at ``places``: for each data set how many, subjects, views and setups.

        Plain values, to be noted beside weights; `training.leaks` reads them.
        """
        return seen_by_data_set((self._clips[place][0], self.entry(place)) for place in places)

    @property
    def in_space(self) -> bool:
        """Whether the clips that are given are positions in space, else picture keypoints."""
        return self._dimensions == 3

    @property
    def project(self) -> bool:
        """Whether stores in space are seen as a camera's picture."""
        return self._project

    @property
    def looks_ahead(self) -> bool:
        """Whether a clip's later frames change how its earlier ones are normalised."""
        return self._normalisation in LOOK_AHEAD

    def read(self, places: Sequence[int] | NDArray[np.int64], observed: float = 1.0) -> ClipBatch:
        """Reads the clips that stand at ``places``, or the beginning of each."""
        return self.read_by(np.zeros((len(places), 2)), places, observed)

    def read_by(
        self,
        cameras: NDArray[np.float64],
        places: Sequence[int] | NDArray[np.int64],
        observed: float = 1.0,
    ) -> ClipBatch:
        """Reads clips by other cameras than those that recorded them.

        Args:
            cameras: ``(N, 2)`` turn and tilt in degrees of the camera that a clip in space is
                projected by; clips that are not projected have none.
            places: ``(N,)`` where the clips stand; one may be read by several cameras.
            observed: Share of each clip that is read, see `beginning`; nothing else of it is looked
                at.

        Raises:
            StoreError: A clip lacks the picture's size that its normalisation needs.
        """
        clips = [
            self._keypoints(int(place), observed, *camera)
            for place, camera in zip(places, cameras.tolist(), strict=True)
        ]
        lengths = np.array([len(clip) for clip in clips])
        shape = (len(clips), 3, lengths.max(), len(self._skeleton.joints), self._persons)
        normalised = np.zeros(shape, np.float32)
        # Clips of like lengths together: normalising what is padded takes as long as the rest.
        order = np.argsort(lengths, kind="stable")
        for rows in np.split(order, range(NORMALISED_TOGETHER, len(order), NORMALISED_TOGETHER)):
            padded = self._padded([clips[row] for row in rows])
            found = self._normalised(padded, [places[row] for row in rows])
            for row, clip in zip(rows, found, strict=True):
                normalised[row, :, : lengths[row]] = clip[:, : lengths[row]]
        return ClipBatch(torch.from_numpy(normalised), torch.from_numpy(lengths))

    def _padded(self, clips: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Clips ``(F, V, M, 4)`` of different lengths as ``(B, F, V, M, 4)``, 0 after them."""
        shape = (len(self._skeleton.joints), self._persons, 4)
        padded = np.zeros((len(clips), max(map(len, clips)), *shape), np.float32)
        for row, clip in enumerate(clips):
            padded[row, : len(clip), :, : clip.shape[2]] = clip
        return padded

    def in_order(
        self, places: Sequence[int], batch: int, observed: float = 1.0
    ) -> Iterator[ClipBatch]:
        """Reads the clips at ``places``, or the beginning of each, ``batch`` at a time."""
        for start in range(0, len(places), batch):
            yield self.read(places[start : start + batch], observed)

    def _normalised(
        self, padded: NDArray[np.float32], places: Sequence[int] | NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Clips ``(B, F, V, M, 4)`` normalised, ``(B, 3, F, V, M)``."""
        if self._normalisation not in SIZED:
            return normalise(self._normalisation, padded, self._skeleton)
        parts = [
            normalise(self._normalisation, padded[row : row + 1], self._skeleton, self._size(place))
            for row, place in enumerate(places)
        ]
        return np.concatenate(parts)

    def _size(self, place: int) -> tuple[float, float]:
        """Width and height of the picture in which a clip's keypoints lie."""
        entry = self.entry(place)
        if entry.size is None or self._project:
            raise StoreError(
                f"{self._clips[place][0].path}: normalisation {self._normalisation!r} needs the "
                f"size of each clip's picture, {entry.name} "
                + ("is shown by --project" if self._project else "has none")
            )
        return entry.size

    def _keypoints(
        self, place: int, observed: float, turn_degrees: float, tilt_degrees: float
    ) -> NDArray[np.float32]:
        """The keypoints ``(F, V, M, 4)`` of a clip's beginning, in the layout that is given."""
        store, row = self._clips[place]
        layout = layout_named(store.data_set.layout)
        seen = beginning(store.entries[row].frames, observed)
        keypoints = np.asarray(store[row].keypoints[:seen, : self._persons], np.float32)
        if self._project and layout.dimensions == 3:
            keypoints = projected(seen_from(keypoints, turn_degrees, tilt_degrees))
            if self._dimensions == 3:
                keypoints = stood_up(keypoints)
        if self._through is not None:
            layout, keypoints = self._through, layout_mapping(layout, self._through)(keypoints)
        return layout_mapping(layout, self._skeleton)(keypoints).swapaxes(1, 2)


def beginning(frames: int, observed: float) -> int:
    """How many frames a share of a clip is, rounded up, at least one."""
    # 60 % of 25 frames are 15: what rounding adds to a product must not become a 16th.
    return max(1, math.ceil(frames * observed - 1e-9))


def seen_of(entries: Sequence[ClipEntry]) -> dict[str, object]:
    """How many clips of a data set these are, and of which subjects, views and setups."""
    return {
        "clips": len(entries),
        "subjects": sorted({entry.subject for entry in entries}),
        "views": sorted({entry.view for entry in entries if entry.view is not None}),
        "setups": sorted({entry.setup for entry in entries if entry.setup is not None}),
    }


def seen_by_data_set(
    clips: Iterable[tuple[PoseStore, ClipEntry]],
) -> dict[str, dict[str, object]]:
    """Whose clips these are: for each data set how many, subjects, views and setups.

    Streams are of the data sets that they were composed of, or recorded in.
    """
    found: dict[str, list[ClipEntry]] = {}
    for store, entry in clips:
        stream = bool({COMPOSED, REAL} & set(entry.splits))
        name = entry.name.partition("/")[0] if stream else store.data_set.name
        found.setdefault(name, []).append(entry)
    return {name: seen_of(entries) for name, entries in found.items()}


def _check_dimensions(store: PoseStore, read: int, project: bool) -> None:
    """Refuses a store without its layout's joints, or of other dimensions than are read."""
    layout = layout_named(store.data_set.layout)
    shown = store[0].keypoints.shape[2] if len(store) else len(layout.joints)
    if shown != len(layout.joints):
        raise StoreError(
            f"{store.path}: expected the {len(layout.joints)} joints of layout {layout.name}, "
            f"its keypoints have {shown}"
        )
    held = layout.dimensions
    if held == read or (held == 3 and project):
        return
    hint = "; --project shows them as a camera's picture" if held == 3 else ""
    raise StoreError(
        f"{store.path}: its keypoints have {held} dimensions, the encoder reads {read}{hint}"
    )
