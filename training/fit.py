"""The training loop: AdamW, one warm-up and cosine, an average of the weights, state on disk.

Lightning Fabric carries device, precision and processes; this loop is what is done on them. It
knows no data set and no network: it is given batches, a loss and a validation. Whatever is random
in an epoch depends on the seed and the number of the epoch alone, so a run that is killed and taken
up again gives the weights of one that was not.

The weights that are validated and kept are an exponential moving average of those that are trained.
"""

import copy
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any, Generic, NoReturn, Protocol, TypeVar

import msgspec
import torch
from lightning.fabric import Fabric
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from training.journal import Journal
from training.optimisation import FitError, Optimisation
from training.progress import Progress
from training.run_state import read_run_state, unusable, write_run_state

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
"""Largest norm of a step's gradient."""


class Task(Protocol[Batch]):
    """What is learnt."""

    def batches(self, epoch: int) -> Iterator[Batch]:
        """The batches of an epoch, on the network's device; the same ones whenever it is asked."""
        ...

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """The loss of a batch, a scalar."""
        ...

    def validate(self, network: nn.Module) -> float | None:
        """A score of a network in evaluation mode, higher is better; None where nothing chooses.

        The weights of the best score are kept, or the latest ones where there was none.
        """
        ...


def fit(
    fabric: Fabric,
    network: nn.Module,
    task: Task[Batch],
    optimisation: Optimisation,
    settings: dict[str, object],
    state_path: Path,
    journal: Journal | None = None,
) -> Progress:
    """Trains a network, from where ``state_path`` left off if it exists.

    Args:
        fabric: Launched.
        network: At the end it holds the best averaged weights, in evaluation mode.
        task: What is learnt.
        optimisation: How.
        settings: All settings, plain; a run is taken up only with those that it began with.
        state_path: Where the state of the run is kept, seen by all processes.
        journal: Where losses, rate and scores are noted; None for nowhere.

    Raises:
        FitError: Where the state is of a run with other settings, or cannot be written.
    """
    run = _Run(fabric, network, task, optimisation, journal or Journal())
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
    # A batch norm has seen its own process's clips: all leave with what the first one holds.
    network.load_state_dict(fabric.broadcast(run.chosen().state_dict()))
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
        journal: Journal,
    ) -> None:
        self._fabric = fabric
        self._network = network
        self._task = task
        self._optimisation = optimisation
        self._journal = journal
        self._trained, self._optimiser = fabric.setup(network, optimisation.optimiser(network))
        self._average = AveragedModel(network, avg_fn=_moving(optimisation.average_decay))
        self._best = copy.deepcopy(network)
        self.progress = Progress()

    def epoch(self, bar: "tqdm[NoReturn]") -> None:
        """Trains for an epoch, and validates where it is due."""
        self.progress.losses.append(self._learn(bar))
        self.progress.epoch += 1
        ends = self.progress.epoch == self._optimisation.epochs
        if ends or self.progress.epoch % self._optimisation.validate_every == 0:
            averaged = self._average.module.eval()
            score = self._task.validate(averaged)
            if score is not None:
                self._journal.note("validation/score", score)
            if score is not None and self.progress.note(score):
                self._best.load_state_dict(averaged.state_dict())
        self._journal.end_epoch(self.progress.epoch * self._optimisation.steps)
        bar.set_postfix(self.progress.shown())

    def chosen(self) -> nn.Module:
        """The best averaged weights, or the latest where no validation chose."""
        return self._best if self.progress.best_epoch else self._average.module

    def save(self, path: Path, settings: dict[str, object]) -> None:
        """Replaces the state on disk at once: a kill leaves the old one or the new one."""
        if self._fabric.is_global_zero:
            state = {name: part.state_dict() for name, part in self._parts().items()}
            noted = {"progress": asdict(self.progress), "settings": settings}
            write_run_state({**state, **noted}, path)
        self._fabric.barrier()

    def take_up(self, path: Path, settings: dict[str, object]) -> None:
        """Goes back to the state on disk, where there is one."""
        if not path.is_file():
            return
        state = read_run_state(path, settings)
        try:
            for name, part in self._parts().items():
                part.load_state_dict(state[name])
            self.progress = msgspec.convert(state["progress"], Progress)
        except (KeyError, TypeError, ValueError, RuntimeError, msgspec.ValidationError) as error:
            raise unusable(path) from error

    def _parts(self) -> dict[str, Stateful]:
        return {
            "trained": self._network,
            "optimiser": self._optimiser,
            "average": self._average,
            "best": self._best,
        }

    def _seed(self) -> int:
        run = self._optimisation.seed * 1_000_003 + self.progress.epoch
        return run * 1_009 + self._fabric.global_rank

    def _learn(self, bar: "tqdm[NoReturn]") -> float:
        """Takes the steps of an epoch, and gives its mean loss."""
        optimisation, epoch = self._optimisation, self.progress.epoch
        torch.manual_seed(self._seed())
        self._trained.train()
        begun_seconds, losses = time.perf_counter(), []
        clips_a_batch = optimisation.batch * self._fabric.world_size
        groups = _groups(self._task.batches(epoch), optimisation.accumulate)
        for step, group in enumerate(groups, epoch * optimisation.steps):
            losses += self._step(step, group)
            bar.update(len(group) * clips_a_batch)
        # What it has to wait for makes this the end of the epoch on every device.
        loss = float(torch.stack(losses).mean())
        seconds = time.perf_counter() - begun_seconds
        self._journal.learnt(len(losses) * clips_a_batch, seconds)
        self._journal.note("loss/total", loss)
        return loss

    def _step(self, step: int, group: Sequence[Batch]) -> list[Tensor]:
        """Takes a step on the mean gradient of a group of batches, and gives their losses.

        Raises:
            FitError: The gradient is no finite number.
        """
        rate = self._optimisation.rate(step)
        self._journal.note("learning_rate", rate)
        for parameters in self._optimiser.param_groups:
            parameters["lr"] = rate * parameters.get("rate_share", 1.0)
        self._optimiser.zero_grad()
        losses = []
        for place, batch in enumerate(group, 1):
            # Processes exchange gradients once a step.
            with self._fabric.no_backward_sync(self._trained, enabled=place < len(group)):
                loss = self._task.loss(self._trained, batch)
                self._fabric.backward(loss / len(group))
            losses.append(loss.detach())
        norm = self._fabric.clip_gradients(
            self._trained, self._optimiser, max_norm=CLIP_NORM, error_if_nonfinite=False
        )
        if norm is not None and not torch.isfinite(norm):
            raise FitError(
                f"step {step}: the loss or its gradients are no finite numbers any more, at a "
                f"learning rate of {rate:.3g}; a lower one may help"
            )
        self._optimiser.step()
        self._average.update_parameters(self._network)
        return losses


def _groups(batches: Iterator[Batch], size: int) -> Iterator[list[Batch]]:
    """Groups of so many batches; the last holds what is left."""
    while group := list(islice(batches, size)):
        yield group


def _moving(decay: float) -> Callable[[Tensor, Tensor, object], Tensor]:
    """How a moving average takes in the weights of one more step."""
    return lambda average, latest, _: torch.lerp(average, latest, 1 - decay)
