"""The ablation takes one thing away at a time, and no trial is done twice."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from model.pose.store import DataSet, PoseStore
from model.pose.store_writer import PoseStoreWriter
from tests.training.protocol_store import LABELS, clip, write_protocol_store
from training import pretraining, trials
from training.__main__ import main
from training.ablation import VARIANTS, WHOLE
from training.consistency import CollapseError
from training.presets import PRESETS
from training.pretraining import STATE
from training.results import Result, read_results, write_result
from training.usdrl_tables import FULL, tables

LOSS, VIEWS = "perspective.loss.", "perspective.views."
TAKEN_AWAY = {
    "without_similarity": {f"{LOSS}similarity": 0},
    "without_variance": {f"{LOSS}variance": 0},
    "without_autocovariance": {f"{LOSS}autocovariance": 0},
    "with_cross_correlation": {f"{LOSS}cross_correlation": 1e-3},
    "without_temporal_crop": {f"{VIEWS}shortest_crop": 1},
    "without_corrupted_joints": {f"{VIEWS}corrupted_share": 0},
    "without_linear_map": {
        f"{VIEWS}{part}": 0 for part in ("turn_degrees", "tilt_degrees", "scale", "shear")
    },
    "two_views_in_place_of_four": {"perspective.count": 2},
    "STTR_in_place_of_DSTE": {"encoder": "sttr"},
}


@pytest.fixture(scope="module")
def nw_ucla(tmp_path_factory: pytest.TempPathFactory) -> PoseStore:
    """A store that says it is NW-UCLA: 72 clips of cameras 1 and 2, 24 of camera 3."""
    path = tmp_path_factory.mktemp("nw_ucla") / "store"
    draw = np.random.default_rng(0)
    with PoseStoreWriter(path, DataSet("nw_ucla", "kinect20", 30.0, LABELS, "made up")) as writer:
        for subject in range(1, 9):
            for label in range(len(LABELS)):
                for number, view in enumerate((1, 1, 2, 3)):
                    made = clip(subject, label, number, int(draw.integers(12, 40)))
                    writer.append(replace(made, view=view))
    return PoseStore(path)


def command(store: PoseStore, directory: Path, *more: str) -> list[str]:
    """One epoch of the full method and of two views in place of four, unless told otherwise."""
    out, results = str(directory / "runs"), str(directory / "results")
    given = ["ablate", "--store", str(store.path), "--out", out, "--results", results]
    return [*given, "--epochs", "1", "--only", FULL, "two_views_in_place_of_four", *more]


def flat(settings: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(settings, Mapping):
        for name, value in settings.items():
            yield from flat(value, f"{prefix}.{name}".removeprefix("."))
    else:
        yield prefix, settings


def test_every_variant_differs_from_the_full_method_in_one_thing() -> None:
    """And the full method from the preset in its width; no other setting is another."""
    full = dict(flat(msgspec.to_builtins(WHOLE)))
    small = dict(flat(msgspec.to_builtins(PRESETS["small"])))
    assert {name: value for name, value in full.items() if small[name] != value} == {
        "hidden_size": 96
    }
    assert full["frames"] == 32
    changed = {
        variant: {
            name: value for name, value in flat(msgspec.to_builtins(preset)) if full[name] != value
        }
        for variant, preset in VARIANTS.items()
    }
    assert changed == {FULL: {}, **TAKEN_AWAY}


def test_results_are_those_of_evaluate_and_no_trial_is_done_twice(
    nw_ucla: PoseStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Named as the table asks; the state is gone; the same command once more does nothing."""
    asked = command(nw_ucla, tmp_path, "--seeds", "1", "2", "--json")
    assert main(asked) == 0
    said = capsys.readouterr().out.splitlines()
    order = [line.partition(":")[0] for line in said if "linear" in line]
    two = "two_views_in_place_of_four"
    assert order == [f"{variant} with seed {seed}" for seed in (1, 2) for variant in (FULL, two)]
    assert json.loads(said[-1]) == {"done": 4, "skipped": 0}
    found = read_results(tmp_path / "results")
    names = [f"nw_ucla.ablation.{variant}" for variant in (FULL, two)]
    assert set(found) == {
        f"{name}.{task}.seed_{seed}"
        for name in names
        for task in ("linear", "knn")
        for seed in (1, 2)
    }
    titles = [row.title for row in tables(found)["ablation"].rows]
    assert titles == ["the full method", "two views in place of four"]
    assert not list(tmp_path.rglob(STATE))
    for task in ("linear", "knn"):
        assert main(_evaluate(task, nw_ucla, tmp_path)) == 0
        ours = found[f"{names[1]}.{task}.seed_2"]
        theirs = read_results(tmp_path / "evaluated")[task]
        assert ours.predicted == theirs.predicted
        assert ours.figures[0].value == theirs.figures[0].value
    capsys.readouterr()
    assert main(asked) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"done": 4, "skipped": 4}
    assert main([*asked, "--epochs", "2"]) == 2
    assert "expected a result of 2 epochs, found one of another" in capsys.readouterr().err


