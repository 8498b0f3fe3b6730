"""``python -m training prepare``: raw files of a data set in, one prepared store out.

It knows which reader belongs to which name and what to print; reading and writing are theirs.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from model.pose.recording import write_recording
from model.pose.store import LEFT_OUT, PoseStore, StoreError
from model.pose.store_writer import PoseStoreWriter
from training.readers.nw_ucla import NWUCLAReader
from training.readers.reader import Reader, ReadingError
from training.readers.utd_mhad import UTDMHADReader
from training.readers.utkinect import UTKinectReader

READERS: Mapping[str, Callable[[Path], Reader]] = {
    "utkinect": UTKinectReader,
    "nw_ucla": NWUCLAReader,
    "utd_mhad": UTDMHADReader,
}

SECONDS_BEFORE_PROGRESS = 2.0


@dataclass(frozen=True)
class Summary:
    """What a preparation found.

    Attributes:
        data_set: Its name.
        store: Where the store is.
        clips: Number of clips.
        frames: Number of frames of all clips.
        missing_joints: Number of joints of all frames that were not seen.
        class_frames: Frames of each class, by name, of clip or frame labels.
        left_out_frames: Frames that no loss and no metric counts.
        skipped: File and reason of each file that is not in the store.
        recordings: Number of recordings written.
        wall_seconds: How long it took.
    """

    data_set: str
    store: str
    clips: int
    frames: int
    missing_joints: int
    class_frames: dict[str, int]
    left_out_frames: int
    skipped: list[tuple[str, str]]
    recordings: int
    wall_seconds: float


def prepare(
    reader: Reader, out: Path, recordings: Path | None = None, strict: bool = False
) -> Summary:
    """Reads every file of a data set into a store, replacing an older one.

    Args:
        reader: Of the data set.
        out: Directory that the store will be.
        recordings: Directory to write each clip to as a recording, or None.
        strict: Whether a broken file ends everything, rather than being skipped and named.

    Raises:
        ReadingError: Where there is nothing to read, or ``strict`` and a file is broken.
        StoreError: Where the store cannot be written.
        OSError: Where a directory cannot be written to.
    """
    start_seconds = time.monotonic()
    data_set = reader.data_set
    files = reader.files()
    written = 0
    with PoseStoreWriter(out, data_set) as writer:
        for path in tqdm(files, data_set.name, unit="file", delay=SECONDS_BEFORE_PROGRESS):
            try:
                clip = reader.read(path)
            except ReadingError as error:
                if strict:
                    raise
                writer.skip(path.name, str(error))
                continue
            writer.append(clip)
            if recordings is not None:
                write_recording(recordings / f"{clip.name}.jsonl", clip, data_set.layout)
                written += 1
        if len(writer.skipped) == len(files):
            raise ReadingError(f"none of {len(files)} files is whole: {writer.skipped[0].reason}")
    return _summarise(PoseStore(writer.path), written, time.monotonic() - start_seconds)


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds ``prepare`` to the commands of ``python -m training``."""
    parser = subparsers.add_parser(
        "prepare",
        help="read a data set's raw files into a store",
        description="Reads the raw files of a data set into a store, replacing an older one.",
    )
    parser.add_argument("data_set", choices=READERS, help="which data set")
    parser.add_argument(
        "--from",
        dest="source",
        metavar="DIR",
        type=Path,
        required=True,
        help="directory of its raw files",
    )
    parser.add_argument(
        "--out", metavar="DIR", type=Path, required=True, help="directory that the store will be"
    )
    parser.add_argument(
        "--recordings",
        metavar="DIR",
        type=Path,
        help="utkinect only: also write each recording here, as JSON Lines to be streamed "
        "(default: none)",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="end at the first broken file (default: skip it and say why)",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print one machine-readable line last on stdout (default: not)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command and returns its exit status: 2, and one sentence, on bad input."""
    try:
        if args.recordings is not None and args.data_set != "utkinect":
            raise ReadingError(f"--recordings: expected utkinect, got {args.data_set}")
        reader = READERS[args.data_set](args.source)
        summary = prepare(reader, args.out, args.recordings, args.strict)
    except (ReadingError, StoreError, OSError) as error:
        print(f"prepare: {error}", file=sys.stderr)
        return 2
    _print_summary(summary)
    if args.json:
        print(json.dumps(asdict(summary)))
    return 0


def _summarise(store: PoseStore, recordings: int, wall_seconds: float) -> Summary:
    labels = np.concatenate(
        [
            np.full(len(clip), LEFT_OUT if clip.label is None else clip.label)
            if clip.frame_labels is None
            else clip.frame_labels
            for clip in store
        ]
    )
    return Summary(
        data_set=store.data_set.name,
        store=str(store.path),
        clips=len(store),
        frames=labels.size,
        missing_joints=sum(int((clip.keypoints[..., 3] == 0).sum()) for clip in store),
        class_frames={
            name: int((labels == place).sum()) for place, name in enumerate(store.data_set.labels)
        },
        left_out_frames=int((labels == LEFT_OUT).sum()),
        skipped=[(skipped.file, skipped.reason) for skipped in store.index.skipped],
        recordings=recordings,
        wall_seconds=round(wall_seconds, 3),
    )


def _print_summary(summary: Summary) -> None:
    print(
        f"{summary.data_set}: {summary.clips:,} clips, {summary.frames:,} frames, "
        f"{len(summary.class_frames)} classes, in {summary.store} "
        f"({summary.wall_seconds:.1f} s)"
    )
    for name, frames in summary.class_frames.items():
        print(f"  {name:<30}{frames:>8,} frames  {100 * frames / summary.frames:5.1f} %")
    if summary.left_out_frames:
        print(f"  {'(left out)':<30}{summary.left_out_frames:>8,} frames")
    if summary.missing_joints:
        print(f"joints not seen: {summary.missing_joints:,}")
    if summary.recordings:
        print(f"recordings: {summary.recordings}")
    print(f"skipped files: {len(summary.skipped)}")
    for _, reason in summary.skipped:
        print(f"  {reason}")
