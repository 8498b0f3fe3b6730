"""``python -m training pretrain``: USDRL pretraining on prepared stores, without labels.

It knows what a run reads, what it keeps and what is noted beside the weights; views, loss and loop
are others'.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

import msgspec
import torch
from lightning.fabric import Fabric
from torch import Tensor

from model.network.config import EncoderConfig
from model.network.pretrained import Pretrained, Reading, save_pretrained
from model.network.projectors import PretrainingNetwork
from model.network.recogniser import encoder_of
from model.network.tokens import Modality
from model.network.weights import CheckpointError
from model.pose.figures import commit
from model.pose.layout import LayoutError, layout_named
from model.pose.normalise import NORMALISATIONS, Normalisation
from model.pose.store import PoseStore, StoreError
from training.clip_source import ClipSource
from training.fit import fit
from training.optimisation import FitError, Optimisation
from training.view_task import CollapseError, Perspective, ViewNetwork, ViewTask
from training.views import CAMERA_VIEWS

Precision = Literal["32-true", "bf16-mixed"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)


@dataclass(frozen=True)
class Preset:
    """All that a pretraining is told, beside its data.

    Attributes:
        hidden_size: D.
        persons: M.
        frames: T.
        drop_path: Of the encoder.
        perspective: What is compared.
        optimisation: How long and how fast it learns; an epoch's batches follow from the data.
    """

    hidden_size: int
    persons: int
    frames: int = 64
    drop_path: float = 0.1
    perspective: Perspective = field(default_factory=Perspective)
    optimisation: Optimisation = field(default_factory=Optimisation)


PRESETS: Mapping[str, Preset] = {
    "paper": Preset(
        hidden_size=1024,
        persons=2,
        optimisation=Optimisation(
            epochs=451, batch=356, learning_rate=5e-4, weight_decay=1e-5, validate_every=10
        ),
    ),
    "small": Preset(
        hidden_size=128,
        persons=1,
        perspective=Perspective(views=CAMERA_VIEWS),
        optimisation=Optimisation(
            epochs=100, batch=128, learning_rate=1e-3, weight_decay=1e-5, validate_every=5
        ),
    ),
}
"""The paper's settings (with AdamW and a cosine for its Adam and step), and ones for a CPU."""


@dataclass(frozen=True)
class Chosen:
    """Which clips train, and between which the validation retrieves.

    Attributes:
        train: Places of the clips that train.
        gallery: Places of those whose classes are known to the retrieval.
        queries: Places of those that are asked; may be empty.
    """

    train: list[int]
    gallery: list[int]
    queries: list[int]


def chosen_clips(
    source: ClipSource, views: set[int] | None, left_out: set[int], choosing: set[int]
) -> Chosen:
    """Chooses clips by what the stores say of them.

    Args:
        source: All clips.
        views: Cameras whose clips train; None for all.
        left_out: Subjects that are not looked at.
        choosing: Subjects whose clips do not train, but are asked in the validation.

    Raises:
        StoreError: No clip is left to train, or no clip is of a subject or camera that is named.
    """
    entries = [(place, source.entry(place)) for place in range(len(source))]
    for what, named, there in (
        ("subject", left_out | choosing, {entry.subject for _, entry in entries}),
        ("camera", views or set(), {entry.view for _, entry in entries}),
    ):
        if unknown := sorted(named - there):
            raise StoreError(f"expected clips of {what} {unknown[0]}, the stores hold none")
    seen = [
        (place, entry)
        for place, entry in entries
        if entry.subject not in left_out and (views is None or entry.view in views)
    ]
    train = [place for place, entry in seen if entry.subject not in choosing]
    queries = [place for place, entry in seen if entry.subject in choosing]
    if not train:
        raise StoreError("expected clips to pretrain on, these views and subjects leave none")
    return Chosen(train, train, queries)


