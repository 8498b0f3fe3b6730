"""The everyday model: a recogniser and a GRU that learnt from the same streams, joined to one.

It trains nothing: both were fine-tuned before, and are calibrated together afterwards.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from model.network.baselines import GruBaseline
from model.network.ensemble import Ensemble
from model.network.recogniser import Recogniser
from model.network.weights import digest
from training.labellers import Weights, load_weights
from training.optimisation import FitError


def joined(name: str, recogniser: Path, recurrent: Path) -> Weights:
    """The ensemble of two models that are not calibrated yet.

    Args:
        name: Of the ensemble.
        recogniser: Checkpoint of a recogniser of frames, whose notes and features are kept.
        recurrent: Checkpoint of a GRU.

    Raises:
        FitError: They are not of these kinds, or differ in what they read, what they say or what
            they learnt from.
        CheckpointError: One cannot be read.
        ArtifactError: The notes of one are no specification.
    """
    first, second = load_weights(recogniser), load_weights(recurrent)
    if not isinstance(first.network, Recogniser):
        raise FitError(f"{recogniser}: expected a recogniser, got another model")
    if not isinstance(second.network, GruBaseline):
        raise FitError(f"{recurrent}: expected a GRU, got another model")
    for what, one, other in _compared(first, second):
        if one != other:
            raise FitError(
                f"{recurrent}: expected the {what} of {recogniser}, got others; train both in one "
                "run"
            )
    try:
        network = Ensemble(first.network, second.network).eval()
    except ValueError as error:
        raise FitError(f"{recogniser}, {recurrent}: {error}") from error
    notes = {
        **first.provenance,
        "recurrent": {"digest": digest(second.network), **second.provenance},
    }
    return Weights(network, replace(first.spec, name=name), notes)


def _compared(first: Weights, second: Weights) -> Iterator[tuple[str, object, object]]:
    """What both have to say alike: its name, what the first says and what the second does."""
    commit = first.spec.provenance.commit
    alike = replace(second.spec.provenance, commit=commit)
    yield "specification", first.spec, replace(second.spec, name=first.spec.name, provenance=alike)
    one, other = (_mapping(each.provenance.get("settings")) for each in (first, second))
    for key in ("train", "films", "rounds"):
        yield f"settings of {key}", one.get(key), other.get(key)
    seeds = [_mapping(each.get("optimisation")).get("seed") for each in (one, other)]
    yield "seed", seeds[0], seeds[1]


def _mapping(entries: object) -> Mapping[str, object]:
    return entries if isinstance(entries, Mapping) else {}
