"""An ensemble: recognisers of the same sizes that answer together, as one of them would."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from model.network.recogniser import Recogniser

LEAST_PROBABILITY = 1e-9
"""What a class has at least, so that its logarithm is finite in float32."""


class Ensemble(nn.Module):
    """Clips in, class scores of all members together and features of the first out.

    Members that were trained differently err differently: the mean of their probabilities is right
    more often than each of them. Parameters are named `members.0.…` and so on.
    """

    def __init__(self, members: Sequence[Recogniser]) -> None:
        """Join recognisers.

        Raises:
            ValueError: there are fewer than two, or they are of different sizes or tasks.
        """
        super().__init__()
        if len(members) < 2:
            raise ValueError(f"an ensemble has at least 2 members; got {len(members)}")
        self.config = members[0].config
        for number, member in enumerate(members[1:], 2):
            if member.config != self.config:
                raise ValueError(
                    f"an ensemble's members have the same settings, {self.config}; got "
                    f"{member.config} as number {number}"
                )
        self.members = nn.ModuleList(members)

    def forward(self, clip: Tensor) -> tuple[Tensor, Tensor]:
        """Score clips, as `Recogniser.forward` does.

        Returns:
            The logarithm of the mean probability of each class, (B, T, K) or (B, K), and the dense
            features (B, T, 2D) of the first member.

        Raises:
            ValueError: the clip has another shape than the members were made for.
        """
        answers = [member(clip) for member in self.members]
        probabilities = torch.stack([logits.softmax(dim=-1) for logits, _ in answers])
        features: Tensor = answers[0][1]
        return probabilities.mean(dim=0).clamp_min(LEAST_PROBABILITY).log(), features
