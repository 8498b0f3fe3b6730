"""Choosing: streams of the people who choose, as cameras see them, labelled online by a network.

They choose which weights are kept, and calibrate. Their windows are cut once, by the code that
serves, and kept. It knows no training.
"""

from collections.abc import Sequence
from functools import cached_property
from itertools import chain

from torch import nn

from model.pose.artifact import ArtifactSpec
from model.pose.layout import layout_named
from model.pose.store import PoseClip, PoseStore
from training.everyday.hearing import pictures
from training.everyday.sensor import Sensor
from training.everyday.vocabulary import Vocabulary
from training.labellers import predictor_of
from training.online import Evaluation, OnlineRecording, evaluate
from training.splits import COMPOSED, REAL

REAL_CAMERAS = 2
"""So many see each real stream, of which there are few."""


class Choosing:
    """Streams that choose, in the pictures of fixed cameras."""

    def __init__(self, store: PoseStore, vocabulary: Vocabulary, spec: ArtifactSpec) -> None:
        """Takes the streams, of which none is seen yet.

        Args:
            store: Of the part that chooses, in space.
            vocabulary: Of their labels.
            spec: Of the network that will label them.
        """
        self._store, self._vocabulary, self._spec = store, vocabulary, spec

    @cached_property
    def pictures(self) -> Sequence[PoseClip]:
        """The streams as cameras see them, the same ones whenever and by whomever asked."""
        sensor = Sensor(layout_named(self._spec.layout))
        seen = (
            pictures(map(self._store.__getitem__, places), sensor, self._vocabulary, cameras)
            for split, cameras in ((COMPOSED, 1), (REAL, REAL_CAMERAS))
            if (places := self._store.splits.get(split, ()))
        )
        return tuple(chain.from_iterable(seen))

    @cached_property
    def recordings(self) -> Sequence[OnlineRecording]:
        """The same, with all windows cut."""
        return [OnlineRecording(clip, self._spec.layout, self._spec) for clip in self.pictures]

    def evaluate(self, network: nn.Module) -> Evaluation:
        """Lets a network, in evaluation mode, label them, and scores it."""
        return evaluate(self.recordings, predictor_of(network))