def _evaluate(task: str, store: PoseStore, directory: Path) -> list[str]:
    encoder = directory / "runs" / "two_views_in_place_of_four" / "seed_2" / "pretrained.ckpt"
    return [
        *("evaluate", task, "--protocol", "nw_ucla/cross-view", "--store", str(store.path)),
        *("--pretrained", str(encoder), "--name", task, "--out", str(directory / "evaluated")),
    ]


def test_a_trial_that_was_stopped_is_taken_up(
    nw_ucla: PoseStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A disk that is full between two results: what was learnt is not learnt again."""
    asked = command(nw_ucla, tmp_path, "--seeds", "1", "--only", FULL)

    def full_disk(result: Result, directory: Path) -> Path:
        if result.task == "knn":
            raise OSError(28, "No space left on device")
        return write_result(result, directory)

    monkeypatch.setattr(trials, "write_result", full_disk)
    assert main(asked) == 2
    assert capsys.readouterr().err.splitlines()[-1] == "ablate: [Errno 28] No space left on device"
    monkeypatch.undo()
    assert list(tmp_path.rglob(STATE))

    def nothing_left(*_: object) -> None:
        pytest.fail("an epoch was learnt again")

    monkeypatch.setattr("training.fit._Run.epoch", nothing_left)
    assert main(asked) == 0
    assert not list(tmp_path.rglob(STATE))
    assert len(read_results(tmp_path / "results")) == 2


def test_a_collapse_is_a_result(
    nw_ucla: PoseStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Projections that collapse are measured to the end and say so; no number has no figure."""
    alone = replace(WHOLE.perspective.loss, variance_autocovariance=0.0, similarity=50.0)
    optimisation = replace(
        WHOLE.optimisation, batch=24, learning_rate=2e-2, average_decay=0.5, validate_every=1
    )
    perspective = replace(WHOLE.perspective, loss=alone)
    lost = replace(WHOLE, hidden_size=16, perspective=perspective, optimisation=optimisation)
    monkeypatch.setattr(trials, "VARIANTS", {FULL: lost})
    asked = command(nw_ucla, tmp_path, "--seeds", "1", "--only", FULL, "--epochs", "15")
    assert main(asked) == 0
    for result in read_results(tmp_path / "results").values():
        assert len(result.figures) == 1
        assert "collapse: projections have spread" in result.notes[-1]

    def no_number(*_: object, **__: object) -> pretraining.PretrainingRun:
        raise CollapseError("numerical collapse: the loss is no finite number any more")

    monkeypatch.setattr(trials, "pretrain", no_number)
    assert main([*asked, "--seeds", "2"]) == 0
    result = read_results(tmp_path / "results")["nw_ucla.ablation.full.knn.seed_2"]
    assert result.figures == ()
    assert result.notes[-1] == "Numerical collapse: the loss is no finite number any more."


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("--only bird", "invalid choice: 'bird'"),
        ("--seeds -1", "expected a whole number of at least 0, got '-1'"),
        ("--epochs 0", "expected a whole number of at least 1, got '0'"),
        ("--store nowhere", "nowhere"),
        ("--store {utd_mhad}", "is for nw_ucla, this store holds utd_mhad"),
    ],
)
def test_bad_input_is_one_sentence(
    arguments: str,
    sentence: str,
    nw_ucla: PoseStore,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit 2, one line on stderr, nothing left behind."""
    if "{utd_mhad}" in arguments:
        arguments = arguments.format(utd_mhad=write_protocol_store(tmp_path / "other").path)
    try:
        status = main(command(nw_ucla, tmp_path, *arguments.split()))
    except SystemExit as ended:  # argparse's own
        status = int(ended.code or 0)
    said = capsys.readouterr().err.splitlines()
    assert status == 2
    assert sentence in said[-1]
    assert len(said) == 1
    assert not (tmp_path / "runs").exists()
