"""Encoders: what a fine-tune may begin with, whichever kind of file holds it.

A file of ``pretrain`` holds an encoder under projectors, a checkpoint one under a head; what lies
on top stays behind.
"""

from pathlib import Path

import msgspec

from model.network.checkpoint import FORMAT as CHECKPOINT_FORMAT
from model.network.checkpoint import load_checkpoint
from model.network.ensemble import Ensemble
from model.network.pretrained import Pretrained, Reading, load_pretrained, pretraining_network
from model.network.weights import CheckpointError, read_torch_file


def load_encoder(path: Path) -> Pretrained:
    """Reads the encoder of a pretrained file or of a recogniser's checkpoint.

    Args:
        path: Of the file.

    Returns:
        The encoder as a pretrained one, with what the file says that it has seen; over that of a
        recogniser stand projectors with random weights.

    Raises:
        CheckpointError: It is neither, or does not say how clips are prepared for it.
    """
    if read_torch_file(path).get("format") != CHECKPOINT_FORMAT:
        return load_pretrained(path)
    checkpoint = load_checkpoint(path)
    if isinstance(checkpoint.network, Ensemble):
        raise CheckpointError(f"{path}: expected one encoder, found an ensemble")
    config = checkpoint.network.config
    said = {key: checkpoint.artifact.get(key) for key in ("layout", "normalisation")}
    try:
        reading = msgspec.convert({"modality": config.modality} | said, Reading)
        network = pretraining_network(config.encoder, reading)
    except (msgspec.ValidationError, ValueError) as error:
        raise CheckpointError(
            f"{path}: it does not say how clips are prepared for its encoder: {error}"
        ) from error
    network.backbone.load_state_dict(checkpoint.network.backbone.state_dict())
    return Pretrained(network.eval(), reading, checkpoint.provenance, path)
