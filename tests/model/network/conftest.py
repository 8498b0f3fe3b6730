"""The golden numbers: what the USDRL authors' own implementation gave for random weights."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from model.network.config import EncoderConfig, EncoderKind
from model.network.projectors import PretrainingNetwork
from model.network.recogniser import encoder_of
from model.network.tokens import Modality

GOLDEN = Path(__file__).resolve().parents[3].parent / "shared" / "golden"
# From 0, root 20: the tree over which the authors take bones.
_NTU_PARENTS = "1 20 20 2 20 4 5 6 20 8 9 10 0 12 13 14 0 16 17 18 20 22 7 24 11"


@dataclass(frozen=True)
class Golden:
    """One golden file as tensors: the authors' weights, clips and outputs."""

    kind: EncoderKind
    tensors: dict[str, Tensor]

    @property
    def state(self) -> dict[str, Tensor]:
        """The state dict under the published key names."""
        return {
            name.removeprefix("state."): values
            for name, values in self.tensors.items()
            if name.startswith("state.")
        }

    @property
    def config(self) -> EncoderConfig:
        """The sizes and settings that the file states."""
        stated: dict[str, Any] = {
            name: self.tensors[f"config.{name}"].item()
            for name in ("joints", "persons", "frames", "hidden_size", "alpha", "gap")
        }
        return EncoderConfig(self.kind, heads=int(self.tensors["config.num_head"]), **stated)

    @property
    def modalities(self) -> dict[Modality, tuple[int, ...]]:
        """The modalities that the file holds, with the parents to derive them by."""
        parents = tuple(map(int, _NTU_PARENTS.split()))
        names: tuple[Modality, ...] = ("joint", "motion", "bone")
        return {name: parents for name in names if f"{name}.y_t" in self.tensors}

    def network(self) -> PretrainingNetwork:
        """Our network with the authors' weights, in evaluation mode."""
        network = PretrainingNetwork(encoder_of(self.config))
        network.load_state_dict(self.state)
        return network.eval()


@pytest.fixture(scope="session", params=["dste_coco17", "dste_ntu25", "sttr_coco17"])
def golden(request: pytest.FixtureRequest) -> Golden:
    path = GOLDEN / f"usdrl_{request.param}.npz"
    if not path.is_file():
        pytest.skip(f"the golden numbers are not here ({path.name})")
    with np.load(path) as arrays:
        tensors = {name: torch.from_numpy(np.asarray(arrays[name])) for name in arrays.files}
    return Golden("dste" if request.param.startswith("dste") else "sttr", tensors)
