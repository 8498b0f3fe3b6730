"""``python -m training prepare``: raw files of a data set in, one prepared store out.

It knows which reader belongs to which name and what to print; reading and writing are theirs.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Literal, get_args

from tqdm import tqdm

from model.pose.command_line import INTERRUPTED
from model.pose.recording import write_recording
from model.pose.store import PoseClip, PoseStore, StoreError
from model.pose.store_writer import PoseStoreWriter
from model.pose.unreadable import one_line
from training.arguments import add_directory, add_json
from training.readers.bandai_namco import BandaiNamcoReader
from training.readers.hdm05 import HDM05Reader
from training.readers.msr_action3d import MSRAction3DReader
from training.readers.ntu import NTUReader
from training.readers.ntu_agcn import NTUAGCNReader
from training.readers.ntu_names import NTU60, NTU120
from training.readers.ntu_pyskl import NTUPysklReader
from training.readers.nw_ucla import NWUCLAReader
from training.readers.pku_mmd import PKU1, PKU2, PKUMMDReader
from training.readers.reader import LeftOutError, Reader, ReadingError
from training.readers.uav_human import UAVHumanReader
from training.readers.utd_mhad import UTDMHADReader
from training.readers.utkinect import UTKinectReader
from training.source_state import source_state
from training.store_summary import Summary, print_summary, summarise

NTU_READERS: Mapping[str, Callable[..., Reader]] = {
    "ntu60": partial(NTUReader, edition=NTU60),
    "ntu120": partial(NTUReader, edition=NTU120),
}
"""Those that also take ``missing``, the list of samples to leave out."""

READERS: Mapping[str, Callable[[Path], Reader]] = {
    "utkinect": UTKinectReader,
    "nw_ucla": NWUCLAReader,
    "utd_mhad": UTDMHADReader,
    "msr_action3d": MSRAction3DReader,
    "hdm05": HDM05Reader,
    "bandai_namco": BandaiNamcoReader,
    **NTU_READERS,
    "ntu60_agcn": partial(NTUAGCNReader, edition=NTU60),
    "ntu120_agcn": partial(NTUAGCNReader, edition=NTU120),
    "ntu60_2d": partial(NTUPysklReader, edition=NTU60),
    "ntu120_2d": partial(NTUPysklReader, edition=NTU120),
    "pku1": partial(PKUMMDReader, phase=PKU1),
    "pku2": partial(PKUMMDReader, phase=PKU2),
    "pku1_segments": partial(PKUMMDReader, phase=PKU1, as_segments=True),
    "pku2_segments": partial(PKUMMDReader, phase=PKU2, as_segments=True),
    "uav_human": UAVHumanReader,
}

SECONDS_BEFORE_PROGRESS = 2.0
Precision = Literal["float32", "float16"]


def prepare(
    reader: Reader,
    out: Path,
    recordings: Path | None = None,
    strict: bool = False,
    dtype: Precision = "float32",
    source: str | None = None,
) -> Summary:
    """Reads every file of a data set into a store, replacing an older one.

    Args:
        reader: Of the data set.
        out: Directory that the store will be.
        recordings: Directory to write each clip to as a recording, or None.
        strict: Whether a broken file ends everything, rather than being skipped and named.
        dtype: Of the keypoints.
        source: The state of the files, by which a preparation that was killed is told from another;
            None begins anew.

    Raises:
        ReadingError: Where there is nothing to read, or ``strict`` and a file is broken.
        StoreError: Where the store cannot be written.
        OSError: Where a directory cannot be written to.
    """
    start_seconds = time.monotonic()
    data_set = reader.data_set
    files = reader.files()
    if not files:
        raise ReadingError(f"expected clips of {data_set.name}, its files hold none")
    written = 0
    with PoseStoreWriter(out, data_set, dtype, source) as writer:
        done = writer.finished
        todo = [path for path in files if _in_text(path) not in done]
        for path in tqdm(
            todo,
            data_set.name,
            unit="file",
            delay=SECONDS_BEFORE_PROGRESS,
            initial=len(files) - len(todo),
            total=len(files),
        ):
            try:
                clip = _clip(reader, path)
                writer.append(clip, _in_text(path))
            except (ReadingError, StoreError) as error:
                if strict and not isinstance(error, LeftOutError):
                    raise
                writer.skip(_in_text(path), str(error))
                continue
            if recordings is not None:
                write_recording(recordings / f"{clip.name}.jsonl", clip, data_set.layout)
                written += 1
        if len(writer.skipped) == len(files):
            raise ReadingError(f"none of {len(files)} files is whole: {writer.skipped[0].reason}")
    seconds = time.monotonic() - start_seconds
    return summarise(PoseStore(writer.path), len(files) - len(todo), written, seconds)


def _in_text(path: Path | str) -> str:
    """A path as text that can be written, whatever bytes it is of."""
    return str(path).encode(errors="backslashreplace").decode()


def _clip(reader: Reader, path: Path) -> PoseClip:
    """The clip of a file.

    Raises:
        ReadingError: Its reader refuses it, or fails in a way that nobody foresaw: among a hundred
            thousand files one that is odd costs no other.
    """
    if _in_text(path) != str(path):
        raise ReadingError(f"{_in_text(path.name)}: expected the name of a file to be UTF-8")
    try:
        return reader.read(path)
    except (ReadingError, OSError):
        raise
    except Exception as error:
        raise ReadingError(
            f"{path.name}: expected a file of {reader.data_set.name}, its reader failed with "
            f"{type(error).__name__}: {one_line(error)}"
        ) from error


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``prepare`` can be told."""
    parser.description = (
        "Reads the raw files of a data set into a store, replacing an older one. The same command "
        "continues one that was killed. docs/data.md says what each data set is."
    )
    parser.add_argument("data_set", choices=READERS, metavar="NAME", help=", ".join(READERS))
    parser.add_argument(
        "--from",
        dest="source",
        metavar="DIR",
        type=Path,
        required=True,
        help="directory of its raw files (ntu60_2d and ntu120_2d: or the pickle)",
    )
    add_directory(parser, "--out", "directory that the store will be")
    parser.add_argument(
        "--recordings",
        metavar="DIR",
        type=Path,
        help="utkinect only: also write each recording here, as JSON Lines to be streamed "
        "(default: none)",
    )
    parser.add_argument(
        "--missing",
        metavar="FILE",
        type=Path,
        help="ntu60 and ntu120 only: list of samples to leave out (default: the owners' list, "
        "below the directory)",
    )
    parser.add_argument(
        "--dtype",
        choices=get_args(Precision),
        default="float32",
        help="of the keypoints: float16 halves the store and keeps 2 mm at 4 m, or 1 pixel of "
        "1,920",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="end at the first broken file (default: skip it and say why)",
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command and returns its exit status: 2, and one sentence, on bad input."""
    try:
        # Recordings are no part of the store, so their writing is not continued.
        settings = (args.data_set, args.missing, args.dtype, args.strict)
        reader = _reader(args)
        source = None if args.recordings else source_state(args.source, *settings)
        summary = prepare(reader, args.out, args.recordings, args.strict, args.dtype, source)
    except (ReadingError, StoreError, OSError) as error:
        print(f"prepare: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("prepare: interrupted; the same command continues it", file=sys.stderr)
        return INTERRUPTED
    print_summary(summary)
    if args.json:
        print(json.dumps(asdict(summary)))
    return 0


def _reader(args: argparse.Namespace) -> Reader:
    if args.recordings is not None and args.data_set != "utkinect":
        raise ReadingError(f"--recordings: expected utkinect, got {args.data_set}")
    if args.recordings is not None and args.recordings.resolve().is_relative_to(args.out.resolve()):
        raise ReadingError(
            f"--recordings: expected a directory outside of the store, got {args.recordings} "
            f"in {args.out}"
        )
    if args.missing is None:
        return READERS[args.data_set](args.source)
    if args.data_set not in NTU_READERS:
        raise ReadingError(f"--missing: expected {' or '.join(NTU_READERS)}, got {args.data_set}")
    return NTU_READERS[args.data_set](args.source, missing=args.missing)
