"""A replica: which of the processes that train together this one is, and how it hears the others.

**Gradients of what was gathered.** Each of W processes computes the same loss L from the parts
z_1 … z_W of all of them. Going back through the gathering adds up what all ask of z_r: W · ∂L/∂z_r.
DDP then takes the mean of the weights' gradients, (1/W) · Σ_r W · ∂L/∂z_r · ∂z_r/∂θ, and that is
∂L/∂θ: the factors cancel, and neither loss nor gradients are multiplied by anything. Where a loss
is a mean over clips and not gathered, DDP's mean alone gives the same.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

from lightning.fabric import Fabric
from torch import Tensor

Gather = Callable[[Tensor], Tensor]
"""A tensor ``(B, …)`` of each process to all of them, ``(world · B, …)``, with gradients."""


def alone(tensor: Tensor) -> Tensor:
    """What a process gathers that is the only one."""
    return tensor


@dataclass(frozen=True)
class Replica:
    """One of the processes that train together.

    Attributes:
        rank: Its number, from 0.
        count: Number of processes.
        gather: How tensors of all processes come together, in the order of their ranks.
    """

    rank: int = 0
    count: int = 1
    gather: Gather = alone


def replica_of(fabric: Fabric) -> Replica:
    """The replica that this process is; ``fabric`` is launched."""
    if fabric.world_size == 1:
        return Replica()
    # Lightning gathers by a function that torch is about to rename: nothing for a user to heed.
    warnings.filterwarnings("ignore", message=r"torch\.distributed\.nn\.functional\.all_gather is")

    def gather(tensor: Tensor) -> Tensor:
        everywhere = fabric.all_gather(tensor, sync_grads=True)
        assert isinstance(everywhere, Tensor)
        return everywhere.flatten(0, 1)

    return Replica(fabric.global_rank, fabric.world_size, gather)
