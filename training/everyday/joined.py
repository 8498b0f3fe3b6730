"""Several everyday models joined to one, which answers with their mean.

It trains nothing: what is joined was fine-tuned, and is calibrated together afterwards.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from model.network.ensemble import Ensemble
from model.network.recogniser import Recogniser
from model.network.weights import digest
from training.labellers import Weights, load_weights
from training.optimisation import FitError


def joined(name: str, paths: Sequence[Path]) -> Weights:
    """The ensemble of fine-tuned models, with the specification of the first.

    Args:
        name: Of the ensemble.
        paths: Of the checkpoints, uncalibrated; two at least.

    Raises:
        FitError: They are not models of one kind.
        CheckpointError: One cannot be read.
        ArtifactError: The notes of one are no specification.
    """
    members, networks = [load_weights(path) for path in paths], []
    first = members[0]
    for path, member in zip(paths, members, strict=True):
        said = replace(
            member.spec,
            name=first.spec.name,
            version=first.spec.version,
            provenance=first.spec.provenance,
        )
        if said != first.spec or not isinstance(member.network, Recogniser):
            raise FitError(f"{path}: expected a model of the kind of {paths[0]}, got another")
        networks.append(member.network)
    try:
        network = Ensemble(networks).eval()
    except ValueError as error:
        raise FitError(f"{', '.join(map(str, paths))}: {error}") from error
    notes: dict[str, object] = {
        "members": [
            {"name": member.spec.name, "digest": digest(member.network), **member.provenance}
            for member in members
        ]
    }
    return Weights(network, replace(first.spec, name=name), notes)
