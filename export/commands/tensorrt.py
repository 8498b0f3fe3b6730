"""``export tensorrt``: is an artifact one that TensorRT 10 takes, and its engine where it is."""

import argparse
import shlex
from dataclasses import asdict
from pathlib import Path

from export.activation_ranges import FLOAT16_LARGEST, Ranges, measure_ranges
from export.artifact_file import Artifact, keep_artifact, make_artifact, open_artifact
from export.clips import real_clips
from export.printing import FAILED, Stages, say
from export.tensorrt_engine import build, build_command, find_builder, script
from export.tensorrt_operators import SOURCE
from export.tensorrt_readiness import faults
from model.pose.artifact import ArtifactError
from model.pose.store import PoseStore
from model.pose.tensorrt import BatchProfile

ABSENT = "TensorRT is not here (no trtexec with a GPU): build the engine where it is, by this:"

WINDOWS = 64


def configure(parser: argparse.ArgumentParser) -> None:
    """Says what ``tensorrt`` can be told."""
    usual = BatchProfile()
    parser.description = (
        "Checks an artifact against what TensorRT 10 takes, writes the trtexec command that builds "
        "its engine, and builds it where TensorRT is present; an engine that is there for the "
        "same artifact, GPU and version stays. Exit 1 where TensorRT would not take it."
    )
    parser.add_argument("artifact", type=Path, help="the .onnx file")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of the command and of engines"
    )
    parser.add_argument(
        "--batches",
        metavar=("LEAST", "USUAL", "MOST"),
        type=int,
        nargs=3,
        help="windows of a batch: written into the artifact, where it says something else "
        f"(default: the artifact's, else {usual.least} {usual.usual} {usual.most})",
    )
    parser.add_argument(
        "--store",
        type=Path,
        help="prepared recordings, on whose windows the numbers inside the graph are measured "
        "(default: none)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs the command."""
    opened = artifact = open_artifact(options.artifact)
    if options.batches is not None:
        artifact = _with_profile(artifact, BatchProfile(*options.batches))
    wrong = faults(artifact.model)
    ranges = None if options.store is None else _ranges(artifact, options.store)
    if ranges is not None and not ranges.fit:
        wrong.append(f"numbers inside the graph outgrow float16: {_range_line(ranges)}")
    if wrong:
        value = {"ready": False, "faults": wrong, "engine": None}
        say(options, [f"{artifact.path}: TensorRT would not take it", *wrong], value)
        return FAILED
    if artifact is not opened:
        keep_artifact(artifact)
    builder = find_builder()
    engine, timings = (
        options.out / f"{artifact.path.stem}.{kind}" for kind in ("engine", "timing")
    )
    command = build_command(artifact, engine, timings)
    written = _write_script(options.out / f"{artifact.path.stem}.trtexec.sh", command)
    lines = [f"{artifact.path}: TensorRT 10 takes it, by {SOURCE}"]
    if ranges is not None:
        lines.append(_range_line(ranges))
    built = None
    if builder is None:
        lines += [ABSENT, f"  {shlex.join(command)}", f"{written}: written"]
    else:
        with Stages("build", 1) as stages:
            built, new = build(artifact, builder, options.out)
            stages.done("")
        lines.append(f"{built}: {'built' if new else 'was there'}")
    value = {
        "ready": True,
        "faults": [],
        "command": command,
        "engine": None if built is None else str(built),
        "ranges": None if ranges is None else asdict(ranges),
        "profile": asdict(artifact.profile),
    }
    say(options, lines, value)
    return 0


def _with_profile(artifact: Artifact, profile: BatchProfile) -> Artifact:
    """The artifact with a profile; its file says what it said."""
    if artifact.profile == profile:
        return artifact
    return make_artifact(artifact.model, artifact.spec, artifact.path, profile)


def _ranges(artifact: Artifact, store: Path) -> Ranges:
    clips = real_clips(PoseStore(store), artifact.spec, WINDOWS, seed=0)
    return measure_ranges(artifact.model, clips)


def _range_line(ranges: Ranges) -> str:
    return (
        f"on real windows at most {ranges.normalised:,.1f} before a layer normalisation (its "
        f"squares sum to {ranges.squares:,.0f}), {ranges.softmax:,.1f} before a softmax, "
        f"{ranges.anywhere:,.1f} anywhere; float16 holds {FLOAT16_LARGEST:,.0f}"
    )


def _write_script(path: Path, command: list[str]) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script(command), encoding="utf-8")
        path.chmod(0o755)
    except OSError as error:
        raise ArtifactError(f"{path}: cannot be written: {error.strerror or error}") from None
    return path
