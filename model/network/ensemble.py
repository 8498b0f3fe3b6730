"""An ensemble: a recogniser of frames and a recurrent network that answer together."""

import torch
from torch import Tensor, nn

from model.network.baselines import CHANNELS, GruBaseline
from model.network.recogniser import Recogniser

LEAST_PROBABILITY = 1e-9
"""What a class has at least, so that its logarithm is finite in float32."""


class Ensemble(nn.Module):
    """Clips in, class scores of both networks together and features of the recogniser out.

    Networks of two kinds err at different frames: the mean of their probabilities can be right more
    often than either (docs/everyday.md). Parameters are named ``recogniser.*`` and ``recurrent.*``.
    """

    def __init__(self, recogniser: Recogniser, recurrent: GruBaseline) -> None:
        """Join two networks.

        Raises:
            ValueError: The recogniser is one of clips, or the two read other clips or score other
                numbers of classes.
        """
        super().__init__()
        self.config = recogniser.config
        if self.config.task != "frames":
            raise ValueError(f"an ensemble needs a recogniser of frames; got {self.config.task!r}")
        encoder, baseline = self.config.encoder, recurrent.config
        for what, first, second in (
            ("channels", encoder.channels, CHANNELS),
            ("joints", encoder.joints, baseline.joints),
            ("persons", encoder.persons, baseline.persons),
            ("labels", self.config.labels, baseline.labels),
        ):
            if first != second:
                raise ValueError(
                    f"both networks of an ensemble have as many {what}; got {first} and {second}"
                )
        self.recogniser = recogniser
        self.recurrent = recurrent

    def forward(self, clip: Tensor) -> tuple[Tensor, Tensor]:
        """Score clips (B, C, T, V, M), as `Recogniser.forward` does.

        Returns:
            The logarithm of the mean probability of each class, (B, T, K), and the dense features
            of the recogniser, (B, T, 2D).

        Raises:
            ValueError: The clip has another shape than the recogniser was made for.
        """
        logits, features = self.recogniser(clip)
        also, _ = self.recurrent(clip)
        mean = (logits.softmax(dim=-1) + also.softmax(dim=-1)) / 2
        return torch.log(mean.clamp_min(LEAST_PROBABILITY)), features
