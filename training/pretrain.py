"""``python -m training pretrain``: USDRL pretraining on prepared stores, without labels.

It knows flags and what is printed; the run is `training.pretraining`'s.
"""

import argparse
import json
import sys
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from model.network.config import EncoderKind
from model.network.pretrained import Reading
from model.network.tokens import Modality
from model.network.weights import CheckpointError
from model.pose.layout import LayoutError
from model.pose.normalise import NORMALISATIONS, Normalisation
from model.pose.store import PoseStore, StoreError
from training.arguments import (
    add_epochs,
    add_json,
    add_learning_rate,
    add_precision,
    add_protocol,
    add_run_directory,
    add_seed,
    natural,
    positive,
)
from training.clip_choice import chosen_clips
from training.clip_source import ClipSource
from training.consistency import CollapseError
from training.devices import (
    ACCELERATORS,
    AUTO,
    PRECISIONS,
    DeviceError,
    ThisMachine,
    choose_devices,
)
from training.optimisation import FitError
from training.presets import PRESETS, Preset
from training.pretraining import PretrainingRun, pretrain
from training.progress import SMOOTHED_OVER
from training.protocols import ProtocolError, protocol_named

SIZES = ("encoder", "hidden_size", "frames", "causal")
PACE = ("epochs", "batch", "accumulate", "learning_rate", "seed")
"""Flags that stand in the place of a preset's settings, of the network and of its optimisation."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``pretrain`` can be told."""
    parser.description = (
        "USDRL pretraining on prepared stores. Labels choose when to stop, where --choosing names "
        "subjects, and nothing else. A run that was interrupted is taken up."
    )
    parser.add_argument(
        "--store", metavar="DIR", type=Path, nargs="+", required=True, help="prepared stores"
    )
    add_run_directory(parser)
    parser.add_argument("--preset", choices=PRESETS, default="small", help="all settings")
    parser.add_argument(
        "--modality",
        choices=get_args(Modality),
        default="joint",
        help="what is read; all is one encoder for the three",
    )
    parser.add_argument(
        "--layout",
        default="kinect20",
        help="that all clips are mapped to, whatever the preset; ntu25 for those of Kinect v2",
    )
    parser.add_argument(
        "--normalisation",
        choices=NORMALISATIONS,
        default="kinect-3d",
        help="of the clips, whatever the preset; the paper's is 2s-agcn",
    )
    parser.add_argument(
        "--project",
        action="store_true",
        help="show clips in space as pictures, each view by a camera of its own; --layout and "
        "--normalisation are those of the pictures",
    )
    _add_clips(parser)
    _add_settings(parser)
    _add_device(parser)
    parser.add_argument(
        "--tensorboard",
        action="store_true",
        help="write losses, rates and scores of each epoch to OUT/events",
    )
    add_json(parser)
    parser.set_defaults(run=run)


