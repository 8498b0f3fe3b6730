"""Pretraining of the everyday model: an encoder from streams without labels.

It knows what a run begins with, what it keeps and what is noted beside the weights; where windows
come from is `view_windows`', the loss and the loop are others'.
"""

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import msgspec
import torch

from model.network.pretrained import Pretrained, Reading, pretraining_network, save_pretrained
from model.pose.figures import commit
from model.pose.layout import layout_named
from model.pose.store import PoseStore
from model.pose.window import WindowSpec
from training.clip_source import seen_by_data_set, seen_of
from training.consistency import Consistency, Perspective, ViewNetwork
from training.devices import Devices
from training.everyday.stream_source import StreamSource
from training.everyday.view_windows import Rounds, ViewWindows
from training.fit import fit
from training.journal import Journal
from training.optimisation import Optimisation
from training.presets import Preset
from training.pretraining import CHECKPOINT, STATE, PretrainingRun
from training.views import ViewSettings

READING = Reading("joint", "body13", "body-2d")
TIMING = WindowSpec(frames=32, rate_hz=15.0, hop_frames=2)
"""The newest 2.1 s; at 15 to 30 frames a second a label comes every 67 to 133 ms."""

STREAM_VIEWS = ViewSettings(
    shortest_crop=0.5,
    crop_frames=16,
    corrupted_joints=0.25,
    shear=0.1,
    turn_degrees=10.0,
    scale=0.1,
    always_map=True,
    picture=True,
)
"""What cameras do not do to a window of a picture: crops in time, joints that are wrong together,
and a little stretching."""


@dataclass(frozen=True)
class StreamPreset:
    """All that pretraining on streams is told, beside its data.

    Attributes:
        network: Sizes, views, loss and optimisation.
        rounds: How streams are drawn.
        rate_hz: Of the windows' own time line.
    """

    network: Preset = field(
        default_factory=lambda: Preset(
            hidden_size=128,
            persons=1,
            frames=TIMING.frames,
            perspective=Perspective(views=STREAM_VIEWS),
            optimisation=Optimisation(
                epochs=10,
                batches=96,
                batch=128,
                learning_rate=2e-3,
                weight_decay=1e-5,
                average_decay=0.998,
                validate_every=5,
            ),
        )
    )
    rounds: Rounds = field(default_factory=Rounds)
    rate_hz: float = TIMING.rate_hz


def pretrain_on_streams(
    store: PoseStore,
    preset: StreamPreset,
    out: Path,
    devices: Devices | None = None,
    *,
    held_out: str = "",
    restart: bool = False,
    tensorboard: bool = False,
) -> PretrainingRun:
    """Pretrains an encoder, or takes up its run, and writes its checkpoint.

    Args:
        store: Streams in space; their labels are not read.
        preset: All settings.
        out: Directory of the run.
        devices: One device that it learns on; None for a processor in float32.
        held_out: The hash of who and what the streams kept from training.
        restart: Whether to begin anew, whatever is in ``out``.
        tensorboard: Whether to write what the epochs measured below ``out``.

    Raises:
        CollapseError: The features no longer tell windows apart.
        FitError: The run in ``out`` began with other settings.
        StoreError: The streams are too short, or not in space.
        CheckpointError: The checkpoint cannot be written.
        OSError: ``out`` cannot be written to.
    """
    devices = devices or Devices()
    fabric = devices.fabric()
    optimisation, perspective = preset.network.optimisation, preset.network.perspective
    skeleton = layout_named(READING.layout)
    torch.manual_seed(optimisation.seed)
    network = pretraining_network(preset.network.encoder_config(len(skeleton.joints)), READING)
    views = ViewNetwork(network, READING.modality, skeleton.parents)
    timing = replace(TIMING, frames=preset.network.frames, rate_hz=preset.rate_hz)
    data = {store.data_set.name: seen_of(store.entries)}
    settings: dict[str, object] = msgspec.to_builtins(
        {"preset": preset, "reading": READING, "precision": devices.precision, "data": data}
    ) | {"held_out": held_out}
    out.mkdir(parents=True, exist_ok=True)
    state = out / STATE
    if restart:
        state.unlink(missing_ok=True)
    with Journal(out / "events" if tensorboard else None) as journal:
        consistency = Consistency(perspective, timing.frames, clip_a_view=True, journal=journal)
        source = StreamSource(store, READING, timing)
        task = ViewWindows(
            source, preset.rounds, perspective.count, optimisation, consistency, fabric.device
        )
        progress = fit(fabric, views, task, optimisation, settings, state, journal)
    notes = {
        "settings": settings,
        "data": seen_by_data_set((store, entry) for entry in store.entries),
        "held_out": held_out,
        "progress": asdict(progress),
        "commit": commit(),
    }
    path = out / CHECKPOINT
    pretrained = Pretrained(network, READING, notes)
    save_pretrained(pretrained, path)
    pace = journal.clips_per_second
    return PretrainingRun(path, pretrained, len(store), progress.best_epoch, pace, leads=True)
