"""The trials of the ablation: one pretraining and what its frozen features hold, for each of them.

It knows files, and what is measured: as ``evaluate linear`` and ``evaluate knn`` ask. A result that
is there is not measured again, and a pretraining that was killed is taken up.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from model.network.pretrained import Reading
from model.pose.figures import measured
from model.pose.store import PoseStore
from training.ablation import VARIANTS
from training.clip_choice import Chosen
from training.clip_evaluation import Outcome
from training.clip_source import ClipSource
from training.consistency import CollapseError
from training.devices import Devices
from training.evaluate_knn import nearest
from training.evaluate_linear import linear
from training.frozen_evaluation import Measure
from training.frozen_streams import Frozen, FrozenStream
from training.pretraining import STATE, PretrainingRun, pretrain
from training.probes import Descent
from training.protocols import protocol_named
from training.results import Result, ResultError, read_result, write_result
from training.usdrl_tables import ABLATION, CROSS_VIEW

READING = Reading("joint", "kinect20", "kinect-3d")
TASKS: Mapping[str, Measure] = {
    "linear": lambda frozen: linear(frozen, "logistic", Descent().learning_rate, mapped=False),
    "knn": nearest,
}


@dataclass(frozen=True)
class Trial:
    """One pretraining of the ablation.

    Attributes:
        variant: Which of `VARIANTS`.
        seed: Of everything random in it.
    """

    variant: str
    seed: int

    def __str__(self) -> str:
        return f"{self.variant} with seed {self.seed}"

    def result_name(self, task: str) -> str:
        """The name of what a task found of it."""
        return f"{ABLATION}.{self.variant}.{task}.seed_{self.seed}"


class Trials:
    """The trials on one store: which are done, and how another is."""

    def __init__(
        self, store: PoseStore, out: Path, results: Path, epochs: int, devices: Devices
    ) -> None:
        """Takes a store of NW-UCLA.

        Args:
            store: Whose training part is pretrained on.
            out: Directory of the runs.
            results: Directory of what was found.
            epochs: Of every trial.
            devices: On what it learns.

        Raises:
            ProtocolError: The store is of another data set.
            StoreError: It cannot be read as the encoders do.
        """
        self._store = store
        self._out = out
        self._results = results
        self._epochs = epochs
        self._devices = devices
        self._partition = protocol_named(CROSS_VIEW).partition(store)

    def done(self, trial: Trial) -> bool:
        """Whether all that a trial is to find is there; if so, its state is taken away.

        Raises:
            ResultError: A file is no result, or one of another number of epochs.
        """
        for task in TASKS:
            path = self._results / f"{trial.result_name(task)}.json"
            if not path.is_file():
                return False
            if self._setting(trial) not in read_result(path).notes:
                raise ResultError(
                    f"{path}: expected a result of {self._epochs} epochs, found one of another "
                    "ablation; name another directory of --results"
                )
        (self._directory(trial) / STATE).unlink(missing_ok=True)
        return True

    def run(self, trial: Trial, restart: bool = False) -> str:
        """Pretrains, measures and writes what was found; returns it in a line.

        A trial whose projections collapse goes on to its last epoch, so that all are measured after
        as many, and its results say so; one whose loss is no number any more has no figures.

        Args:
            trial: That is not done.
            restart: Whether to begin its pretraining anew, whatever is there.

        Raises:
            FitError: What is there is the run of other settings, or there are too few clips.
            CheckpointError: The checkpoint cannot be written.
            OSError: A directory cannot be written to.
        """
        try:
            outcomes = self._measured(self._pretrained(trial, restart), trial)
        except CollapseError as error:
            outcomes = {task: Outcome({}, notes=(f"{error}.".capitalize(),)) for task in TASKS}
        for task, outcome in outcomes.items():
            write_result(self._result(trial, task, outcome), self._results)
        (self._directory(trial) / STATE).unlink(missing_ok=True)
        found = [
            f"{task} {value:.2f} %"
            for task, outcome in outcomes.items()
            for value in outcome.values.values()
        ]
        return f"{trial}: {', '.join(found) or 'collapsed'}"

    def _directory(self, trial: Trial) -> Path:
        return self._out / trial.variant / f"seed_{trial.seed}"

    def _setting(self, trial: Trial) -> str:
        what = trial.variant.replace("_", " ")
        return f"Ablation ({what}), {self._epochs} epochs, seed {trial.seed}."

    def _source(self, persons: int) -> ClipSource:
        return ClipSource([self._store], READING.layout, "kinect-3d", persons)

    def _pretrained(self, trial: Trial, restart: bool) -> PretrainingRun:
        preset = VARIANTS[trial.variant]
        optimisation = replace(preset.optimisation, epochs=self._epochs, seed=trial.seed)
        train = list(self._partition.train)
        return pretrain(
            self._source(preset.persons),
            Chosen(train, train, []),
            READING,
            replace(preset, optimisation=optimisation),
            self._directory(trial),
            self._devices,
            restart=restart,
            collapse_ends=False,
        )

    def _measured(self, run: PretrainingRun, trial: Trial) -> dict[str, Outcome]:
        source = self._source(run.pretrained.network.backbone.config.persons)
        streams = (FrozenStream(run.pretrained, source),)
        frozen = Frozen(streams, self._partition, self._store.data_set.labels, trial.seed)
        noted = (f"At the end, {run.collapse}.",) if run.collapse else ()
        outcomes = {task: measure(frozen) for task, measure in TASKS.items()}
        return {
            task: replace(outcome, notes=(*outcome.notes, *noted))
            for task, outcome in outcomes.items()
        }

    def _result(self, trial: Trial, task: str, outcome: Outcome) -> Result:
        name, command = trial.result_name(task), self._command(trial)
        protocol = protocol_named(CROSS_VIEW)
        notes = (f"{protocol.says.capitalize()}.", self._setting(trial), *outcome.notes)
        return Result(
            name=name,
            task=task,
            protocol=protocol.name,
            figures=tuple(
                measured(f"{name}{suffix}", round(value, 4), "%", command, " ".join(notes))
                for suffix, value in outcome.values.items()
            ),
            classes=self._store.data_set.labels,
            truth=tuple(outcome.truth.tolist()),
            predicted=tuple(outcome.predicted.tolist()),
            notes=notes,
        )

    def _command(self, trial: Trial) -> str:
        """The command that does this trial alone."""
        options = {
            "store": self._store.path,
            "out": self._out,
            "results": self._results,
            "seeds": trial.seed,
            "epochs": self._epochs,
            "only": trial.variant,
        }
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        return shlex.join(["python", "-m", "training", "ablate", *words])
