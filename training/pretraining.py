"""A pretraining run: an encoder from clips without labels, its state and its checkpoint.

It knows what a run reads, what it keeps and what is noted beside the weights; views, loss and loop
are others'.
"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import msgspec
import torch
from lightning.fabric import Fabric

from model.network.multimodal import MultiModalNetwork
from model.network.pretrained import Pretrained, Reading, pretraining_network, save_pretrained
from model.pose.figures import commit
from model.pose.layout import layout_named
from training.clip_choice import Chosen
from training.clip_source import ClipSource
from training.consistency import Perspective, ViewNetwork
from training.devices import Devices
from training.fit import fit
from training.journal import Journal
from training.modal_network import ModalNetwork
from training.optimisation import FitError, Optimisation
from training.presets import Preset
from training.projection import Cameras
from training.replica import replica_of
from training.view_task import ViewTask
from training.views import in_picture

STATE = "pretrain.state.pt"
CHECKPOINT = "pretrained.ckpt"
EVENTS = "events"


@dataclass(frozen=True)
class PretrainingRun:
    """What a pretraining left behind.

    Attributes:
        checkpoint: Its file.
        pretrained: What the file holds.
        clips: Number of clips that trained.
        kept_epoch: The epoch whose averaged weights were kept; 0 for the last.
        clips_per_second: How fast it learnt, this time; 0 where nothing was left to learn.
        leads: Whether this process is the one that writes and speaks.
        collapse: How projections have collapsed, where that was not to end the run; None of a
            sound run.
        by_several_cameras: How many of the clips are of an execution that several cameras recorded;
            0 where views are not drawn across cameras.
    """

    checkpoint: Path
    pretrained: Pretrained
    clips: int
    kept_epoch: int
    clips_per_second: float
    leads: bool
    collapse: str | None = None
    by_several_cameras: int = 0


def pretrain(
    source: ClipSource,
    chosen: Chosen,
    reading: Reading,
    preset: Preset,
    out: Path,
    devices: Devices | None = None,
    *,
    restart: bool = False,
    tensorboard: bool = False,
    collapse_ends: bool = True,
) -> PretrainingRun:
    """Pretrains an encoder, or takes up its run, and writes its checkpoint.

    With several processes each calls this with the same arguments, and the first of them writes.

    Args:
        source: Where clips are read.
        chosen: Which of them train.
        reading: How they are prepared.
        preset: All settings.
        out: Directory of the run, seen by all processes.
        devices: On what it learns; None for one processor in float32.
        restart: Whether to begin anew, whatever is in ``out``.
        tensorboard: Whether to write what the epochs measured below ``out``.
        collapse_ends: Whether a run ends where its projections collapse; a loss that is no number
            ends any.

    Raises:
        CollapseError: The features no longer tell clips apart.
        FitError: The run in ``out`` began with other settings, a setting is out of its range, or
            there are too few clips.
        CheckpointError: The checkpoint cannot be written.
        OSError: ``out`` cannot be written to.
    """
    devices = devices or Devices()
    optimisation = _for_clips(preset.optimisation, len(chosen.train), devices.processes)
    perspective = perspective_on(source, preset.perspective)
    preset = replace(preset, perspective=perspective, optimisation=optimisation)
    skeleton = layout_named(reading.layout)
    config = preset.encoder_config(len(skeleton.joints))
    fabric = devices.fabric()
    fabric.launch()
    torch.manual_seed(optimisation.seed)
    network = pretraining_network(config, reading)
    views = (
        ModalNetwork(network)
        if isinstance(network, MultiModalNetwork)
        else ViewNetwork(network, reading.modality, skeleton.parents)
    )
    settings: dict[str, object] = msgspec.to_builtins(
        {"preset": preset, "reading": reading, "project": source.project}
        | {"precision": devices.precision, "processes": devices.processes}
        | {"data": source.seen(chosen.train), "choosing": source.seen(chosen.queries)}
    )
    events = out / EVENTS if tensorboard and fabric.is_global_zero else None
    with Journal(events) as journal:
        task = ViewTask(
            source,
            chosen.train,
            perspective,
            preset.frames,
            optimisation.batch,
            optimisation.seed,
            fabric.device,
            replica_of(fabric),
            journal,
            collapse_ends=collapse_ends,
        )
        task.choose_by(chosen.gallery, chosen.queries)
        _make_ready(out, fabric, restart)
        progress = fit(fabric, views, task, optimisation, settings, out / STATE, journal)
        collapse = None if collapse_ends else task.collapse(views)
    provenance = {
        "settings": settings,
        "data": source.seen([*chosen.train, *chosen.queries]),
        "progress": asdict(progress),
        "commit": commit(),
    }
    run = PretrainingRun(
        checkpoint=out / CHECKPOINT,
        pretrained=Pretrained(network, reading, provenance),
        clips=len(chosen.train),
        kept_epoch=progress.best_epoch,
        clips_per_second=journal.clips_per_second,
        leads=fabric.is_global_zero,
        collapse=collapse,
        by_several_cameras=task.by_several_cameras,
    )
    if run.leads:
        save_pretrained(run.pretrained, run.checkpoint)
    # Whoever returns finds the checkpoint.
    fabric.barrier()
    return run


def perspective_on(source: ClipSource, perspective: Perspective) -> Perspective:
    """What is compared of the clips of a source: of picture keypoints what a picture can show.

    Where clips in space are projected, what turned and tilted the body does so to the camera,
    another for each view.
    """
    if source.in_space:
        return perspective
    views = perspective.views
    cameras = Cameras(views.turn_degrees, views.tilt_degrees) if source.project else None
    return replace(perspective, views=in_picture(views), cameras=cameras)


def _for_clips(optimisation: Optimisation, clips: int, processes: int) -> Optimisation:
    """The settings with the batches of an epoch that so many clips make.

    Raises:
        FitError: They make none, or a batch has nothing to be told apart.
    """
    together = optimisation.batch * processes
    if optimisation.batch < 2:
        raise FitError("batch: expected at least 2 clips to be told apart, got 1")
    if clips < together:
        raise FitError(
            f"batch: expected at most {clips // processes}, since {clips} clips train on "
            f"{processes} device(s), got {optimisation.batch}"
        )
    return replace(optimisation, batches=clips // together)


def _make_ready(out: Path, fabric: Fabric, restart: bool) -> None:
    """Makes the directory, and takes an earlier run's state away where it is not wanted."""
    if fabric.is_global_zero:
        out.mkdir(parents=True, exist_ok=True)
        if restart:
            (out / STATE).unlink(missing_ok=True)
    fabric.barrier()
