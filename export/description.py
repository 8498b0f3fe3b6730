"""The description: an artifact's specification and graph, for a person."""

from collections import Counter

from export.artifact_file import Artifact


def describe(artifact: Artifact) -> list[str]:
    """Returns what an artifact says of itself, a line a fact."""
    spec, window = artifact.spec, artifact.spec.window
    operators = Counter(node.op_type for node in artifact.model.graph.node)
    opset = next(entry.version for entry in artifact.model.opset_import if entry.domain == "")
    kept_mb = len(artifact.content) / 1e6
    calibration = spec.calibration
    thresholds = [f"{label} {score:g}" for label, score in calibration.thresholds.items()]
    starts = sorted(set(calibration.start_thresholds.values()))
    facts = {
        "name": f"{spec.name} {spec.version}, contract {spec.contract}",
        "says": ", ".join(
            f"{label} (experimental)" if label in spec.experimental else label
            for label in spec.labels
        ),
        "task": f"a label for each of the {spec.task}",
        "reads": f"{spec.layout}, {len(spec.joints)} joints of {spec.persons} person(s), "
        f"normalised by {spec.normalisation}",
        "window": f"{spec.frames} frames at {spec.rate_hz:g} Hz, {window.span_ms:.0f} ms",
        "timing": f"run every {spec.hop_frames} client frame(s), "
        f"look-ahead {window.lookahead_ms:.0f} ms",
        "calibration": f"temperature {calibration.temperature:g}, unknown below "
        f"{', '.join([f'{calibration.unknown_threshold:g}', *thresholds])}"
        + (f", actions start from {starts[0]:g} to {starts[-1]:g}" if starts else "")
        + f" after {calibration.start_ms:g} ms",
        "precision": spec.precision,
        "file": f"{kept_mb:.2f} MB, opset {opset}, {sum(operators.values())} nodes",
        "sha256": artifact.sha256,
        "TensorRT": f"batches of {artifact.profile.least} to {artifact.profile.most}, "
        f"tuned for {artifact.profile.usual}",
        "operators": ", ".join(f"{name} {count}" for name, count in sorted(operators.items())),
        "data": spec.provenance.data,
        "terms": spec.provenance.terms,
        "commit": spec.provenance.commit,
        "checkpoint": f"sha256 {spec.provenance.checkpoint_sha256}",
    }
    if spec.provenance.held_out:
        facts["held out"] = f"people and actions of sha256 {spec.provenance.held_out}"
    facts |= {f"figure {name}": f"{value:g}" for name, value in sorted(spec.figures.items())}
    width = max(len(name) for name in facts)
    return [f"{name:{width}}  {value}" for name, value in facts.items()]