def _add_clips(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("which clips")
    add_protocol(group, required=False, otherwise="all clips")
    group.add_argument(
        "--views", metavar="N", type=natural, nargs="+", help="cameras that train (default: all)"
    )
    group.add_argument(
        "--left-out",
        metavar="N",
        type=natural,
        nargs="+",
        default=[],
        help="subjects not looked at",
    )
    group.add_argument(
        "--across-cameras",
        action="store_true",
        help="compare what the cameras that train recorded of one execution (not the paper's)",
    )
    group.add_argument(
        "--choosing", metavar="N", type=natural, nargs="+", default=[], help="subjects that choose"
    )


def _add_settings(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("in place of the preset's")
    preset = "the preset's"
    group.add_argument(
        "--encoder", choices=get_args(EncoderKind), help=f"which encoder (default: {preset})"
    )
    for option, metavar, what in (
        ("--hidden-size", "D", "width of a token"),
        ("--frames", "T", "frames of a view"),
        ("--batch", "B", "clips of a batch, on each device"),
        (
            "--accumulate",
            "N",
            "batches whose gradients make a step; each has its own statistics in the loss",
        ),
    ):
        group.add_argument(
            option, metavar=metavar, type=positive, help=f"{what} (default: {preset})"
        )
    group.add_argument(
        "--causal",
        action="store_true",
        default=None,
        help=f"let a frame's feature depend on no later frame (default: {preset})",
    )
    add_epochs(group, preset)
    add_learning_rate(group, preset)
    add_seed(group, otherwise=preset)


def _add_device(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("device")
    group.add_argument(
        "--accelerator",
        choices=[AUTO, *ACCELERATORS],
        default=AUTO,
        help="what to learn on; auto is CUDA where it is here",
    )
    group.add_argument(
        "--devices",
        metavar="N",
        type=positive,
        help="of this machine, a process each (default: 1, or what torchrun started)",
    )
    add_precision(group, [AUTO, *PRECISIONS])


def run(args: argparse.Namespace) -> int:
    """Runs the command and returns its exit status: 2, and one sentence, on bad input."""
    modality: Modality = args.modality
    normalisation: Normalisation = args.normalisation
    try:
        devices = choose_devices(ThisMachine(), args.accelerator, args.devices, args.precision)
        preset = _preset(args, modality)
        stores = [PoseStore(path) for path in args.store]
        source = ClipSource(stores, args.layout, normalisation, preset.persons, args.project)
        if args.project and source.in_space:
            raise FitError(
                "--project: expected a --normalisation of picture keypoints, such as body-2d, "
                f"got {normalisation}"
            )
        views = None if args.views is None else set(args.views)
        chosen = chosen_clips(
            source, views, set(args.left_out), set(args.choosing), _training(args, stores)
        )
        done = pretrain(
            source,
            chosen,
            Reading(modality, args.layout, normalisation),
            preset,
            args.out,
            devices,
            restart=args.restart,
            tensorboard=args.tensorboard,
        )
    except (
        StoreError,
        LayoutError,
        DeviceError,
        FitError,
        CollapseError,
        ProtocolError,
        CheckpointError,
        OSError,
    ) as error:
        print(f"pretrain: {error}", file=sys.stderr)
        return 2
    if done.leads:
        print(_line(done, str(devices), bool(args.choosing)))
        if args.json:
            print(json.dumps(_plain(done)))
    return 0


def _training(args: argparse.Namespace, stores: Sequence[PoseStore]) -> Collection[int] | None:
    """Places of the clips that train by the protocol; None without one.

    Of stores that it is not for, all clips train.

    Raises:
        ProtocolError: It is unknown, is for none of the stores, or one of them holds clips that
            test by it under another name.
    """
    if args.protocol is None:
        return None
    protocol = protocol_named(args.protocol)
    own = [store for store in stores if store.data_set.name in protocol.data_sets] or stores[:1]
    for store in stores:
        if store.data_set.name in protocol.other_editions:
            raise ProtocolError(
                f"{store.path}: expected no other form of what {protocol.name} tests on, got "
                f"{store.data_set.name}, which holds the same clips"
            )
    places: list[int] = []
    before = 0
    for store in stores:
        seen = protocol.partition(store).train if store in own else range(len(store.entries))
        places += [before + place for place in seen]
        before += len(store.entries)
    return places


def _preset(args: argparse.Namespace, modality: Modality) -> Preset:
    """The preset with what the flags say in its place.

    Raises:
        FitError: A setting is out of its range, or what is to be causal reads motion.
    """
    if args.causal and modality in ("motion", "all"):
        raise FitError(
            "--causal: expected --modality joint or bone, because motion looks one frame ahead; "
            f"got {modality}"
        )

    def given(names: Sequence[str]) -> dict[str, Any]:
        return {name: value for name in names if (value := getattr(args, name)) is not None}

    preset = PRESETS[args.preset]
    perspective = replace(preset.perspective, modality=modality, across_cameras=args.across_cameras)
    optimisation = replace(preset.optimisation, **given(PACE))
    sizes = given(SIZES)
    return replace(preset, perspective=perspective, optimisation=optimisation, **sizes)


def _line(done: PretrainingRun, devices: str, choosing: bool) -> str:
    kept = f"epoch {done.kept_epoch} kept" if done.kept_epoch else "last epoch kept"
    if choosing and not done.kept_epoch:
        kept += f" (fewer than {SMOOTHED_OVER} validations: --choosing chose nothing)"
    pace = f"{done.clips_per_second:,.0f} clips/s on {devices}"
    clips = f"{done.clips:,} clips"
    if done.by_several_cameras:
        clips += f", {done.by_several_cameras:,} of them recorded by several cameras"
    return f"{done.checkpoint}: {clips}, {kept}, {pace}"


def _plain(done: PretrainingRun) -> dict[str, object]:
    """The run for a machine."""
    return {
        "checkpoint": str(done.checkpoint),
        "clips": done.clips,
        "kept_epoch": done.kept_epoch,
        "clips_per_second": round(done.clips_per_second, 1),
    }
