"""``python -m training pretrain``: USDRL pretraining on prepared stores, without labels.

It knows flags and what is printed; the run is `training.pretraining`'s.
"""

import argparse
import json
import sys
from collections.abc import Sequence
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
from training.clip_choice import chosen_clips
from training.clip_source import ClipSource
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
from training.view_task import CollapseError

SIZES = ("encoder", "hidden_size", "frames", "causal")
PACE = ("epochs", "batch", "accumulate", "learning_rate", "seed")
"""Flags that stand in the place of a preset's settings, of the network and of its optimisation."""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds ``pretrain`` to the commands of ``python -m training``."""
    parser = subparsers.add_parser(
        "pretrain",
        help="pretrain an encoder without labels",
        description="USDRL pretraining on prepared stores. Labels choose when to stop, where "
        "--choosing names subjects, and nothing else. A run that was interrupted is taken up.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--store",
        metavar="DIR",
        type=Path,
        nargs="+",
        required=True,
        default=argparse.SUPPRESS,
        help="prepared stores",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        required=True,
        default=argparse.SUPPRESS,
        help="of the run",
    )
    parser.add_argument("--preset", choices=PRESETS, default="small", help="all settings")
    parser.add_argument("--modality", choices=get_args(Modality), default="joint")
    parser.add_argument("--layout", default="kinect20", help="layout that all clips are mapped to")
    parser.add_argument(
        "--normalisation", choices=NORMALISATIONS, default="kinect-3d", help="of the clips"
    )
    parser.add_argument(
        "--project",
        action="store_true",
        help="show clips in space as pictures, each view by a camera of its own; --layout and "
        "--normalisation are those of the pictures",
    )
    parser.add_argument("--views", metavar="N", type=int, nargs="+", help="cameras that train")
    parser.add_argument(
        "--left-out", metavar="N", type=int, nargs="+", default=[], help="subjects not looked at"
    )
    parser.add_argument(
        "--choosing", metavar="N", type=int, nargs="+", default=[], help="subjects that choose"
    )
    _add_settings(parser)
    _add_device(parser)
    parser.add_argument("--restart", action="store_true", help="begin anew, whatever is in --out")
    parser.add_argument(
        "--tensorboard",
        action="store_true",
        help="write losses, rates and scores of each epoch to OUT/events",
    )
    parser.add_argument(
        "--json", action="store_true", help="print one machine-readable line last on stdout"
    )
    parser.set_defaults(run=run)


def _add_settings(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("in place of the preset's")
    group.add_argument("--encoder", choices=get_args(EncoderKind), help="which encoder")
    group.add_argument("--hidden-size", metavar="D", type=int, help="width of a token")
    group.add_argument("--frames", metavar="T", type=int, help="frames of a view")
    group.add_argument(
        "--causal",
        action="store_true",
        default=None,
        help="let a frame's feature depend on no later frame",
    )
    group.add_argument("--epochs", metavar="N", type=int, help="times that all clips are seen")
    group.add_argument("--batch", metavar="B", type=int, help="clips of a batch, on each device")
    group.add_argument(
        "--accumulate",
        metavar="N",
        type=int,
        help="batches whose gradients make a step; each has its own statistics in the loss",
    )
    group.add_argument("--learning-rate", metavar="X", type=float, help="at its highest")
    group.add_argument("--seed", metavar="N", type=int, help="of everything random")


def _add_device(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("device")
    group.add_argument(
        "--accelerator",
        choices=[AUTO, *ACCELERATORS],
        default=AUTO,
        help="auto: CUDA if it is here",
    )
    group.add_argument(
        "--devices",
        metavar="N",
        type=int,
        help="of this machine, a process each; if not 1, or what torchrun started",
    )
    group.add_argument(
        "--precision",
        choices=[AUTO, *PRECISIONS],
        default=AUTO,
        help="auto: bf16-mixed where the device has it in hardware",
    )


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
        chosen = chosen_clips(source, views, set(args.left_out), set(args.choosing))
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
    perspective = replace(preset.perspective, modality=modality)
    optimisation = replace(preset.optimisation, **given(PACE))
    sizes = given(SIZES)
    return replace(preset, perspective=perspective, optimisation=optimisation, **sizes)


def _line(done: PretrainingRun, devices: str, choosing: bool) -> str:
    kept = f"epoch {done.kept_epoch} kept" if done.kept_epoch else "last epoch kept"
    if choosing and not done.kept_epoch:
        kept += f" (fewer than {SMOOTHED_OVER} validations: --choosing chose nothing)"
    pace = f"{done.clips_per_second:,.0f} clips/s on {devices}"
    return f"{done.checkpoint}: {done.clips:,} clips, {kept}, {pace}"


def _plain(done: PretrainingRun) -> dict[str, object]:
    """The run for a machine."""
    return {
        "checkpoint": str(done.checkpoint),
        "clips": done.clips,
        "kept_epoch": done.kept_epoch,
        "clips_per_second": round(done.clips_per_second, 1),
    }
