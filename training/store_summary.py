"""What a prepared store holds, counted, and how a person is told."""

from dataclasses import dataclass

import numpy as np

from model.pose.store import LEFT_OUT, PoseStore

SHOWN_REASONS = 20
"""Reasons of skipped files that are printed; the store's index has them all."""


@dataclass(frozen=True)
class Summary:
    """What a preparation found.

    Attributes:
        data_set: Its name.
        store: Where the store is.
        clips: Number of clips.
        frames: Number of frames of all clips.
        empty_frames: Number of frames without a body.
        missing_joints: Number of joints that were not seen, of bodies that were.
        class_frames: Frames of each class, by name, of clip or frame labels.
        left_out_frames: Frames that no loss and no metric counts.
        splits: Clips of each published split, by its name.
        skipped: File and reason of each file that is not in the store.
        continued_files: Number of files that an earlier preparation, which was killed, had done.
        recordings: Number of recordings written.
        wall_seconds: How long it took.
    """

    data_set: str
    store: str
    clips: int
    frames: int
    empty_frames: int
    missing_joints: int
    class_frames: dict[str, int]
    left_out_frames: int
    splits: dict[str, int]
    skipped: list[tuple[str, str]]
    continued_files: int
    recordings: int
    wall_seconds: float


def summarise(
    store: PoseStore, continued_files: int, recordings: int, wall_seconds: float
) -> Summary:
    """Counts what is in a store; the last three arguments are passed on."""
    classes = len(store.data_set.labels)
    label_frames = np.zeros(classes, dtype=np.int64)
    left_out = empty = missing = 0
    for clip in store:
        labels = clip.frame_labels
        if labels is None:
            labels = np.full(len(clip), LEFT_OUT if clip.label is None else clip.label, np.int16)
        label_frames += np.bincount(labels[labels != LEFT_OUT], minlength=classes)
        left_out += int((labels == LEFT_OUT).sum())
        known = clip.keypoints[..., 3] > 0
        bodies = known.any(axis=-1)
        empty += int((~bodies.any(axis=-1)).sum())
        missing += int((~known[bodies]).sum())
    return Summary(
        data_set=store.data_set.name,
        store=str(store.path),
        clips=len(store),
        frames=sum(entry.frames for entry in store.entries),
        empty_frames=empty,
        missing_joints=missing,
        class_frames=dict(zip(store.data_set.labels, label_frames.tolist(), strict=True)),
        left_out_frames=left_out,
        splits={name: len(places) for name, places in store.splits.items()},
        skipped=[(skipped.file, skipped.reason) for skipped in store.index.skipped],
        continued_files=continued_files,
        recordings=recordings,
        wall_seconds=round(wall_seconds, 3),
    )


def print_summary(summary: Summary) -> None:
    """Prints it for a person."""
    print(
        f"{summary.data_set}: {summary.clips:,} clips, {summary.frames:,} frames, "
        f"{len(summary.class_frames)} classes, in {summary.store} "
        f"({summary.wall_seconds:.1f} s)"
    )
    if summary.continued_files:
        print(f"continued: {summary.continued_files:,} files were done before")
    for name, frames in summary.class_frames.items():
        print(f"  {name:<42}{frames:>10,} frames  {100 * frames / summary.frames:5.1f} %")
    if summary.left_out_frames:
        print(f"  {'(left out)':<42}{summary.left_out_frames:>10,} frames")
    for name, clips in summary.splits.items():
        print(f"split {name}: {clips:,} clips")
    if summary.empty_frames:
        print(f"frames without a body: {summary.empty_frames:,}")
    if summary.missing_joints:
        print(f"joints not seen: {summary.missing_joints:,}")
    if summary.recordings:
        print(f"recordings: {summary.recordings}")
    print(f"skipped files: {len(summary.skipped):,}")
    for _, reason in summary.skipped[:SHOWN_REASONS]:
        print(f"  {reason}")
    if len(summary.skipped) > SHOWN_REASONS:
        print(f"  and {len(summary.skipped) - SHOWN_REASONS:,} more, in the store's index.json")
