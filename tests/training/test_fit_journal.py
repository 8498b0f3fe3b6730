"""What a run notes: the curves of its epochs in TensorBoard's form, and how fast it went."""

from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.training.swings import READING, TINY, source_of, write_swings
from training.clip_choice import chosen_clips
from training.journal import Journal
from training.pretraining import pretrain


def curves(directory: Path) -> dict[str, dict[int, float]]:
    """Each scalar that TensorBoard shows, by step."""
    events = EventAccumulator(str(directory))
    events.Reload()
    return {
        name: {event.step: event.value for event in events.Scalars(name)}
        for name in events.Tags()["scalars"]
    }


def test_a_pretraining_writes_its_curves(tmp_path: Path) -> None:
    """Every epoch: loss, its terms, rate, pace; every validation: score, spread and rank."""
    source = source_of(write_swings(tmp_path / "store"))
    chosen = chosen_clips(source, None, set(), {5})
    run = pretrain(source, chosen, READING, TINY, tmp_path / "out", tensorboard=True)
    found = curves(tmp_path / "out" / "events")

    every_epoch, validated = {2, 4, 6, 8, 10, 12}, {4, 8, 12}
    assert {name: set(points) for name, points in found.items()} == {
        "loss/total": every_epoch,
        "loss/similarity": every_epoch,
        "loss/variance_autocovariance": every_epoch,
        "learning_rate": every_epoch,
        "clips_per_second": every_epoch,
        "validation/score": validated,
        "projections/spread": validated,
        "projections/rank": validated,
    }
    progress = run.pretrained.provenance["progress"]
    assert isinstance(progress, dict)
    assert list(found["loss/total"].values()) == pytest.approx(progress["losses"])
    weights = TINY.perspective.loss
    for step, total in found["loss/total"].items():
        assert total == pytest.approx(
            weights.similarity * found["loss/similarity"][step]
            + weights.variance_autocovariance * found["loss/variance_autocovariance"][step],
            rel=1e-4,
        )
    assert list(found["validation/score"].values()) == pytest.approx(
        [score for _, score in progress["scores"]]
    )


def test_curves_of_a_killed_run_go_on_without_a_fold(tmp_path: Path) -> None:
    """What was written after the last state is not shown beside what the next run writes."""
    with Journal(tmp_path) as killed:
        for step in (1, 2, 3):
            killed.note("loss", 10.0 * step)
            killed.end_epoch(step)
    with Journal(tmp_path) as next_one:
        for step in (3, 4):
            next_one.note("loss", 1.0 * step)
            next_one.note("loss", 2.0 * step)
            next_one.end_epoch(step)
    assert curves(tmp_path) == {"loss": {1: 10.0, 2: 20.0, 3: 4.5, 4: 6.0}}


def test_a_journal_without_a_directory_only_counts() -> None:
    """Clips over the seconds that learning took; nothing was learnt: 0."""
    journal = Journal()
    assert journal.clips_per_second == 0
    journal.learnt(300, 2.0)
    journal.learnt(100, 2.0)
    journal.note("loss", 1.0)
    journal.end_epoch(1)
    assert journal.clips_per_second == 100
