"""The store of taught actions: what is saved is there again, and nothing is half saved."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.pose.few_shot import Example
from service.settings import Settings
from service.taught import (
    Actions,
    TaughtExample,
    packed,
    packed_example,
    unpacked,
    unpacked_example,
)
from service.taught_file import exported, imported
from service.taught_routes import FILE_BYTES
from service.taught_store import TaughtError, TaughtStore
from service.teaching import LONGEST_LABEL, MOST_EXAMPLES

MODEL = "hands 1 (abc)"


def example(seed: int, width: int = 24) -> Example:
    random = np.random.default_rng(seed)
    vectors, mean, scale = (
        random.random(shape, np.float32) + 0.1 for shape in ((16, width), (width,), (width,))
    )
    rivals = random.random((32, width), np.float32).astype(np.float16).astype(np.float32)
    return Example(vectors, mean, scale, 0.5, rivals)


def same(actions: Actions, expected: Actions) -> bool:
    return packed(actions) == packed(expected)


async def test_a_set_is_there_again_when_the_service_comes_back(tmp_path: Path) -> None:
    """Examples add up in their order, sets are apart, and what was forgotten is gone."""
    path = tmp_path / "taught.sqlite"
    store = TaughtStore(path)
    await store.add("home", MODEL, "bow", example(1))
    await store.add("home", MODEL, "nod", example(2))
    await store.add("home", MODEL, "bow", example(3))
    await store.add("away", MODEL, "nod", example(4))
    await store.close()
    again = TaughtStore(path)
    expected = {"bow": (example(1), example(3)), "nod": (example(2),)}
    assert same(await again.load("home", MODEL), expected)
    await again.forget("home", "nod")
    assert list(await again.load("home", MODEL)) == ["bow"]
    assert list(await again.load("away", MODEL)) == ["nod"]
    assert await again.load("nowhere", MODEL) == {}
    await again.close()


async def test_a_full_disk_is_one_sentence_and_loses_nothing(tmp_path: Path) -> None:
    """Where SQLite can write no further the set is as it was, and can be written again later."""
    path = tmp_path / "taught.sqlite"
    store = TaughtStore(path)
    await store.add("home", MODEL, "bow", example(1))
    limit = await store._do(lambda: _limit(store._database, 2))
    with pytest.raises(TaughtError, match=r"taught\.sqlite: .+ as it was before: database or disk"):
        await store.replace("home", MODEL, {f"a{n}": (example(n, 999),) for n in range(30)})
    assert same(await store.load("home", MODEL), {"bow": (example(1),)})
    await store._do(lambda: _limit(store._database, limit + 1000))
    await store.add("home", MODEL, "nod", example(2))
    assert list(await store.load("home", MODEL)) == ["bow", "nod"]
    await store.close()


def _limit(database: sqlite3.Connection, more: int) -> int:
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    database.execute(f"PRAGMA max_page_count = {pages + more}")
    return int(pages)


async def test_a_set_of_another_model_is_refused(tmp_path: Path) -> None:
    """Features mean nothing to other weights: neither read nor added to, by store or file."""
    store = TaughtStore(tmp_path / "taught.sqlite")
    await store.add("home", MODEL, "bow", example(1))
    sentence = r"the set home was taught with the model hands 1 \(abc\), and .+ to hands 2"
    with pytest.raises(TaughtError, match=sentence):
        await store.load("home", "hands 2 (def)")
    with pytest.raises(TaughtError, match=sentence):
        await store.add("home", "hands 2 (def)", "bow", example(2))
    with pytest.raises(TaughtError, match=r"with the model hands 1 \(abc\), .+ to hands 2"):
        imported(exported({"bow": (example(1),)}, MODEL), "hands 2 (def)")
    for name in ("", " home", "x" * 61, "a\nb", "a/b", "/", ".", ".."):
        with pytest.raises(TaughtError, match="a set's name has 1 to 60 printable"):
            await store.load(name, MODEL)
    await store.close()


async def test_a_set_has_one_model_whichever_process_makes_it_first(tmp_path: Path) -> None:
    """Of two processes on one file that make a set at the same moment one is refused."""
    ours, theirs = TaughtStore(tmp_path / "taught.sqlite"), TaughtStore(tmp_path / "taught.sqlite")

    def first(statement: str) -> None:
        """Lets the other process be just before our transaction."""
        if statement.startswith("BEGIN"):
            ours._database.set_trace_callback(None)
            nod = {"nod": (example(1),)}
            theirs._thread.submit(theirs._add, "home", "hands 2", nod).result()

    await ours._do(lambda: ours._database.set_trace_callback(first))
    with pytest.raises(TaughtError, match=r"with the model hands 2, and .+ to hands 1 \(abc\)"):
        await ours.add("home", MODEL, "bow", example(2))
    assert same(await theirs.load("home", "hands 2"), {"nod": (example(1),)})
    await ours.close()
    await theirs.close()


async def test_a_set_is_limited_whoever_teaches_it(tmp_path: Path) -> None:
    """The first example or action beyond is refused, of all sessions and processes together."""
    path = tmp_path / "taught.sqlite"
    stores = [TaughtStore(path, most_actions=2, most_examples=3) for _ in range(2)]
    for seed in range(3):
        await stores[seed % 2].add("home", MODEL, "bow", example(seed))
    with pytest.raises(TaughtError, match=r"at most 3 examples of an action, .+ more of bow"):
        await stores[1].add("home", MODEL, "bow", example(3))
    await stores[0].add("home", MODEL, "nod", example(4))
    kept = {"bow": (example(0), example(1), example(2)), "nod": (example(4),)}
    with pytest.raises(TaughtError, match="at most 2 actions, and home would hold more; forget"):
        await stores[1].add("home", MODEL, "wave", example(5))
    with pytest.raises(TaughtError, match="at most 2 actions"):
        await stores[1].replace("home", MODEL, {label: (example(6),) for label in "abc"})
    assert same(await stores[0].load("home", MODEL), kept)
    await stores[0].forget("home", "bow")
    await stores[1].add("home", MODEL, "wave", example(5))
    await stores[1].add("away", MODEL, "bow", example(7))
    assert list(await stores[0].load("home", MODEL)) == ["nod", "wave"]
    for store in stores:
        await store.close()


@pytest.mark.parametrize("content", [b"", b"poses", bytes(9000)])
def test_what_is_no_store_is_refused(tmp_path: Path, content: bytes) -> None:
    """A file of something else is named and left as it is; an empty one becomes a store."""
    path = tmp_path / "file"
    path.write_bytes(content)
    if content:
        with pytest.raises(TaughtError, match=r"file: no file of taught actions: file is not a d"):
            TaughtStore(path)
        assert path.read_bytes() == content
    with pytest.raises(TaughtError, match="no file of taught actions: unable to open"):
        TaughtStore(tmp_path / "nowhere" / "file")
    newer = tmp_path / "newer"
    with sqlite3.connect(newer) as database:
        database.execute("PRAGMA user_version = 7")
    database.close()
    with pytest.raises(TaughtError, match="in format 1 here, this file is of format 7"):
        TaughtStore(newer)


def test_a_set_goes_from_one_service_to_another_as_a_file() -> None:
    """What is exported is imported as the same examples; versions and other files are refused."""
    actions = {"bow": (example(1), example(3)), "nod": (example(2),)}
    content = exported(actions, MODEL)
    assert same(imported(content, MODEL), actions)
    newer = content.replace(b"\xa7version\x01", b"\xa7version\x05")
    with pytest.raises(TaughtError, match="reads version 1 of a taught set, the file is of versi"):
        imported(newer, MODEL)


def test_the_largest_set_goes_as_a_file_too() -> None:
    """Five times as many actions as the default allows, of the default model's features."""
    most = 5 * Settings().taught_actions
    each = (example(1, 256),) * MOST_EXAMPLES
    actions = {f"{number:🤸<{LONGEST_LABEL}}": each for number in range(most)}
    content = exported(actions, MODEL)
    size = len(content)
    assert size <= FILE_BYTES
    back = imported(content, MODEL)
    assert list(back) == list(actions)
    assert {len(examples) for examples in back.values()} == {MOST_EXAMPLES}
    assert packed_example(back[min(back)][-1]) == packed_example(each[-1])


