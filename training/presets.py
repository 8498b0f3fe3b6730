"""Presets of pretraining: all that a run is told, beside its data, in one place.

What the command does not name is changed from Python: ``replace(preset, perspective=replace(
preset.perspective, loss=MgfdWeights(similarity=0)))``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from model.network.config import EncoderConfig, EncoderKind
from training.consistency import Perspective
from training.optimisation import FitError, Optimisation
from training.views import CAMERA_VIEWS


@dataclass(frozen=True)
class Preset:
    """All that a pretraining is told, beside its data.

    Attributes:
        hidden_size: D.
        persons: M.
        frames: T.
        encoder: Which of the encoders.
        drop_path: Of the encoder.
        causal: Whether a frame's dense feature depends on no later frame.
        perspective: What is compared.
        optimisation: How long and how fast it learns; an epoch's batches follow from the data.
    """

    hidden_size: int
    persons: int
    frames: int = 64
    encoder: EncoderKind = "dste"
    drop_path: float = 0.1
    causal: bool = False
    perspective: Perspective = field(default_factory=Perspective)
    optimisation: Optimisation = field(default_factory=Optimisation)

    def encoder_config(self, joints: int) -> EncoderConfig:
        """Sizes of the encoder for so many joints.

        Raises:
            FitError: A size is out of its range.
        """
        try:
            return EncoderConfig(
                self.encoder,
                joints=joints,
                persons=self.persons,
                hidden_size=self.hidden_size,
                frames=self.frames,
                drop_path=self.drop_path,
                causal=self.causal,
            )
        except ValueError as error:
            raise FitError(str(error)) from error


PRESETS: Mapping[str, Preset] = {
    "paper": Preset(
        hidden_size=1024,
        persons=2,
        optimisation=Optimisation(
            epochs=451, batch=356, learning_rate=5e-4, weight_decay=1e-5, validate_every=10
        ),
    ),
    "edge": Preset(
        hidden_size=256,
        persons=1,
        perspective=Perspective(views=CAMERA_VIEWS),
        optimisation=Optimisation(
            epochs=200, batch=128, learning_rate=1e-3, weight_decay=1e-5, validate_every=5
        ),
    ),
    "small": Preset(
        hidden_size=128,
        persons=1,
        frames=32,
        perspective=Perspective(views=CAMERA_VIEWS),
        optimisation=Optimisation(
            epochs=100, batch=64, learning_rate=3e-3, weight_decay=1e-5, validate_every=5
        ),
    ),
}
"""The paper's settings (with AdamW and a cosine for its Adam and step), ones for a small device
with an accelerator, and ones for a CPU."""