def pretrain(
    source: ClipSource,
    chosen: Chosen,
    reading: Reading,
    preset: Preset,
    out: Path,
    precision: Precision,
) -> Path:
    """Pretrains an encoder, or takes up its run, and writes its checkpoint.

    Args:
        source: Where clips are read.
        chosen: Which of them train.
        reading: How they are prepared.
        preset: All settings.
        out: Directory of the run.
        precision: Of the arithmetic, as Lightning names it.

    Returns:
        The checkpoint's file.

    Raises:
        CollapseError: The features no longer tell clips apart.
        FitError: The run in ``out`` began with other settings, or there are too few clips.
        CheckpointError: The checkpoint cannot be written.
    """
    fabric = Fabric(accelerator="auto", devices=1, precision=precision)
    optimisation = replace(
        preset.optimisation, batches=len(chosen.train) // preset.optimisation.batch
    )
    torch.manual_seed(optimisation.seed)
    skeleton = layout_named(reading.layout)
    config = EncoderConfig(
        "dste",
        joints=len(skeleton.joints),
        persons=preset.persons,
        hidden_size=preset.hidden_size,
        frames=preset.frames,
        drop_path=preset.drop_path,
    )
    network = PretrainingNetwork(encoder_of(config))
    views = ViewNetwork(network, reading.modality, skeleton.parents)

    def gathered(tensor: Tensor) -> Tensor:
        everywhere = fabric.all_gather(tensor, sync_grads=True)
        assert isinstance(everywhere, Tensor)
        return everywhere.flatten(0, 1)

    task = ViewTask(
        source,
        chosen.train,
        preset.perspective,
        preset.frames,
        optimisation.batch,
        optimisation.seed,
        fabric.device,
        gathered if fabric.world_size > 1 else lambda tensor: tensor,
    )
    task.choose_by(chosen.gallery, chosen.queries)
    settings: dict[str, object] = msgspec.to_builtins(
        {"preset": replace(preset, optimisation=optimisation), "reading": reading}
        | {"precision": precision, "clips": len(chosen.train)}
    )
    out.mkdir(parents=True, exist_ok=True)
    progress = fit(fabric, views, task, optimisation, settings, out / "pretrain.state.pt")
    path = out / "pretrained.ckpt"
    provenance = {"settings": settings, "progress": asdict(progress), "commit": commit()}
    save_pretrained(Pretrained(network, reading, provenance), path)
    return path


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
    parser.add_argument("--modality", choices=["joint", "motion", "bone"], default="joint")
    parser.add_argument("--layout", default="kinect20", help="layout that all clips are mapped to")
    parser.add_argument(
        "--normalisation", choices=NORMALISATIONS, default="kinect-3d", help="of the clips"
    )
    parser.add_argument("--views", metavar="N", type=int, nargs="+", help="cameras that train")
    parser.add_argument(
        "--left-out", metavar="N", type=int, nargs="+", default=[], help="subjects not looked at"
    )
    parser.add_argument(
        "--choosing", metavar="N", type=int, nargs="+", default=[], help="subjects that choose"
    )
    parser.add_argument("--epochs", metavar="N", type=int, help="epochs, if not the preset's")
    parser.add_argument("--seed", metavar="N", type=int, help="seed, if not the preset's")
    parser.add_argument(
        "--precision", choices=PRECISIONS, default=PRECISIONS[0], help="of the arithmetic"
    )
    parser.add_argument(
        "--json", action="store_true", help="print one machine-readable line last on stdout"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command and returns its exit status: 2, and one sentence, on bad input."""
    preset = PRESETS[args.preset]
    modality: Modality = args.modality
    normalisation: Normalisation = args.normalisation
    try:
        changed = {k: v for k in ("epochs", "seed") if (v := getattr(args, k)) is not None}
        preset = replace(preset, optimisation=replace(preset.optimisation, **changed))
        preset = replace(preset, perspective=replace(preset.perspective, modality=modality))
        stores = [PoseStore(path) for path in args.store]
        source = ClipSource(stores, args.layout, normalisation, preset.persons)
        views = None if args.views is None else set(args.views)
        chosen = chosen_clips(source, views, set(args.left_out), set(args.choosing))
        reading = Reading(modality, args.layout, normalisation)
        path = pretrain(source, chosen, reading, preset, args.out, args.precision)
    except (
        StoreError,
        LayoutError,
        FitError,
        CollapseError,
        CheckpointError,
        OSError,
    ) as error:
        print(f"pretrain: {error}", file=sys.stderr)
        return 2
    print(f"{path}: {len(chosen.train):,} clips")
    if args.json:
        print(json.dumps({"checkpoint": str(path), "clips": len(chosen.train)}))
    return 0
