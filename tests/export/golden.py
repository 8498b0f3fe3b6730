"""The authors' golden numbers as one of their downstream checkpoints, with a head made here."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.service.process import ROOT

GOLDEN = ROOT.parent / "shared" / "golden"

Numbers = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class GoldenCheckpoint:
    """A file in the published form, and what the authors' network gave for its clips.

    Attributes:
        path: `backbone.*` and `fc.*`, each key with the `module.` of a distributed run.
        labels: a file of its classes.
        clips: (B, 3, T, V, M).
        features: (B, T, 2D), the authors' dense features of these clips.
        clip_features: (B, 2D), the authors' features of whole clips.
        weight: (K, 2D) of the head.
        bias: (K,) of the head.
    """

    path: Path
    labels: Path
    clips: NDArray[np.float32]
    features: NDArray[np.float32]
    clip_features: NDArray[np.float32]
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    @property
    def logits(self) -> NDArray[np.float32]:
        """(B, T, K): the head on the authors' features."""
        return self._scored(self.features)

    @property
    def clip_logits(self) -> NDArray[np.float32]:
        """(B, K): the head on the authors' features of whole clips."""
        return self._scored(self.clip_features)

    def _scored(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        scored: NDArray[np.float32] = features @ self.weight.T + self.bias
        return scored


def numbers(name: str) -> Numbers:
    """The arrays of `usdrl_{name}.npz`; the test is skipped where they are not there."""
    path = GOLDEN / f"usdrl_{name}.npz"
    if not path.is_file():
        pytest.skip(f"the golden numbers are not here ({path.name})")
    with np.load(path) as arrays:
        return {key: np.asarray(arrays[key]) for key in arrays.files}


def state(found: Numbers, part: str = "") -> dict[str, torch.Tensor]:
    """The weights whose published names begin with `part`."""
    prefix = "state."
    return {
        key.removeprefix(prefix): torch.from_numpy(values)
        for key, values in found.items()
        if key.startswith(prefix + part)
    }


def write_downstream(name: str, place: Path, labels: int = 52) -> GoldenCheckpoint:
    """Writes a downstream checkpoint of the golden encoder `name`, with a fixed head."""
    found = numbers(name)
    draw = np.random.default_rng(0)
    features = found["dense_features"]
    weight = draw.normal(size=(labels, features.shape[-1])).astype(np.float32)
    bias = draw.normal(size=labels).astype(np.float32)
    head = {"fc.weight": torch.from_numpy(weight), "fc.bias": torch.from_numpy(bias)}
    named = {f"module.{key}": values for key, values in (state(found, "backbone.") | head).items()}
    place.mkdir(parents=True, exist_ok=True)
    torch.save({"epoch": 40, "state_dict": named}, place / "theirs.pt")
    lines = ["# PKU-MMD", "background", *(f"action {n}" for n in range(1, labels)), ""]
    (place / "labels.txt").write_text("\n".join(lines))
    return GoldenCheckpoint(
        place / "theirs.pt",
        place / "labels.txt",
        found["clips"][0],
        features,
        found["clip_features"],
        weight,
        bias,
    )
