"""Coverage: how many people do each action of the vocabulary, and how many clips there are.

It reads what stores say of their clips, and labels by frame; no keypoints.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from model.pose.metrics import segments
from model.pose.store import UNKNOWN_SUBJECT, PoseStore
from training.everyday.splits import PARTS, Part, Splits
from training.everyday.vocabulary import Vocabulary

LEAST_TRAINING, LEAST_TESTING = 3, 1
"""So many people have to do an action for figures of it to be believed."""


@dataclass
class Coverage:
    """What there is of one action.

    Attributes:
        people: Part → who does it, as (data set, subject); a data set that names no subject has
            clips and no people.
        clips: Data set → number of clips, of all parts.
    """

    people: dict[Part, set[tuple[str, int]]] = field(
        default_factory=lambda: {part: set() for part in PARTS}
    )
    clips: Counter[str] = field(default_factory=Counter)

    @property
    def enough(self) -> bool:
        """Whether enough people train and test it."""
        return (
            len(self.people["train"]) >= LEAST_TRAINING
            and len(self.people["test"]) >= LEAST_TESTING
        )


def coverage(
    stores: Iterable[PoseStore], vocabulary: Vocabulary, splits: Splits
) -> dict[str, Coverage]:
    """Counts who does what.

    Whoever raises the right arm raises the left one in a mirror, so an action has its mirror
    image's people too; clips are counted as they were recorded.

    Raises:
        VocabularyError, SplitError: A store does not fit the vocabulary or the splits.
    """
    found = [Coverage() for _ in vocabulary.labels]
    for store in stores:
        name = store.data_set.name
        for part in PARTS:
            for place in splits.places(store, part):
                subject = store.entries[place].subject
                for label in _shown(store, place, vocabulary):
                    found[label].clips[name] += 1
                    if subject != UNKNOWN_SUBJECT:
                        found[label].people[part].add((name, subject))
                        found[vocabulary.mirror[label]].people[part].add((name, subject))
    return dict(zip(vocabulary.labels[1:], found[1:], strict=True))


def _shown(store: PoseStore, place: int, vocabulary: Vocabulary) -> Iterator[int]:
    """The classes that a clip shows, each as often as it does."""
    meanings = vocabulary.of(store.data_set)
    label = store.entries[place].label
    labels = [label] if label is not None else []
    by_frame = store[place].frame_labels
    if by_frame is not None:
        labels = [run.label for run in segments(np.asarray(by_frame)) if run.label >= 0]
    for shown in labels:
        if (ours := meanings[shown].label) is not None:
            yield ours
