"""The artifact contract: what an ONNX file of ours says about itself, and the check that it is so.

The specification is one JSON value under the metadata key `posewire`. Whoever makes an artifact
writes it, whoever serves one reads it, and a mismatch is refused with a sentence. This module
opens no file and runs no graph: it is given metadata and the shapes of inputs and outputs.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

import msgspec

from model.pose.layout import LAYOUTS, Layout, layout_named
from model.pose.normalise import Normalisation, dimensions, joints_needed
from model.pose.unreadable import UNDECODABLE
from model.pose.window import WARM_SAMPLES, WindowSpec

METADATA_KEY = "posewire"
CONTRACT = 1
"""The version of this contract; a reader refuses every other."""

BACKGROUND = "background"
WARMING = "warming"

Dimension = int | str | None
"""A static size, or the name of a dynamic one (None where it has no name)."""


class ArtifactError(ValueError):
    """A file is not an artifact that can be served; the message is one sentence that says why."""


START_MS = 200.0
"""How long an action is said before it starts, where a calibration does not say it."""
LONGEST_START_MS = 5000.0
"""What is said for longer than this is long done."""


@dataclass(frozen=True)
class Calibration:
    """How logits become scores, decisions and starts.

    Attributes:
        temperature: what logits are divided by before the softmax (Guo et al., ICML 2017).
        thresholds: label → the score below which it is not taken for known.
        unknown_threshold: the same for every label without one of its own.
        start_ms: how long an action is said without break before it starts.
        start_thresholds: label → the mean score over the last `start_ms` below which no action
            starts, however long it is said; frames keep their label. 0 for a label that is not
            named.

    Raises:
        ArtifactError: a value is out of its range.
    """

    temperature: float = 1.0
    thresholds: dict[str, float] = field(default_factory=dict)
    unknown_threshold: float = 0.0
    start_ms: float = START_MS
    start_thresholds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuses values that no calibration can have."""
        if not 0 < self.temperature < math.inf:
            raise ArtifactError(
                f"the calibration's temperature is a number above 0, got {self.temperature}"
            )
        if not 0 <= self.start_ms <= LONGEST_START_MS:
            raise ArtifactError(
                f"the calibration's start_ms is from 0 to {LONGEST_START_MS:g}, got {self.start_ms}"
            )
        for threshold in (
            self.unknown_threshold,
            *self.thresholds.values(),
            *self.start_thresholds.values(),
        ):
            if not 0 <= threshold <= 1:
                raise ArtifactError(
                    f"the calibration's thresholds are from 0 to 1, got {threshold}"
                )


@dataclass(frozen=True)
class Provenance:
    """Where the weights come from.

    Attributes:
        data: what they were trained on, in words.
        terms: the terms under which they may be used, in words.
        commit: the commit of the code that trained them.
        checkpoint_sha256: the hash of the checkpoint that was exported.
        held_out: the hash of the people and actions that were kept from training, where known.
    """

    data: str
    terms: str
    commit: str
    checkpoint_sha256: str = ""
    held_out: str = ""


@dataclass(frozen=True)
class ArtifactSpec:
    """All that a service knows about a model.

    Attributes:
        name: the model's name.
        version: the model's version.
        task: `frames` where logits are (B, T, K), `clip` where they are (B, K).
        layout: the layout of its V joints.
        joints: the names of these joints, as a check.
        persons: M.
        frames: T.
        rate_hz: the rate of the time line of a window.
        hop_frames: a window is run every so many client frames.
        lookahead_frames: how many of a window's frames a label waits for.
        labels: K labels; index 0 is `background` where there is one.
        normalisation: the scheme that turns keypoints into the input.
        provenance: data, terms, commit and checkpoint.
        calibration: temperature and thresholds.
        precision: of the weights and the arithmetic.
        figures: name → measured figure.
        experimental: labels that too few people showed for a figure of them to be believed.
        contract: the version of this contract.
    """

    name: str
    version: str
    task: Literal["frames", "clip"]
    layout: str
    joints: tuple[str, ...]
    persons: int
    frames: int
    rate_hz: float
    hop_frames: int
    lookahead_frames: int
    labels: tuple[str, ...]
    normalisation: Normalisation
    provenance: Provenance
    calibration: Calibration = field(default_factory=Calibration)
    precision: Literal["fp32", "fp16", "int8"] = "fp32"
    figures: dict[str, float] = field(default_factory=dict)
    experimental: tuple[str, ...] = ()
    contract: int = CONTRACT

    def __post_init__(self) -> None:
        """Refuses a specification that contradicts itself.

        Raises:
            ArtifactError: two fields disagree, or one is out of its range.
        """
        if self.layout not in LAYOUTS:
            raise ArtifactError(
                f"the artifact's layout {self.layout!r} is unknown; known are {', '.join(LAYOUTS)}"
            )
        if self.joints != layout_named(self.layout).joints:
            raise ArtifactError(
                f"the artifact's joints are not those of its layout {self.layout!r}"
            )
        if self.persons not in (1, 2):
            raise ArtifactError(f"an artifact is of 1 or 2 persons, got {self.persons}")
        if len(set(self.labels)) != len(self.labels) or len(self.labels) < 2:
            raise ArtifactError("an artifact has at least 2 labels, each once")
        if WARMING in self.labels or BACKGROUND in self.labels[1:]:
            raise ArtifactError("`warming` is no label of a model, and `background` only its first")
        calibration = self.calibration
        named = calibration.thresholds.keys() | calibration.start_thresholds.keys()
        unknown = sorted(named - set(self.labels))
        if unknown:
            raise ArtifactError(
                f"the calibration has thresholds for {', '.join(unknown)}: no label"
            )
        unmeasured = [name for name, value in self.figures.items() if not math.isfinite(value)]
        if unmeasured:
            raise ArtifactError(f"the artifact's figure {unmeasured[0]} is no finite number")
        if strange := sorted(set(self.experimental) - set(self.labels)):
            raise ArtifactError(f"the artifact calls {', '.join(strange)} experimental: no label")
        try:
            _ = self.window
        except ValueError as error:
            raise ArtifactError(f"the artifact's timing is wrong: {error}") from None
        try:
            joints_needed(self.normalisation, self.skeleton)
        except ValueError as error:
            raise ArtifactError(f"the artifact's normalisation is wrong: {error}") from None

    @property
    def window(self) -> WindowSpec:
        """The timing of its window; one that is shorter than `WARM_SAMPLES` is warm when full."""
        return WindowSpec(
            self.frames,
            self.rate_hz,
            self.hop_frames,
            self.lookahead_frames,
            warm_samples=min(self.frames, WARM_SAMPLES),
        )

    @property
    def skeleton(self) -> Layout:
        """Its layout."""
        return layout_named(self.layout)

    @property
    def dimensions(self) -> int:
        """2 where it reads picture keypoints, 3 where it reads positions in metres."""
        return dimensions(self.normalisation, self.skeleton)

    def to_metadata(self) -> dict[str, str]:
        """Returns the metadata entry that carries this specification."""
        return {METADATA_KEY: msgspec.json.encode(asdict(self), order="sorted").decode()}

    def input_shape(self) -> tuple[Dimension, ...]:
        """The shape of the input `clip`; the batch is dynamic."""
        return (None, 3, self.frames, len(self.joints), self.persons)

    def logits_shape(self) -> tuple[Dimension, ...]:
        """The shape of the output `logits`."""
        labels = len(self.labels)
        return (None, self.frames, labels) if self.task == "frames" else (None, labels)


