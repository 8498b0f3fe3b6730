"""The recogniser: its settings as plain values, its tasks and modalities."""

from typing import get_args

import msgspec
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.network.config import EncoderConfig, EncoderKind
from model.network.recogniser import Recogniser, RecogniserConfig, Task
from model.network.tokens import MODALITIES, Modality, derive

ENCODER = EncoderConfig("sttr", joints=4, persons=2, hidden_size=8, frames=16)
PARENTS = (1, 1, 1, 2)

ENCODERS = st.builds(
    EncoderConfig,
    kind=st.sampled_from(get_args(EncoderKind)),
    joints=st.just(4),
    persons=st.integers(1, 16),
    hidden_size=st.integers(1, 64).map(lambda half: 2 * half),
    frames=st.integers(1, 200),
    alpha=st.floats(0, 1),
    gap=st.integers(1, 9),
    drop_path=st.floats(0, 0.9),
)
CONFIGS = st.builds(
    RecogniserConfig,
    encoder=ENCODERS,
    task=st.sampled_from(get_args(Task)),
    labels=st.integers(1, 100),
    modality=st.sampled_from(get_args(Modality)),
    parents=st.just(PARENTS),
    head_dropout=st.floats(0, 0.9),
)


@given(CONFIGS)
def test_settings_survive_as_plain_values(config: RecogniserConfig) -> None:
    """What is written as plain values, JSON included, is read as the same settings."""
    plain = config.to_dict()
    assert RecogniserConfig.from_dict(plain) == config
    assert RecogniserConfig.from_dict(msgspec.json.decode(msgspec.json.encode(plain))) == config


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"task": "video"}, "settings cannot be read: Invalid enum value 'video'"),
        ({"labels": "11"}, r"Expected `int`, got `str` - at `\$.labels`"),
        ({"labels": 0}, "labels must lie in 1…100000; got 0"),
        ({"hed_dropout": 0.1}, "unknown key 'hed_dropout'"),
        ({"encoder": {**RecogniserConfig(ENCODER, "clip", 2).to_dict(), "a": 1}}, "unknown key"),
        ({"encoder": {"kind": "dste"}}, "missing required field `joints`"),
        ({"encoder": None}, "Expected `object`, got `null`"),
        ({"modality": "bone", "parents": []}, "one parent for each of 4 joints; got 0"),
        ({"modality": "all", "parents": []}, "one parent for each of 4 joints; got 0"),
        ({"head_dropout": 1}, "head_dropout must be at least 0 and below 1; got 1.0"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes: dict[str, object], sentence: str) -> None:
    """A setting unknown, missing, mistyped or out of range gets a sentence that names it."""
    plain = RecogniserConfig(ENCODER, "clip", labels=2).to_dict()
    with pytest.raises(ValueError, match=sentence):
        RecogniserConfig.from_dict({**plain, **changes})


@pytest.mark.parametrize("settings", [None, 3, [], "dste"])
def test_settings_that_are_no_dict_are_refused(settings: object) -> None:
    """Anything but a dict is told apart from one."""
    with pytest.raises(ValueError, match="Expected `object`"):
        RecogniserConfig.from_dict(settings)


@pytest.mark.parametrize(("task", "shape"), [("frames", (3, 16, 7)), ("clip", (3, 7))])
@pytest.mark.parametrize("modality", MODALITIES)
def test_the_modality_is_derived_inside(
    task: Task, shape: tuple[int, ...], modality: Modality
) -> None:
    """A recogniser fed with joints gives what a joint recogniser gives for the modality."""
    inside = Recogniser(RecogniserConfig(ENCODER, task, 7, modality, PARENTS)).eval()
    outside = Recogniser(RecogniserConfig(ENCODER, task, 7)).eval()
    outside.load_state_dict(inside.state_dict())
    clip = torch.randn(3, *ENCODER.clip_shape)
    logits, features = inside(clip)
    expected_logits, expected_features = outside(derive(clip, modality, PARENTS))
    assert logits.shape == shape
    assert features.shape == (3, 16, 16)
    assert torch.equal(logits, expected_logits)
    assert torch.equal(features, expected_features)


def test_head_dropout_is_for_training_only() -> None:
    """Dropout changes logits between runs in training, never features, never in evaluation."""
    recogniser = Recogniser(RecogniserConfig(ENCODER, "frames", 7, head_dropout=0.5))
    clip = torch.randn(3, *ENCODER.clip_shape)
    (one, features), (two, same_features) = recogniser(clip), recogniser(clip)
    assert not torch.equal(one, two)
    assert torch.equal(features, same_features)
    recogniser.eval()
    assert torch.equal(recogniser(clip)[0], recogniser(clip)[0])
