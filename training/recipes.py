"""Recipes: the settings with which the shipped models were trained.

They were chosen on subject 9 of UTKinect (`docs/training.md` says which were tried). Window,
sampling and augmentation are the same for all three models, so that these are compared and not
their data.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from model.network.baselines import BaselineConfig, GruBaseline, MlpBaseline, baseline_of
from model.network.config import EncoderConfig
from model.network.recogniser import Recogniser, RecogniserConfig
from model.network.tokens import Modality
from model.pose.layout import Layout
from training.augment import Augmentation
from training.optimisation import Optimisation
from training.windows import Sampling


@dataclass(frozen=True)
class Recipe:
    """All that a dense fine-tune is told, beside its data.

    Attributes:
        network: Skeleton and number of classes → sizes of the network.
        optimisation: How long and how fast it learns.
        frames: T.
        rate_hz: Of the window's own time line.
        sampling: How training windows are drawn.
        augmentation: How strongly they are changed.
        newest_share: What the newest position counts in the loss.
        smoothing: Of labels.
    """

    network: Callable[[Layout, int, int], RecogniserConfig | BaselineConfig]
    optimisation: Optimisation
    frames: int = 48
    rate_hz: float = 13.5
    sampling: Sampling = field(default_factory=Sampling)
    augmentation: Augmentation = field(default_factory=Augmentation)
    newest_share: float = 0.5
    smoothing: float = 0.1

    def around(self, encoder: EncoderConfig, modality: Modality) -> "Recipe":
        """The same recipe for a pretrained encoder: its sizes, and windows that last as long.

        Args:
            encoder: Sizes of the encoder.
            modality: What it reads.
        """

        def network(layout: Layout, frames: int, labels: int) -> RecogniserConfig:
            own = dste(layout, frames, labels)
            sizes = replace(encoder, drop_path=own.encoder.drop_path)
            return replace(own, encoder=sizes, modality=modality)

        rate_hz = self.rate_hz * encoder.frames / self.frames
        return replace(self, network=network, frames=encoder.frames, rate_hz=rate_hz)


def dste(layout: Layout, frames: int, labels: int) -> RecogniserConfig:
    """A small DSTE with a linear head on its dense feature."""
    encoder = EncoderConfig(
        kind="dste",
        joints=len(layout.joints),
        persons=1,
        hidden_size=96,
        frames=frames,
        drop_path=0.2,
    )
    return RecogniserConfig(encoder, "frames", labels, parents=layout.parents, head_dropout=0.3)


def gru(layout: Layout, frames: int, labels: int) -> BaselineConfig:
    """A GRU over frames; it needs no number of frames."""
    return BaselineConfig(
        "gru",
        len(layout.joints),
        persons=1,
        labels=labels,
        hidden_size=192,
        dropout=0.5,
        steps=True,
    )


def mlp(layout: Layout, frames: int, labels: int) -> BaselineConfig:
    """An MLP on each frame; it needs no number of frames."""
    return BaselineConfig(
        "mlp", len(layout.joints), persons=1, labels=labels, hidden_size=256, layers=2
    )


RECIPES: Mapping[str, Recipe] = {
    "dste": Recipe(
        dste,
        Optimisation(epochs=48, batches=30, average_decay=0.995, validate_every=4),
        newest_share=0.15,
    ),
    "pretrained": Recipe(
        dste,
        Optimisation(
            epochs=48, batches=30, learning_rate=5e-4, average_decay=0.995, validate_every=4
        ),
        newest_share=0.15,
    ),
    "gru": Recipe(gru, Optimisation(epochs=24, batches=30, validate_every=4), newest_share=0.5),
    "mlp": Recipe(mlp, Optimisation(epochs=24, batches=30, validate_every=4), newest_share=0.5),
}


Network = Recogniser | GruBaseline | MlpBaseline


def network_of(config: RecogniserConfig | BaselineConfig) -> Network:
    """Makes the network that ``config`` describes, with random weights."""
    return Recogniser(config) if isinstance(config, RecogniserConfig) else baseline_of(config)


FROM_SCRATCH = tuple(model for model in RECIPES if model != "pretrained")
"""The recipes that need nothing but data."""
