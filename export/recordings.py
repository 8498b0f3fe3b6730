"""Recordings of a prepared store, cut into windows as the service cuts them.

`LabelStream` says which windows are run and which frame a label speaks of; nothing of that is
repeated here. What a recording's windows hold does not depend on a network, so that several
artifacts read the same ones.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from export.clips import as_read
from model.pose.artifact import WARMING, ArtifactSpec
from model.pose.layout import Layout, layout_named
from model.pose.store import LEFT_OUT, ClipEntry, PoseClip, PoseStore, StoreError
from model.pose.stream import DueWindows, LabelStream


class CutRecording:
    """A recording that has run through a stream; its windows wait for an artifact.

    Args:
        clip: of a layout that maps onto the artifact's.
        layout: of its joints.
        spec: the artifact.
        classes: the data set's names of classes.

    Attributes:
        clips: (N, 3, T, V, M) all windows that were due, in order.
        truth: (F,) the label of each frame as the artifact counts labels, or `LEFT_OUT` where the
            store or the artifact has none.
    """

    def __init__(
        self, clip: PoseClip, layout: Layout, spec: ArtifactSpec, classes: Sequence[str]
    ) -> None:
        self._labels = spec.labels
        self._stream = LabelStream(spec, layout, clip.size)
        self._due = list(_run(clip, as_read(clip.keypoints, layout, spec), self._stream))
        self.clips = np.concatenate([due.clips for due in self._due])
        self.truth = _truth(clip, spec.labels, classes)

    def said(self, logits: NDArray[np.float32]) -> NDArray[np.int64]:
        """The label of each frame (F,), from the logits of `clips`.

        It is of the frame's first person who is spoken of; `LEFT_OUT` while all are warming.
        """
        said, row = [], 0
        for due in self._due:
            answers = self._stream.answers(due, logits[row : row + len(due.clips)])
            row += len(due.clips)
            for answer in answers:
                spoken = [decision.label for _, decision in answer.people]
                warm = (label for label in spoken if label != WARMING)
                said.append(self._index(next(warm, WARMING)))
        return np.array(said, np.int64)

    def _index(self, label: str) -> int:
        return self._labels.index(label) if label in self._labels else LEFT_OUT


def chosen(
    store: PoseStore, subjects: Sequence[int] | None, most: int | None = None
) -> tuple[int, ...]:
    """Returns the places of some subjects' recordings, all of them or evenly spaced.

    Raises:
        StoreError: there is none, or a subject has none.
    """
    known = {entry.subject for entry in store.entries}
    missing = sorted(set(subjects or ()) - known)
    if missing:
        raise StoreError(
            f"{store.path}: expected recordings of subject {missing[0]}; it has those of "
            f"{', '.join(map(str, sorted(known)))}"
        )
    places = [n for n, entry in enumerate(store.entries) if _wanted(entry, subjects)]
    if not places:
        raise StoreError(f"{store.path}: expected recordings, it holds none")
    if most is not None and most < len(places):
        places = [places[n * len(places) // most] for n in range(most)]
    return tuple(places)


def cut(store: PoseStore, places: Sequence[int], spec: ArtifactSpec) -> Iterator[CutRecording]:
    """Cuts recordings for an artifact, one after another.

    Raises:
        LayoutError: the store's layout is not one that maps onto the artifact's.
        ValueError: the artifact's normalisation needs what a recording lacks.
    """
    layout = layout_named(store.data_set.layout)
    for place in places:
        yield CutRecording(store[place], layout, spec, store.data_set.labels)


def _wanted(entry: ClipEntry, subjects: Sequence[int] | None) -> bool:
    return subjects is None or entry.subject in subjects


def _run(
    clip: PoseClip, keypoints: NDArray[np.float32], stream: LabelStream
) -> Iterator[DueWindows]:
    for time_ms, frame in zip(clip.times_ms.tolist(), keypoints, strict=True):
        # As a recording is written: whoever has no joint in a frame is not in its message.
        people = {who: rows for who, rows in enumerate(frame, 1) if rows[:, 3].any()}
        stream.push(time_ms, people)
        if (due := stream.due()) is not None:
            yield due
    if (due := stream.finish()) is not None:
        yield due


def _truth(clip: PoseClip, labels: Sequence[str], classes: Sequence[str]) -> NDArray[np.int64]:
    """Classes of frames as the artifact counts labels; a whole clip's is that of its last frame."""
    index = {name: place for place, name in enumerate(labels)}
    known = np.array([index.get(name, LEFT_OUT) for name in classes] + [LEFT_OUT], np.int64)
    if clip.frame_labels is not None:
        return known[clip.frame_labels]
    truth = np.full(len(clip), LEFT_OUT, np.int64)
    if clip.label is not None:
        truth[-1] = known[clip.label]
    return truth
