"""Linear probes: a linear classifier of frozen features, which leaves the encoder as it is.

Two are offered: a regularised logistic regression, and the protocol of USDRL's authors, stochastic
gradient descent with momentum on the features as they are (USDRL, AAAI 2025, section 4.2).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from training.representation import Labelled, logistic_probe

ProbeKind = Literal["logistic", "sgd"]
PROBES: tuple[ProbeKind, ...] = get_args(ProbeKind)

Probe = Callable[[NDArray[np.float32]], NDArray[np.float64]]
"""Features ``(N, F)`` to probabilities ``(N, K)``."""


@dataclass(frozen=True)
class Descent:
    """How the authors' probe descends.

    Attributes:
        learning_rate: Theirs is 0.006 to 0.03, by data set; it falls to 0 along half a cosine.
        epochs: Passes over the clips that train.
        batch: Clips of a step.
        seed: Of weights and order.
    """

    learning_rate: float = 0.02
    epochs: int = 200
    batch: int = 512
    seed: int = 1


def logistic(train: Labelled, classes: int, more: Sequence[Labelled] = ()) -> Probe:
    """Fits the regularised logistic regression of `logistic_probe`.

    Args:
        train: What it is fitted to, and what chooses its strength.
        classes: K; a class that ``train`` lacks gets probability 0.
        more: Further features of the same clips that it is fitted to.
    """
    fitted = logistic_probe(train, more)

    def probabilities(features: NDArray[np.float32]) -> NDArray[np.float64]:
        spread = np.zeros((len(features), classes))
        spread[:, fitted.classes_] = fitted.predict_proba(features)
        return spread

    return probabilities


def descended(train: Labelled, classes: int, descent: Descent) -> Probe:
    """Fits the authors' probe: momentum 0.9, features as they are.

    Args:
        train: What it is fitted to.
        classes: K.
        descent: Rate, length and seed.
    """
    generator = torch.Generator().manual_seed(descent.seed)
    features, labels = torch.from_numpy(train.features), torch.from_numpy(train.labels)
    layer = nn.Linear(features.shape[1], classes)
    nn.init.normal_(layer.weight, std=0.01, generator=generator)
    nn.init.zeros_(layer.bias)
    optimiser = torch.optim.SGD(layer.parameters(), lr=descent.learning_rate, momentum=0.9)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, descent.epochs)
    for _ in range(descent.epochs):
        order = torch.randperm(len(labels), generator=generator)
        for chosen in torch.split(order, descent.batch):
            loss = functional.cross_entropy(layer(features[chosen]), labels[chosen])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            optimiser.step()
        schedule.step()

    def probabilities(asked: NDArray[np.float32]) -> NDArray[np.float64]:
        with torch.inference_mode():
            said: NDArray[np.float64] = layer(torch.from_numpy(asked)).double().softmax(1).numpy()
        return said

    return probabilities
