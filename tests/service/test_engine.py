"""The engine: ONNX Runtime beside the event loop, and artifacts that it will not run."""

import asyncio
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from model.pose.artifact import ArtifactError, ArtifactSpec
from model.pose.artifact_session import CPU, ArtifactSession, Outputs
from service.engine import OnnxEngine
from tests.patience import SOON_S
from tests.service.artifacts import COCO, KINECT, graph, known_logits, write
from tests.service.engines import known_outputs


def clips(spec: ArtifactSpec, count: int) -> NDArray[np.float32]:
    shape = (count, 3, spec.frames, len(spec.joints), spec.persons)
    return np.random.default_rng(count).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(
    "spec", [KINECT, COCO, replace(KINECT, task="clip"), replace(COCO, persons=2)]
)
async def test_a_batch_is_its_windows_one_at_a_time(spec: ArtifactSpec, tmp_path: Path) -> None:
    """Whatever is run together gives what each window gives alone, and what NumPy gives."""
    engine = OnnxEngine(write(tmp_path / "a.onnx", spec), threads=2)
    windows = clips(spec, 9)
    together = await engine.run(windows)
    alone = await asyncio.gather(*(engine.run(window[None]) for window in windows))
    engine.close()
    assert (engine.spec, engine.providers) == (spec, CPU)
    for name, expected in known_outputs(windows, spec)._asdict().items():
        output = getattr(together, name)
        np.testing.assert_allclose(
            np.concatenate([getattr(one, name) for one in alone]), output, atol=1e-6
        )
        np.testing.assert_allclose(output, expected, atol=1e-5)


async def test_the_event_loop_goes_on_while_windows_are_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is held does not hold up what else the loop does."""
    engine = OnnxEngine(write(tmp_path / "a.onnx"), threads=1)
    windows = clips(KINECT, 20)
    loop, begun, go_on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    infer = engine._session.run

    def held(clips: NDArray[np.float32]) -> Outputs:
        loop.call_soon_threadsafe(begun.set)
        assert go_on.wait(SOON_S)
        return infer(clips)

    monkeypatch.setattr(engine._session, "run", held)
    running = asyncio.create_task(engine.run(windows))
    await asyncio.wait_for(begun.wait(), SOON_S)
    assert not running.done()
    go_on.set()
    np.testing.assert_allclose((await running).logits, known_logits(windows, KINECT), atol=1e-4)
    engine.close()


def with_constant(path: Path, spec: ArtifactSpec, name: str, value: NDArray[Any]) -> Path:
    """Writes the artifact of `spec` with another constant in its graph."""
    model = graph(spec)
    (constant,) = (entry for entry in model.graph.initializer if entry.name == name)
    constant.CopyFrom(numpy_helper.from_array(value, name))
    helper.set_model_props(model, spec.to_metadata())
    path.write_bytes(model.SerializeToString())
    return path


def test_a_graph_that_does_not_do_what_it_declares_is_refused(tmp_path: Path) -> None:
    """An artifact whose first window fails, or gives what is no number, never gets a client."""
    clip = replace(KINECT, task="clip")
    failing = with_constant(tmp_path / "failing.onnx", clip, "newest", np.array(99))
    with pytest.raises(ArtifactError, match=r"failing\.onnx: an empty window cannot be run: .+"):
        OnnxEngine(failing, threads=1)
    nothing = np.full((60, 3), np.nan, np.float32)
    mute = with_constant(tmp_path / "mute.onnx", KINECT, "weights", nothing)
    with pytest.raises(ArtifactError, match=r"mute\.onnx: .+: hands answered with NaN or infin"):
        OnnxEngine(mute, threads=1)


def test_what_was_asked_for_and_not_got_is_said(tmp_path: Path) -> None:
    """A provider that was asked for by name and is not here is named; the best there is, is fine.

    The model runs all the same.
    """
    path = write(tmp_path / "a.onnx")
    best = OnnxEngine(path, threads=3)
    assert (best.providers, best.degraded, best.parallel) == (CPU, None, 3)
    asked = OnnxEngine(path, threads=3, providers=("CUDAExecutionProvider", *CPU))
    assert asked.providers == CPU
    assert asked.degraded == (
        "hands runs on CPUExecutionProvider: ONNX Runtime could not start CUDAExecutionProvider "
        "here"
    )
    windows = clips(KINECT, 2)
    np.testing.assert_array_equal(asked.infer(windows).logits, best.infer(windows).logits)
    for engine in (best, asked):
        engine.close()


def test_bound_outputs_are_those_of_a_plain_run(tmp_path: Path) -> None:
    """Binding inputs and outputs to a device changes where they lie, not what they are."""
    path = write(tmp_path / "a.onnx")
    plain, bound = (ArtifactSession(path, threads=1, bind=bind) for bind in (False, True))
    for count in (1, 5):
        windows = clips(KINECT, count)
        for one, other in zip(plain.run(windows), bound.run(windows), strict=True):
            np.testing.assert_array_equal(one, other)


async def test_a_window_without_an_answer_is_no_answer(tmp_path: Path) -> None:
    """Logits that are no numbers raise, for a score of NaN could not be sent."""
    engine = OnnxEngine(write(tmp_path / "a.onnx"), threads=1)
    windows = clips(KINECT, 2)
    windows[1] = np.inf
    with pytest.raises(FloatingPointError, match="hands answered with NaN or infinity"):
        await engine.run(windows)
    engine.close()
