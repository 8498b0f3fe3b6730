"""Streams: continuous recordings of everyday actions, composed ones and real ones.

A composed stream depends on the seed and its number alone, so that workers and reruns agree. It
knows no camera: keypoints are in space, and `sensor` sees them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from model.pose.store import LEFT_OUT, PoseClip, PoseStore
from training.everyday.composer import Composed, Composer
from training.everyday.pieces import Manner
from training.everyday.posture import going_m_s
from training.everyday.shelf import Person, Shelf
from training.everyday.sources import RATE_HZ, levelled
from training.everyday.splits import Part, Splits
from training.everyday.vocabulary import Vocabulary

TEST_SEED = 0
TEST_MINUTES = 60.0
"""Of the fixed list that the report is made from: more than half of it is background."""
BACKGROUND = 0
GOING_M_S = 0.3
"""Whoever stands sways by less, and walks at over twice of it."""
WITH_UNKNOWN = Manner(unknown_share=0.4)
"""How streams are composed on which the unknown decision is judged."""
TO_LEARN_FROM = Manner(speed=(0.75, 1.6), gesture_share=0.35)
"""How streams are composed that train: people in laboratories take their time, and never fidget."""


class Streams:
    """Composed streams of one part."""

    def __init__(self, shelf: Shelf, manner: Manner | None = None) -> None:
        """Takes what there is to compose, and how; None for the defaults.

        Where unknown actions are to be shown, only people who do some are.
        """
        self._part, self._manner = shelf.part, manner or Manner()
        self._composer = Composer(shelf.vocabulary, shelf.idle)
        unknown = self._manner.unknown_share > 0
        self._people = [person for person in shelf.people if person.does_unknown or not unknown]
        self._doers = _doers(self._people)

    def drawn(self, seed: int, number: int) -> PoseClip:
        """One stream of somebody drawn at random.

        An action is drawn first, each as likely, then a data set that shows it, then a person: so
        that an action that few do is not seldom.

        Args:
            seed: Of the run.
            number: Of the stream.
        """
        generator = np.random.default_rng([seed, number])
        action = int(generator.choice(sorted(self._doers)))
        sets = self._doers[action]
        people = sets[str(generator.choice(sorted(sets)))]
        person = people[generator.integers(len(people))]
        return self._stream(person, number, generator, bool(generator.random() < 0.5), action)

    def endless(self, seed: int, first: int = 0, step: int = 1) -> Iterator[PoseClip]:
        """Streams without end, numbered `first`, `first` + `step`, …: a worker's share of them."""
        number = first
        while True:
            yield self.drawn(seed, number)
            number += step

    def fixed(self, seed: int, minutes: float) -> Iterator[PoseClip]:
        """A fixed list of streams that are `minutes` long together, or one stream's end longer.

        Data sets take turns, and the people of each in turn, so that all are heard alike; every
        other round is mirrored.
        """
        frames, number = 0, 0
        names = dict.fromkeys(person.data_set for person in self._people)
        by_set = [[person for person in self._people if person.data_set == name] for name in names]
        while frames < minutes * 60 * RATE_HZ:
            turn, place = divmod(number, len(by_set))
            rounds, person = divmod(turn, len(by_set[place]))
            generator = np.random.default_rng([seed, number])
            stream = self._stream(by_set[place][person], number, generator, rounds % 2 == 1)
            yield stream
            frames += len(stream)
            number += 1

    def _stream(
        self,
        person: Person,
        number: int,
        generator: np.random.Generator,
        mirrored: bool,
        favoured: int | None = None,
    ) -> PoseClip:
        composed = self._composer.compose(person, self._manner, generator, mirrored, favoured)
        name = f"{person.name}/{self._part}{number:05}" + ("m" if mirrored else "")
        return _clip(name, person, composed)


def real_streams(
    store: PoseStore, vocabulary: Vocabulary, splits: Splits, part: Part
) -> Sequence[PoseClip]:
    """The continuous recordings of a part as they are, with our labels.

    They are level and in `sources.LAYOUT`, on their own clock. What their owners did not label is
    background, but where the body goes somewhere it is ``LEFT_OUT``: they labelled no walk between
    two actions as one. So is what is not used.

    Raises:
        StoreError: The store has no labels by frame, or is of an unknown data set.
        VocabularyError, SplitError: It does not fit the vocabulary or the splits.
    """
    meanings = vocabulary.of(store.data_set)
    ours = [LEFT_OUT if meaning.label is None else meaning.label for meaning in meanings]
    classes = np.array([*ours, LEFT_OUT], np.int16)
    clips = []
    for place in splits.places(store, part):
        clip = store[place]
        points, labels = levelled(clip, store.data_set), clip.frame_labels
        if labels is not None:
            labels = classes[labels]
            labels[(labels == BACKGROUND) & (going_m_s(points, clip.times_ms) > GOING_M_S)] = (
                LEFT_OUT
            )
        clips.append(
            replace(
                clip,
                name=f"{store.data_set.name}/{clip.name}",
                keypoints=points[:, None],
                frame_labels=labels,
                frame_numbers=None,
                segments=(),
            )
        )
    return clips


def _clip(name: str, person: Person, composed: Composed) -> PoseClip:
    frames = len(composed.points)
    return PoseClip(
        name=name,
        keypoints=composed.points[:, None],
        times_ms=np.arange(frames) * 1000 / RATE_HZ,
        subject=person.subject,
        view=person.view,
        frame_labels=composed.labels,
        segments=composed.segments,
    )


def _doers(people: Sequence[Person]) -> dict[int, dict[str, list[Person]]]:
    """Class → data set → who shows it."""
    doers: dict[int, dict[str, list[Person]]] = {}
    for person in people:
        for action in person.actions:
            doers.setdefault(action, {}).setdefault(person.data_set, []).append(person)
    return doers
