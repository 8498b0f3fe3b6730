"""Published weights: a checkpoint of USDRL's authors as a recogniser that can be served.

A downstream checkpoint (PKU-MMD detection, linear evaluation) carries its head; a pretraining one
is handed on to training, which gives it one. What shapes do not tell is what the authors' readers
do: the layout follows from the joints, the normalisation from the layout.
"""

from dataclasses import dataclass
from pathlib import Path

from model.network.pretrained import Pretrained, Reading
from model.network.projectors import PretrainingNetwork
from model.network.published import load_published
from model.network.recogniser import Recogniser, Task
from model.network.tokens import SingleModality
from model.network.weights import CheckpointError
from model.pose.artifact import BACKGROUND, ArtifactError, ArtifactSpec, Provenance
from model.pose.layout import layout_named
from model.pose.normalise import Normalisation

LAYOUTS = {17: "coco17", 25: "ntu25"}
"""Joints of a published encoder → the layout of the data that it was trained on."""

READ_AS: dict[int, Normalisation] = {2: "published-2d", 3: "2s-agcn"}
"""Dimensions of a layout → the normalisation of the published reader."""


@dataclass(frozen=True)
class Intent:
    """What the user says of a checkpoint that the file does not.

    Attributes:
        task: whether its head scores frames or clips.
        modality: what its encoder reads.
        normalisation: how clips are prepared; None for what the authors' reader does.
    """

    task: Task
    modality: SingleModality = "joint"
    normalisation: Normalisation | None = None


@dataclass(frozen=True)
class Serving:
    """What an artifact of published weights says of itself beside its shapes.

    Attributes:
        name: of the model.
        version: of the model.
        labels: its classes.
        rate_hz: of a window's time line.
        data: what the weights were trained on.
        terms: under which they may be used.
        checkpoint_sha256: of the file.
    """

    name: str
    version: str
    labels: tuple[str, ...]
    rate_hz: float
    data: str
    terms: str
    checkpoint_sha256: str


def released_recogniser(path: Path, intent: Intent) -> Recogniser:
    """Reads a downstream checkpoint with its own head, in evaluation mode.

    Raises:
        CheckpointError: it is none, or has no head.
    """
    network = _load(path, intent)
    if not isinstance(network, Recogniser):
        raise CheckpointError(
            f"{path}: expected a checkpoint with a head (fc.weight, fc.bias), found one of "
            "pretraining; hand it to training with --as-pretrained, to be given a head there"
        )
    return network


def pretrained_of(path: Path, intent: Intent) -> Pretrained:
    """Reads a pretraining checkpoint as one that training begins with.

    Raises:
        CheckpointError: it is none, or carries a head instead of projectors.
    """
    network = _load(path, intent)
    if not isinstance(network, PretrainingNetwork):
        raise CheckpointError(
            f"{path}: expected a pretraining checkpoint (with projectors), found one with a head"
        )
    layout = _layout(path, network.backbone.config.joints)
    reading = Reading(intent.modality, layout, normalisation_of(layout, intent))
    return Pretrained(network, reading, {"published": path.name}, path)


def specification(
    path: Path, network: Recogniser, intent: Intent, serving: Serving
) -> ArtifactSpec:
    """Returns what the artifact says of itself.

    Raises:
        CheckpointError: the encoder's joints are those of no published data.
        ArtifactError: labels and head differ in number, or a value is out of its range.
    """
    config = network.config
    layout = _layout(path, config.encoder.joints)
    if len(serving.labels) != config.labels:
        first = f", the first of them {BACKGROUND!r}" if intent.task == "frames" else ""
        raise ArtifactError(
            f"{path}: its head scores {config.labels} classes; expected as many labels{first}, "
            f"got {len(serving.labels)}"
        )
    return ArtifactSpec(
        name=serving.name,
        version=serving.version,
        task=config.task,
        layout=layout,
        joints=layout_named(layout).joints,
        persons=config.encoder.persons,
        frames=config.encoder.frames,
        rate_hz=serving.rate_hz,
        hop_frames=1,
        lookahead_frames=0,
        labels=serving.labels,
        normalisation=normalisation_of(layout, intent),
        provenance=Provenance(serving.data, serving.terms, "published", serving.checkpoint_sha256),
    )


def normalisation_of(layout: str, intent: Intent) -> Normalisation:
    """How clips of a layout are prepared."""
    return intent.normalisation or READ_AS[layout_named(layout).dimensions]


def read_labels(path: Path) -> tuple[str, ...]:
    """Reads labels, one a line; empty lines and lines that begin with # are passed over.

    Raises:
        ArtifactError: there is no such file, it is no text, or a label stands there twice.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "no text in UTF-8"
        raise ArtifactError(f"{path}: expected a label a line: {reason}") from None
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        label = line.strip()
        if not label or label.startswith("#"):
            continue
        if label in seen:
            raise ArtifactError(
                f"{path}, line {number}: expected each label once, got {label!r} again "
                f"(line {seen[label]})"
            )
        seen[label] = number
    return tuple(seen)


def _load(path: Path, intent: Intent) -> PretrainingNetwork | Recogniser:
    network = load_published(path, task=intent.task).network
    parents = layout_named(_layout(path, network.backbone.config.joints)).parents
    # Whose parents bones are taken from is known once the joints are.
    return load_published(path, task=intent.task, modality=intent.modality, parents=parents).network


def _layout(path: Path, joints: int) -> str:
    if joints not in LAYOUTS:
        known = " or ".join(f"{count} ({name})" for count, name in LAYOUTS.items())
        raise CheckpointError(f"{path}: expected an encoder of {known} joints, found {joints}")
    return LAYOUTS[joints]
