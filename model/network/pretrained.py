"""The pretrained checkpoint: an encoder with its projectors, in one torch file.

What it reads (modality, layout, normalisation) is noted beside the weights, as plain values, so
that whoever fine-tunes or evaluates it prepares clips as pretraining did.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

import msgspec
import torch
from torch import Tensor

from model.network.config import EncoderConfig, refuse_unknown
from model.network.encoder import clip_feature
from model.network.multimodal import MultiModalNetwork
from model.network.projectors import PretrainingNetwork
from model.network.recogniser import Recogniser, encoder_of
from model.network.tokens import Modality, SingleModality, derive
from model.network.weights import (
    CheckpointError,
    check_fit,
    plain_entries,
    read_state,
    read_torch_file,
    write_state,
    write_torch_file,
)
from model.pose.layout import LAYOUTS, LayoutError, layout_named
from model.pose.normalise import Normalisation

FORMAT = "posewire-pretrained"
VERSION = 1


@dataclass(frozen=True)
class Reading:
    """How clips were prepared for an encoder.

    Attributes:
        modality: What it reads of them; "all" for a multi-modal encoder.
        layout: Name of the layout of their joints.
        normalisation: Name of their normalisation.
    """

    modality: Modality
    layout: str
    normalisation: Normalisation


@dataclass(frozen=True)
class Pretrained:
    """A pretrained network and what was noted beside it.

    Attributes:
        network: Encoder and projectors; a `MultiModalNetwork` if, and only if, it reads "all".
        reading: How clips are prepared for it.
        provenance: Plain values on where the weights come from (data, settings, commit, …).
        path: The file that they were read from; None where they were not.

    Raises:
        ValueError: the network is of the other kind than its reading says.
    """

    network: PretrainingNetwork
    reading: Reading
    provenance: Mapping[str, object] = field(default_factory=dict)
    path: Path | None = None

    def __post_init__(self) -> None:
        """Refuses a network that does not read what is said of it."""
        if isinstance(self.network, MultiModalNetwork) != (self.reading.modality == "all"):
            raise ValueError(
                f"a {type(self.network).__name__} cannot read modality {self.reading.modality!r}"
            )

    def clip_feature(
        self, clips: Tensor, modalities: Sequence[SingleModality] | None = None
    ) -> Tensor:
        """Gives one feature a clip, (B, 2D).

        Args:
            clips: Joints (B, 3, T, V, M), prepared as `reading` says.
            modalities: Which take part in the fused stream of a multi-modal encoder; None for
                all that it was trained on.

        Raises:
            LayoutError: The layout that it was trained with is unknown here.
            ValueError: The modalities are none of the encoder's.
        """
        if modalities is not None and isinstance(self.network, MultiModalNetwork):
            return clip_feature(self.network.encode(clips, modalities))
        modality = self.reading.modality
        if modalities is not None and list(modalities) != [modality]:
            raise ValueError(f"this encoder reads {modality} only; got {', '.join(modalities)}")
        parents = layout_named(self.reading.layout).parents
        return clip_feature(self.network.backbone(derive(clips, modality, parents)))


def pretraining_network(config: EncoderConfig, reading: Reading) -> PretrainingNetwork:
    """Makes the network, with random weights, that is pretrained to read clips so.

    Raises:
        LayoutError: It reads all modalities of a layout that is unknown here.
        ValueError: It reads all modalities of a layout with another number of joints.
    """
    if reading.modality != "all":
        return PretrainingNetwork(encoder_of(config))
    parents = layout_named(reading.layout).parents
    return MultiModalNetwork(encoder_of(config, "all", parents))


def load_backbone(recogniser: Recogniser, pretrained: Pretrained) -> None:
    """Gives a recogniser the encoder of a pretrained network; its head stays as it is.

    The sizes must be the same, and so must what the encoder reads; how much it drops in training
    may differ.

    Raises:
        CheckpointError: A setting differs, or a layout is unknown; the sentence names it and the
            file.
    """
    named = pretrained.path or "the pretrained encoder"
    config, source = recogniser.config, pretrained.network.backbone.config
    facts: dict[str, tuple[object, object]] = {
        entry.name: (getattr(config.encoder, entry.name), getattr(source, entry.name))
        for entry in fields(EncoderConfig)
        if entry.name != "drop_path"
    }
    facts["modality"] = (config.modality, pretrained.reading.modality)
    if config.modality in ("bone", "all"):
        facts["parents"] = (config.parents, _parents(pretrained.reading.layout, named))
    for name, (expected, found) in facts.items():
        if expected != found:
            raise CheckpointError(
                f"{named}: it does not fit the recogniser: {name} is expected to be {expected}, "
                f"found {found}"
            )
    recogniser.backbone.load_state_dict(pretrained.network.backbone.state_dict())


def save_pretrained(pretrained: Pretrained, path: Path) -> None:
    """Writes a pretrained network; an older file at `path` is replaced at once, or not at all.

    Raises:
        CheckpointError: a note is not a plain value, or the file cannot be written.
    """
    content = {
        "format": FORMAT,
        "version": VERSION,
        "encoder": msgspec.to_builtins(pretrained.network.backbone.config),
        "reading": msgspec.to_builtins(pretrained.reading),
        "provenance": plain_entries(pretrained.provenance, "provenance", path),
        "state_dict": write_state(pretrained.network),
    }
    write_torch_file(content, path)


def load_pretrained(path: Path) -> Pretrained:
    """Reads what `save_pretrained` wrote; its network is in evaluation mode.

    Raises:
        CheckpointError: it is no such file, is of another version, or does not fit its own
            settings.
    """
    content = read_torch_file(path)
    found = (content.get("format"), content.get("version"))
    if found != (FORMAT, VERSION):
        raise CheckpointError(
            f"{path}: expected format {FORMAT!r}, version {VERSION}; found {found[0]!r}, {found[1]}"
        )
    try:
        refuse_unknown(content.get("encoder"), EncoderConfig)
        config = msgspec.convert(content.get("encoder"), EncoderConfig)
        reading = msgspec.convert(content.get("reading"), Reading)
        provenance = msgspec.convert(content.get("provenance"), dict[str, object])
        _check_joints(config, reading)
        with torch.device("meta"):
            blueprint = pretraining_network(config, reading)
    except (msgspec.ValidationError, ValueError) as error:
        raise CheckpointError(f"{path}: its settings cannot be read: {error}") from error
    state = read_state(content, path)
    check_fit(state, blueprint, path)
    network = pretraining_network(config, reading)
    network.load_state_dict(state)
    return Pretrained(network.eval(), reading, provenance, path)


def _check_joints(config: EncoderConfig, reading: Reading) -> None:
    """Refuses an encoder of other joints than it says that it reads.

    Raises:
        ValueError: They are not as many; a layout that is unknown here has any number.
    """
    if reading.layout not in LAYOUTS:
        return
    joints = len(LAYOUTS[reading.layout].joints)
    if config.joints != joints:
        raise ValueError(
            f"expected the {joints} joints of layout {reading.layout}, got an encoder of "
            f"{config.joints}"
        )


def _parents(layout: str, named: Path | str) -> tuple[int, ...]:
    try:
        return layout_named(layout).parents
    except LayoutError as error:
        raise CheckpointError(f"{named}: it reads clips in a way unknown here: {error}") from error