def read_spec(metadata: Mapping[str, str]) -> ArtifactSpec:
    """Reads the specification from an ONNX file's metadata.

    Raises:
        ArtifactError: there is none, or it is of another contract, incomplete or contradictory.
    """
    if METADATA_KEY not in metadata:
        raise ArtifactError(
            f"an artifact carries the metadata key {METADATA_KEY!r}; this ONNX file has "
            f"{', '.join(sorted(metadata)) or 'none'}"
        )
    text = metadata[METADATA_KEY]
    try:
        raw = msgspec.json.decode(text)
    except UNDECODABLE as error:
        raise ArtifactError(f"the artifact's metadata is not JSON: {error}") from None
    if not isinstance(raw, dict):
        raise ArtifactError(f"the artifact's metadata is a JSON object, got {text[:40]}")
    if raw.get("contract") != CONTRACT:
        raise ArtifactError(
            f"the artifact follows contract {raw.get('contract')!r}, this posewire reads "
            f"{CONTRACT}; export it again with this version"
        )
    return spec_of(raw)


def spec_of(fields: Mapping[str, object]) -> ArtifactSpec:
    """Reads the specification from plain values, as metadata and checkpoints hold them.

    Raises:
        ArtifactError: a field is missing, of another type, or contradicts another.
    """
    try:
        return msgspec.convert(fields, ArtifactSpec)
    except msgspec.ValidationError as error:
        # msgspec wraps what a specification itself refuses, which is a whole sentence already.
        if isinstance(error.__cause__, ArtifactError):
            raise error.__cause__ from None
        raise ArtifactError(f"the artifact's specification is wrong: {error}") from None


Shapes = Mapping[str, tuple[str, Sequence[Dimension]]]
"""Name → (element type, shape), as ONNX Runtime reports inputs and outputs."""


def check_graph(spec: ArtifactSpec, inputs: Shapes, outputs: Shapes) -> None:
    """Checks that a graph's inputs and outputs are those that its specification declares.

    Args:
        spec: what the artifact says of itself.
        inputs: the graph's inputs.
        outputs: the graph's outputs.

    Raises:
        ArtifactError: an input or output is missing, surplus, or of another type or shape.
    """
    if set(inputs) != {"clip"} or set(outputs) != {"logits", "features"}:
        raise ArtifactError(
            "an artifact has the input clip and the outputs logits and features; this one has "
            f"{', '.join(inputs)} and {', '.join(outputs)}"
        )
    features = outputs["features"][1]
    width = features[-1] if features and isinstance(features[-1], int) else "F"
    declared = (
        ("clip", inputs["clip"], spec.input_shape()),
        ("logits", outputs["logits"], spec.logits_shape()),
        ("features", outputs["features"], (None, spec.frames, width)),
    )
    for name, (kind, shape), expected in declared:
        if kind != "tensor(float)":
            raise ArtifactError(f"{name} is float32 in an artifact, here it is {kind}")
        if not _agrees(shape, expected):
            raise ArtifactError(
                f"{name} has the shape {_shown(shape)}; the metadata declares {_shown(expected)}, "
                "where only ? is dynamic"
            )


def _agrees(shape: Sequence[Dimension], expected: Sequence[Dimension]) -> bool:
    if len(shape) != len(expected) or isinstance(shape[0], int):
        return False
    return all(isinstance(n, int) for n in shape[1:]) and list(shape[1:]) == list(expected[1:])


def _shown(shape: Sequence[Dimension]) -> str:
    return "(" + ", ".join("?" if size is None else str(size) for size in shape) + ")"
