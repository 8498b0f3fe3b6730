"""Teachers: fine-tuned models whose mean answer another one learns beside the labels.

Networks that were made differently err differently, so that their mean is right more often than
each of them; a network of the same size can learn most of that (Hinton et al., "Distilling the
Knowledge in a Neural Network", arXiv 1503.02531). It knows no loss and no run.
"""

from collections.abc import Sequence

import torch
from lightning.fabric import Fabric
from torch import Tensor, nn

from model.network.weights import digest
from model.pose.artifact import ArtifactSpec
from training.labellers import Weights
from training.optimisation import FitError


class Teachers:
    """Some fine-tuned models, which answer together and learn nothing."""

    def __init__(self, weights: Sequence[Weights], pupil: ArtifactSpec, fabric: Fabric) -> None:
        """Takes the models to where the pupil learns.

        Args:
            weights: The models, in evaluation mode; one at least.
            pupil: What the model that learns from them says of itself.
            fabric: Device and precision.

        Raises:
            FitError: One of them reads other windows, or says other classes.
        """
        for each in weights:
            for name in ("labels", "layout", "normalisation", "frames", "rate_hz"):
                expected, found = getattr(pupil, name), getattr(each.spec, name)
                if expected != found:
                    raise FitError(
                        f"{each.spec.name}: expected a teacher's {name} to be its pupil's, "
                        f"{expected}, got {found}"
                    )
        self._weights, self._fabric = tuple(weights), fabric
        for each in weights:
            each.network.to(fabric.device)

    def __call__(self, clips: Tensor) -> Tensor:
        """The mean of their probabilities, ``(B, T, K)``, for clips ``(B, 3, T, V, M)``."""
        with torch.no_grad(), self._fabric.autocast():
            answers = [each.network(clips)[0].float().softmax(dim=-1) for each in self._weights]
        return torch.stack(answers).mean(dim=0)

    @property
    def noted(self) -> list[dict[str, str]]:
        """Name and digest of each, to be kept with what they taught."""
        return [{"name": each.spec.name, "digest": digest(each.network)} for each in self._weights]

    def begin(self, network: nn.Module) -> None:
        """Gives a pupil the weights of the first teacher.

        Raises:
            FitError: They are of other sizes.
        """
        first = self._weights[0]
        try:
            network.load_state_dict(first.network.state_dict())
        except RuntimeError as error:
            raise FitError(
                f"{first.spec.name}: expected the first teacher to have its pupil's sizes, got "
                f"{first.network.config}"
            ) from error
