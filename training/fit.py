"""The training loop: AdamW, one warm-up and cosine, an average of the weights, state on disk.

Lightning Fabric carries device, precision and processes; this loop is what is done on them. It
knows no data set and no network: it is given batches, a loss and a validation. Whatever is random
in an epoch depends on the seed and the number of the epoch alone, so a run that is killed and taken
up again gives the weights of one that was not.

The weights that are validated and kept are an exponential moving average of those that are trained.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Generic, NoReturn, Protocol, TypeVar

import torch
from lightning.fabric import Fabric
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from training.optimisation import FitError, Optimisation
from training.progress import Progress

Batch = TypeVar("Batch")


class Stateful(Protocol):
    """What can give its state and take it back."""

    def state_dict(self) -> dict[str, Any]:
        """The state, as plain values and tensors."""
        ...

    def load_state_dict(self, state_dict: dict[str, Any]) -> object:
        """Takes a state back."""
        ...


CLIP_NORM = 1.0


class Task(Protocol[Batch]):
    """What is learnt."""

    def batches(self, epoch: int) -> Iterator[Batch]:
        """The batches of an epoch, on the network's device; the same ones whenever it is asked."""
        ...

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """The loss of a batch, a scalar."""
        ...

    def validate(self, network: nn.Module) -> float:
        """A score of a network in evaluation mode, higher is better."""
        ...


def fit(
    fabric: Fabric,
    network: nn.Module,
    task: Task[Batch],
    optimisation: Optimisation,
    settings: dict[str, object],
    state_path: Path,
) -> Progress:
    """Trains a network, from where ``state_path`` left off if it exists.

    Args:
        fabric: Launched.
        network: At the end it holds the best averaged weights, in evaluation mode.
        task: What is learnt.
        optimisation: How.
        settings: All settings, plain; a run is taken up only with those that it began with.
        state_path: Where the state of the run is kept.

    Raises:
        FitError: Where the state is of a run with other settings.
    """
    run = _Run(fabric, network, task, optimisation)
    run.take_up(state_path, settings)
    clips = optimisation.batches * optimisation.batch * fabric.world_size
    with tqdm(
        total=optimisation.epochs * clips,
        initial=run.progress.epoch * clips,
        desc=state_path.name.partition(".")[0],
        unit="clip",
        disable=not fabric.is_global_zero,
    ) as bar:
        while run.progress.epoch < optimisation.epochs:
            run.epoch(bar)
            run.save(state_path, settings)
    network.load_state_dict(run.chosen().state_dict())
    network.eval()
    return run.progress


class _Run(Generic[Batch]):
    """The parts of a run that change, and what an epoch does to them."""

    def __init__(
        self,
        fabric: Fabric,
        network: nn.Module,
        task: Task[Batch],
        optimisation: Optimisation,
    ) -> None:
        self._fabric = fabric
        self._network = network
        self._task = task
        self._optimisation = optimisation
        self._trained, self._optimiser = fabric.setup(network, optimisation.optimiser(network))
        self._average = AveragedModel(network, avg_fn=_moving(optimisation.average_decay))
        self._best = copy.deepcopy(network)
        self.progress = Progress()

    def epoch(self, bar: "tqdm[NoReturn]") -> None:
        """Trains for an epoch, and validates where it is due."""
        torch.manual_seed(self._seed())
        self._trained.train()
        losses = []
        first_step = self.progress.epoch * self._optimisation.batches
        for step, batch in enumerate(self._task.batches(self.progress.epoch), first_step):
            losses.append(self._step(step, batch))
            bar.update(self._optimisation.batch * self._fabric.world_size)
        self.progress.epoch += 1
        self.progress.losses.append(float(torch.stack(losses).mean()))
        if self.progress.epoch % self._optimisation.validate_every == 0:
            averaged = self._average.module.eval()
            if self.progress.note(self._task.validate(averaged)):
                self._best.load_state_dict(averaged.state_dict())
        bar.set_postfix(self.progress.shown())

    def chosen(self) -> nn.Module:
        """The best averaged weights, or the latest where no validation chose."""
        return self._best if self.progress.best_epoch else self._average.module

    def save(self, path: Path, settings: dict[str, object]) -> None:
        """Replaces the state on disk at once: a kill leaves the old one or the new one."""
        partial = path.with_name(f".{path.name}.partial")
        noted = {"progress": asdict(self.progress), "settings": settings}
        self._fabric.save(partial, {**self._parts(), **noted})
        if self._fabric.is_global_zero:
            partial.replace(path)
        self._fabric.barrier()

    def take_up(self, path: Path, settings: dict[str, object]) -> None:
        """Goes back to the state on disk, where there is one."""
        if not path.is_file():
            return
        try:
            state = self._fabric.load(path, weights_only=True)
            found = state["settings"]
        except Exception as error:
            # Torch fails in a dozen ways on bytes that are not its own, and in many lines.
            raise FitError(
                f"{path}: expected the state of a run, found something else; "
                "--restart begins it anew"
            ) from error
        if found != settings:
            raise FitError(f"{path}: this run began with other settings; --restart begins it anew")
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.progress = Progress(**state["progress"])

    def _parts(self) -> dict[str, Stateful]:
        return {
            "trained": self._trained,
            "optimiser": self._optimiser,
            "average": self._average,
            "best": self._best,
        }

    def _seed(self) -> int:
        run = self._optimisation.seed * 1_000_003 + self.progress.epoch
        return run * 1_009 + self._fabric.global_rank

    def _step(self, step: int, batch: Batch) -> Tensor:
        for group in self._optimiser.param_groups:
            group["lr"] = self._optimisation.rate(step)
        loss = self._task.loss(self._trained, batch)
        self._optimiser.zero_grad()
        self._fabric.backward(loss)
        self._fabric.clip_gradients(self._trained, self._optimiser, max_norm=CLIP_NORM)
        self._optimiser.step()
        self._average.update_parameters(self._network)
        return loss.detach()


def _moving(decay: float) -> Callable[[Tensor, Tensor, object], Tensor]:
    """How a moving average takes in the weights of one more step."""
    return lambda average, latest, _: torch.lerp(average, latest, 1 - decay)
