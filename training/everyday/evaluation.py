"""The evaluation of an everyday model: all that is measured of it, on streams of held-out people.

It knows no file and no table: values by name come out, and what pictures are drawn from.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from tqdm import tqdm

from model.pose.store import PoseClip, PoseStore
from training.everyday.agreement import HEADLESS, agreements
from training.everyday.calibration_error import (
    at_temperature_one,
    expected_calibration_error,
    scored_frames,
    unknown_decision,
)
from training.everyday.coverage import coverage
from training.everyday.hearing import PICTURE_LAYOUT, Heard, check_labels, hear, pictures
from training.everyday.robustness import CURVES, curve
from training.everyday.scores import Delays, Scores, action_scores, by_source, named, scores_of
from training.everyday.sensor import Sensor
from training.everyday.shelf import fill_shelf
from training.everyday.splits import Part, Splits
from training.everyday.streams import TEST_MINUTES, TEST_SEED, WITH_UNKNOWN, Streams, real_streams
from training.everyday.vocabulary import Vocabulary
from training.labellers import Labeller
from training.results import Point

REAL_CAMERAS = 4
"""So many see each real recording, of which there are few."""

UNITS: Mapping[str, str] = MappingProxyType(
    {
        "false_alarms_per_minute": "/min",
        "mistaken_starts_per_minute": "/min",
        "onset_delay_s": "s",
        "onset_delay_p90_s": "s",
        "minutes": "min",
        "background_minutes": "min",
        "window_ms": "ms",
        "size_mb": "MB",
        "onsets": "actions",
        "train_people": "people",
        "test_people": "people",
    }
)
"""Last word of a value's name → its unit; all others are per cent."""


@dataclass(frozen=True)
class Plan:
    """How much is evaluated.

    Attributes:
        minutes: Of composed streams.
        unknown_minutes: Of those that also show actions kept from training; 0 for none.
        robustness_minutes: Of streams for each point of a curve, and for each layout; 0 for none.
    """

    minutes: float = TEST_MINUTES
    unknown_minutes: float = 30.0
    robustness_minutes: float = 10.0


@dataclass(frozen=True)
class Findings:
    """What was found.

    Attributes:
        values: By name, none that was not to be had; units are `UNITS`'s.
        truth: Class of each action of the composed streams.
        predicted: The class that was said of most of its frames.
        curves: Robustness: name → points of macro-F1.
    """

    values: Mapping[str, float]
    truth: tuple[int, ...]
    predicted: tuple[int, ...]
    curves: Mapping[str, tuple[Point, ...]]


def evaluate_streams(
    labeller: Labeller,
    stores: Sequence[PoseStore],
    vocabulary: Vocabulary,
    splits: Splits,
    part: Part,
    plan: Plan,
) -> Findings:
    """Evaluates a model on the streams of a part.

    Raises:
        ArtifactError: It says other classes than the vocabulary has.
        VocabularyError, SplitError: A store does not fit the vocabulary or the splits.
        StoreError: A store cannot be read.
    """
    check_labels(labeller, vocabulary)
    shelf = fill_shelf(stores, vocabulary, splits, part)
    people = _people(stores, vocabulary, splits)
    streams, unknown = Streams(shelf), Streams(shelf, WITH_UNKNOWN)
    recorded = _recorded(stores, vocabulary, splits, part)
    composed = _heard(streams.fixed(TEST_SEED, plan.minutes), labeller, vocabulary, "composed")
    real = _heard(recorded, labeller, vocabulary, "real", REAL_CAMERAS)
    values = _of_streams(composed, real, labeller, vocabulary)
    values |= {name: count for name, count in people.items() if _f1_of(name) in values}
    if plan.unknown_minutes and any(person.does_unknown for person in shelf.people):
        shown = unknown.fixed(TEST_SEED, plan.unknown_minutes)
        heard = _heard(shown, labeller, vocabulary, "unknown")
        values |= _prefixed("unknown", _of_unknown(heard))
        for source, from_it in by_source(heard).items():
            if found := _of_unknown(from_it):
                values[f"unknown.rejected.{source}"] = found["rejected"]
    curves: dict[str, tuple[Point, ...]] = {}
    if plan.robustness_minutes:
        few = list(streams.fixed(TEST_SEED, plan.robustness_minutes))
        through = agreements(tqdm(few, "layouts", unit="stream", delay=2.0), labeller)
        values |= {f"layout.{name}": share for name, share in through.items()}
        values |= {
            "layout_agreement": min(through[name] for name in through if name not in HEADLESS)
        }
        curves = _curves(few, labeller, vocabulary)
    truth, predicted = named(composed)
    return Findings(values, tuple(truth), tuple(predicted), curves)


