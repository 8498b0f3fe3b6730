"""``finetune linear``: a linear head on a pretrained encoder that stays as it is.

What a probe only measures is kept here: the regularised logistic regression of
`training.representation`, folded into the head of a recogniser that can be exported. Published
weights come to it through ``python -m export published --as-pretrained``.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from sklearn.pipeline import Pipeline
from torch import Tensor

from model.network.checkpoint import Checkpoint, save_checkpoint
from model.network.pretrained import load_backbone
from model.network.recogniser import Recogniser, RecogniserConfig
from model.pose.figures import commit
from model.pose.layout import layout_named
from model.pose.store import PoseStore
from training.arguments import add_json, add_protocol, add_store
from training.clip_evaluation import EXPECTED_ERRORS
from training.frozen_streams import FrozenStream, open_stream
from training.protocols import protocol_named
from training.recognition_run import Beginning, labelled_clips, specification
from training.representation import logistic_probe

UNSEEN = 20.0
"""How far below the most probable class one that no clip showed is at least, in logits."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``finetune linear`` can be told."""
    parser.description = (
        "Fits a linear head to the training clips of a protocol, on a pretrained encoder that "
        "stays as it is, and writes a checkpoint to be exported."
    )
    add_protocol(parser, required=True)
    add_store(parser)
    parser.add_argument(
        "--pretrained", metavar="FILE", type=Path, required=True, help="encoder that is read"
    )
    parser.add_argument(
        "--out", metavar="FILE", type=Path, required=True, help="the checkpoint to write"
    )
    parser.add_argument(
        "--project", action="store_true", help="show clips in space as a camera's picture"
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command and returns its exit status: 2, and one sentence, on bad input."""
    try:
        protocol, store = protocol_named(args.protocol), PoseStore(args.store)
        clips = labelled_clips(protocol, store, False, 100.0, 0, args.project)
        stream = open_stream(args.pretrained, store, args.project)
        probe = logistic_probe(stream.labelled(clips.places))
        network = with_head(stream, probe, len(store.data_set.labels))
        pretrained = stream.pretrained
        beginning = Beginning(pretrained.network.backbone.config, pretrained.reading, pretrained)
        notes: dict[str, object] = {"commit": commit(), "head": "linear"}
        notes |= {"data": stream.source.seen(clips.places), "encoder": dict(pretrained.provenance)}
        artifact = asdict(specification(clips, beginning))
        save_checkpoint(Checkpoint(network, artifact, notes), args.out)
    except EXPECTED_ERRORS as error:
        print(f"finetune linear: {error}", file=sys.stderr)
        return 2
    print(f"{args.out}: {len(clips.places):,} labelled clips")
    if args.json:
        print(json.dumps({"checkpoint": str(args.out), "clips": len(clips.places)}))
    return 0


def with_head(stream: FrozenStream, probe: Pipeline, labels: int) -> Recogniser:
    """Returns the recogniser whose scores are a probe's.

    Args:
        stream: the encoder.
        probe: standardisation, then logistic regression, fitted to its features.
        labels: K; a class that the probe never saw is scored `UNSEEN` below the best, or more.

    Raises:
        CheckpointError: the encoder cannot be a recogniser's.
    """
    pretrained = stream.pretrained
    parents = layout_named(pretrained.reading.layout).parents
    config = RecogniserConfig(
        pretrained.network.backbone.config, "clip", labels, pretrained.reading.modality, parents
    )
    network = Recogniser(config)
    load_backbone(network, pretrained)
    weight, bias = folded(probe, labels)
    with torch.no_grad():
        network.fc.weight.copy_(weight)
        network.fc.bias.copy_(bias)
    return network.eval()


def folded(probe: Pipeline, labels: int) -> tuple[Tensor, Tensor]:
    """A probe as one linear map of features as they are: weight ``(K, F)`` and bias ``(K,)``."""
    scaler, regression = probe[0], probe[-1]
    coefficients, intercepts = regression.coef_, regression.intercept_
    if len(regression.classes_) == 2:
        # Two classes have one row, the log-odds of the second.
        coefficients = np.concatenate([-coefficients / 2, coefficients / 2])
        intercepts = np.concatenate([-intercepts / 2, intercepts / 2])
    rows = coefficients / scaler.scale_
    offsets = intercepts - rows @ scaler.mean_
    weight = np.zeros((labels, rows.shape[1]))
    weight[:] = rows.mean(axis=0)
    bias = np.full(labels, offsets.min() - UNSEEN)
    weight[regression.classes_], bias[regression.classes_] = rows, offsets
    return torch.from_numpy(weight).float(), torch.from_numpy(bias).float()