@given(st.binary(max_size=60), st.integers(0, 400))
def test_a_damaged_file_is_refused_or_whole(damage: bytes, place: int) -> None:
    """Whatever a file holds, it gives examples that can be used or one sentence."""
    content = bytearray(exported({"bow": (example(1, 4),)}, MODEL))
    content[place : place + len(damage)] = damage
    try:
        actions = imported(bytes(content), MODEL)
    except TaughtError:
        return
    for examples in actions.values():
        for each in examples:
            assert np.isfinite(each.similarity(np.zeros(len(each.mean), np.float32)))


def test_packing_loses_nothing() -> None:
    """An example of fewer prototypes comes back as it was, and so do its rivals, if it has any."""
    whole = example(1)
    few = replace(whole, vectors=whole.vectors[:3], threshold=0.25, rivals=whole.rivals[:0])
    for expected in (whole, few):
        ((back,),) = unpacked(packed({"bow": (expected,)})).values()
        for field in ("vectors", "mean", "scale", "threshold", "rivals"):
            np.testing.assert_array_equal(getattr(back, field), getattr(expected, field))


def test_what_was_saved_before_there_were_rivals_is_read() -> None:
    """An example without them is told by its threshold alone, as it was then."""
    old = msgspec.msgpack.decode(msgspec.msgpack.encode(packed_example(example(1))))
    del old["rivals"]
    back = unpacked_example(msgspec.convert(old, TaughtExample))
    assert back.rivals.shape == (0, 24)
    assert back.similarity(back.mean + back.scale * back.vectors[0]) > 0


@pytest.mark.parametrize(
    ("field", "number"),
    [
        *((field, number) for field in ("vectors", "mean", "scale") for number in (1e30, np.inf)),
        *((field, np.nan) for field in ("vectors", "mean", "scale", "rivals")),
        ("rivals", np.inf),
    ],
)
def test_numbers_that_no_feature_has_are_refused(field: str, number: float) -> None:
    """A file's numbers are computed with at every frame, so they must be such as ours are."""
    strange = replace(example(1), **{field: np.full_like(getattr(example(1), field), number)})
    with pytest.raises(
        TaughtError, match=r"no taught set: an example's numbers are within ±1000000"
    ):
        imported(exported({"bow": (strange,)}, MODEL), MODEL)