def slug(label: str) -> str:
    """A label as a word of a figure's name."""
    return label.replace(" ", "_")


def _recorded(
    stores: Sequence[PoseStore], vocabulary: Vocabulary, splits: Splits, part: Part
) -> Iterator[PoseClip]:
    for store in stores:
        if "frame_labels" in store.index.arrays:
            yield from real_streams(store, vocabulary, splits, part)


def _heard(
    streams: Iterable[PoseClip],
    labeller: Labeller,
    vocabulary: Vocabulary,
    what: str,
    cameras: int = 1,
) -> list[Heard]:
    seen = pictures(streams, Sensor(PICTURE_LAYOUT), vocabulary, cameras)
    shown = tqdm(seen, f"{what} streams", unit="stream", delay=2.0)
    return [hear(clip, PICTURE_LAYOUT.name, labeller) for clip in shown]


def _of_streams(
    composed: Sequence[Heard], real: Sequence[Heard], labeller: Labeller, vocabulary: Vocabulary
) -> dict[str, float]:
    experimental = [vocabulary.labels.index(name) for name in vocabulary.experimental]
    probabilities, truth = scored_frames(composed)
    before = at_temperature_one(probabilities, labeller.spec.calibration.temperature)
    values = _scores(scores_of(composed, experimental)) | {
        "ece": expected_calibration_error(probabilities, truth),
        "ece_uncalibrated": expected_calibration_error(before, truth),
    }
    if real:
        values |= _prefixed("real", _scores(scores_of(real, experimental)))
    for source, heard in by_source(composed).items():
        values |= _prefixed(f"source.{source}", _scores(scores_of(heard, experimental)))
    for label, scores in action_scores(composed).items():
        ours = {"f1": scores.f1} | _delays(scores.delays)
        values |= _prefixed(f"action.{slug(vocabulary.labels[label])}", ours)
    return values


def _people(
    stores: Sequence[PoseStore], vocabulary: Vocabulary, splits: Splits
) -> dict[str, float]:
    """How many people taught each action and test it, of those whom their data sets name."""
    parts: tuple[Part, ...] = ("train", "test")
    return {
        f"action.{slug(label)}.{part}_people": float(len(found.people[part]))
        for label, found in coverage(stores, vocabulary, splits).items()
        for part in parts
    }


def _f1_of(name: str) -> str:
    """The F1 of the action that a figure is of."""
    return f"{name.rpartition('.')[0]}.f1"


def _of_unknown(heard: Sequence[Heard]) -> dict[str, float]:
    decision = unknown_decision(heard)
    if decision is None:
        return {}
    return {"rejected": decision.rejected, "lost": decision.lost, "auroc": decision.auroc}


def _curves(
    streams: Sequence[PoseClip], labeller: Labeller, vocabulary: Vocabulary
) -> dict[str, tuple[Point, ...]]:
    with tqdm(total=sum(map(len, CURVES.values())), desc="conditions", delay=2.0) as bar:
        curves: dict[str, tuple[Point, ...]] = {}
        for name, conditions in CURVES.items():
            points = []
            for point in curve(conditions, streams, labeller, vocabulary):
                points.append(point)
                bar.update()
            curves[name] = tuple(points)
    return curves


def _scores(scores: Scores) -> dict[str, float]:
    return _there(
        {
            "macro_f1": scores.macro_f1,
            "frame_accuracy": scores.frame_accuracy,
            "false_alarms_per_minute": scores.alarms.per_minute,
            "mistaken_starts_per_minute": scores.alarms.mistaken_per_minute,
            "minutes": scores.minutes,
            "background_minutes": scores.alarms.background_minutes,
        }
    ) | _delays(scores.delays)


def _delays(delays: Delays) -> dict[str, float]:
    return _there(
        {
            "onsets": float(delays.actions),
            "onset_delay_s": delays.median_s,
            "onset_delay_p90_s": delays.p90_s,
            "never_found": delays.never_found,
        }
    )


def _there(values: Mapping[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in values.items() if value is not None}


def _prefixed(prefix: str, values: Mapping[str, float]) -> dict[str, float]:
    return {f"{prefix}.{name}": value for name, value in values.items()}
