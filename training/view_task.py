"""The pretraining task: four views of each clip, drawn together and kept apart by MG-FD.

What `training.fit` learns: batches of clips without labels, the loss over their views, and a
validation by retrieval between subjects that the encoder may have seen, whose labels choose when
to stop and nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model.network.tokens import Modality
from model.pose.store import StoreError
from training.clip_source import ClipBatch, ClipSource
from training.consistency import MEASURED, Consistency, Perspective, ViewNetwork
from training.journal import Journal
from training.modal_network import ModalNetwork
from training.read_ahead import made_ahead, readers
from training.replica import Replica
from training.representation import clip_features, labelled, retrieval_accuracy

_Plan = tuple[NDArray[np.int64], NDArray[np.float64] | None]
"""Places of clips, and by which cameras they are read; None for those that recorded them."""


def executions(source: ClipSource, places: Sequence[int]) -> dict[int, list[int]]:
    """Each place of some clips → those of them that are recordings of its execution, itself too.

    Args:
        source: Where clips are read.
        places: Which clips of it.

    Raises:
        StoreError: No execution is of several cameras.
    """
    recordings: dict[str, list[int]] = {}
    together: dict[int, list[int]] = {}
    for place in places:
        execution = source.entry(place).execution
        together[place] = [] if execution is None else recordings.setdefault(execution, [])
        together[place].append(place)
    if not _by_several_cameras(source, together):
        raise StoreError(
            "expected clips that several cameras recorded of one execution, got none among those "
            "that train; a store that an earlier version prepared does not say"
        )
    return together


def _by_several_cameras(source: ClipSource, together: Mapping[int, Sequence[int]]) -> int:
    """How many of the clips are of an execution that several cameras recorded."""
    return sum(
        len({source.entry(place).view for place in recordings}) > 1
        for recordings in together.values()
    )


class ViewTask:
    """The clips of a store, to be told apart whatever the perspective."""

    def __init__(
        self,
        source: ClipSource,
        places: Sequence[int],
        perspective: Perspective,
        frames: int,
        batch: int,
        seed: int,
        device: torch.device,
        replica: Replica | None = None,
        journal: Journal | None = None,
        *,
        collapse_ends: bool = True,
    ) -> None:
        """Takes the clips that train.

        Args:
            source: Where clips are read.
            places: Which clips of it.
            perspective: What is compared.
            frames: T of the views.
            batch: Clips of a batch, on each device.
            seed: Of the order of clips.
            device: Where views are made.
            replica: Which of several processes this is; None for the only one.
            journal: Where terms of the loss and signs of collapse are noted; None for nowhere.
            collapse_ends: Whether the validation refuses projections that have collapsed.

        Raises:
            StoreError: Views are to be drawn across cameras, and no execution is of several.
        """
        self._source = source
        self._places = np.asarray(places, np.int64)
        self._perspective = perspective
        self._batch = batch
        self._seed = seed
        self._device = device
        self._replica = replica or Replica()
        self._consistency = Consistency(
            perspective,
            frames,
            perspective.clip_a_view,
            self._replica,
            journal,
            collapse_ends=collapse_ends,
        )
        self._recordings = executions(source, places) if perspective.across_cameras else {}
        self.by_several_cameras = _by_several_cameras(source, self._recordings)
        """Clips whose views are of several cameras, where they are drawn across cameras."""
        self._gallery: Sequence[int] = ()
        self._queries: Sequence[int] = ()

    def choose_by(self, gallery: Sequence[int], queries: Sequence[int]) -> None:
        """Sets the clips between which the validation retrieves."""
        self._gallery, self._queries = gallery, queries

    def batches(self, epoch: int) -> Iterator[ClipBatch]:
        """This process's batches of an epoch, in an order of seed and epoch alone.

        Over all processes every clip comes once, but for those that fill no batch of each. Where
        cameras are drawn, a batch of B clips holds W·B: each clip as seen by a camera for each
        view, view by view; across cameras likewise, each clip as one of its execution's recordings
        for each view. What comes next is read while a batch is learnt.
        """
        for batch in made_ahead(self._plans(epoch), self._read, readers(self._device)):
            yield batch.to(self._device)

    def _read(self, plan: _Plan) -> ClipBatch:
        """A batch, not on the device yet."""
        places, cameras = plan
        if cameras is None:
            return self._source.read(places)
        return self._source.read_by(cameras, places)

    def _plans(self, epoch: int) -> Iterator[_Plan]:
        """The clips of each batch, and by which cameras; torch's generator is left alone."""
        settings = self._perspective
        order = np.random.default_rng([self._seed, epoch]).permutation(self._places)
        around = np.random.default_rng([self._seed, epoch, 1 + self._replica.rank])
        span = self._batch * self._replica.count
        first = self._batch * self._replica.rank
        for start in range(first, first + len(order) - span + 1, span):
            places = order[start : start + self._batch]
            if settings.clip_a_view:
                places = np.tile(places, settings.count)
            if settings.across_cameras:
                places = np.array([around.choice(self._recordings[place]) for place in places])
            drawn = settings.cameras.draw(around, len(places)) if settings.cameras else None
            yield places, drawn

    def loss(self, network: nn.Module, batch: ClipBatch) -> Tensor:
        """MG-FD over views of a batch, a scalar; with several processes over that of all of them.

        Raises:
            CollapseError: the loss is no finite number.
        """
        return self._consistency.loss(network, batch)

    def validate(self, network: nn.Module) -> float | None:
        """Retrieval accuracy in per cent, or None where no subjects choose.

        Raises:
            CollapseError: the features no longer tell clips apart.
        """
        if not isinstance(network, ViewNetwork | ModalNetwork):
            raise TypeError(f"expected a network of views, got {type(network).__name__}")
        self._consistency.check(network, self._measured())
        if not self._queries:
            return None
        features = self._features(network, self._gallery)
        return retrieval_accuracy(
            labelled(features, self._source, self._gallery),
            labelled(self._features(network, self._queries), self._source, self._queries),
        )

    def collapse(self, network: ViewNetwork | ModalNetwork) -> str | None:
        """Says of which kind the collapse of a network's projections is, None of a sound one."""
        return self._consistency.collapse(network, self._measured())

    def _measured(self) -> ClipBatch:
        """The clips of which collapse is measured."""
        return self._source.read(self._places[:MEASURED]).to(self._device)

    def _features(
        self, network: ViewNetwork | ModalNetwork, places: Sequence[int]
    ) -> NDArray[np.float32]:
        modality: Modality = "all" if isinstance(network, ModalNetwork) else network.modality
        parents = () if isinstance(network, ModalNetwork) else network.parents
        backbone = network.network.backbone
        return clip_features(backbone, self._source, places, modality, parents)
