"""The shelf of models: loaded, made the default and unloaded while sessions stay on theirs."""

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from service.engine import OnnxEngine
from service.models import ListedModel, ModelError, Models, open_engine
from service.settings import Settings
from tests.patience import SOON_S
from tests.service.artifacts import KINECT, write
from tests.service.engines import HeldEngine
from tests.service.test_batcher import clips, ready

FIRST = "hands@1"


async def test_a_session_stays_on_the_model_that_it_began_with(tmp_path: Path) -> None:
    """A swap is for sessions to come; a model that is unloaded goes when its last session goes."""
    engine = HeldEngine(runs=100)
    models = Models(engine, Settings())
    name = await models.load(write(tmp_path / "b.onnx", replace(KINECT, version="2")))
    assert name == "hands@2"
    async with models.acquire() as old:
        await models.swap(name)
        assert models.default is not old
        async with models.acquire() as new, models.acquire(FIRST) as too:
            assert (new.spec.version, old.spec.version, too) == ("2", "1", old)
            await models.unload(FIRST)
            with pytest.raises(ModelError, match="hands@1 is being unloaded"):
                await models.swap(FIRST)
            assert models.listed() == [
                ListedModel(FIRST, False, 2, True, engine.providers, None),
                ListedModel(name, True, 1, False, ("CPUExecutionProvider",), None),
            ]
        assert not engine.closed
        assert len((await old.run(ready(clips(1)))).outputs.logits) == 1
    assert engine.closed
    assert [listed.name for listed in models.listed()] == [name]
    models.close()


async def test_what_cannot_be_done_is_said_in_one_sentence(tmp_path: Path) -> None:
    """Whatever is refused leaves the shelf as it was."""
    models = Models(HeldEngine(runs=100), Settings())
    before = models.listed()
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"nothing")
    for path, expected in (
        (tmp_path / "none.onnx", r"none\.onnx: .+ there is no such file"),
        (tmp_path, "there is no such file"),
        (bad, r"bad\.onnx: not an ONNX file that can be run"),
        (write(tmp_path / "same.onnx"), "hands@1 is loaded already"),
    ):
        with pytest.raises(ModelError, match=expected):
            await models.load(path)
    with pytest.raises(ModelError, match="hands@1 is the default"):
        await models.unload(FIRST)
    for refused in (models.unload("x"), models.swap("x")):
        with pytest.raises(ModelError, match="there is no model 'x'; there are hands@1"):
            await refused
    with pytest.raises(ModelError, match="there is no model 'x'"):
        async with models.acquire("x"):
            pass
    assert models.listed() == before


async def test_streams_go_on_while_a_model_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading and warming up a model does not hold up the loop, however long it takes."""
    models = Models(HeldEngine(runs=100), Settings())
    path = write(tmp_path / "slow.onnx", replace(KINECT, version="2"))
    loop, begun, go_on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def held(path: Path, settings: Settings) -> OnnxEngine:
        loop.call_soon_threadsafe(begun.set)
        assert go_on.wait(SOON_S)
        return open_engine(path, settings)

    monkeypatch.setattr("service.models.open_engine", held)
    loading = asyncio.create_task(models.load(path))
    await asyncio.wait_for(begun.wait(), SOON_S)
    assert not loading.done()
    go_on.set()
    assert await loading == "hands@2"
    models.close()


async def test_a_model_runs_alone_what_it_runs_in_the_service(tmp_path: Path) -> None:
    """A real artifact behind the shelf gives what its engine gives."""
    path = write(tmp_path / "a.onnx")
    models = Models(OnnxEngine(path, threads=2), Settings())
    engine = OnnxEngine(path, threads=1)
    async with models.acquire() as model:
        answered = await asyncio.gather(*(model.run(ready(clips(2, n))) for n in range(9)))
    for seed, answer in enumerate(answered):
        assert answer.outputs.logits == pytest.approx(engine.infer(clips(2, seed)).logits, abs=1e-5)
    models.close()
    engine.close()
