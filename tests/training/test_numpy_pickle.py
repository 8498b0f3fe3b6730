"""The restricted unpickler: arrays and containers of every protocol, and nothing that can run."""

import pickle
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.readers.numpy_pickle import load_numpy_pickle
from training.readers.reader import ReadingError

CONTENT: dict[str, Any] = {
    "array": np.arange(6, dtype=np.float16).reshape(1, 2, 3),
    "columns": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "empty": np.zeros((0, 4)),
    "numbers": [np.float32(1.5), np.int64(3), 7, -2.5, True, None, 1 + 2j],
    "texts": ("wave", b"\x00\xff", {"a", "b"}, frozenset({1}), bytearray(b"x")),
    "ordered": OrderedDict(one=1),
}


class _Runs:
    """What an attacker writes: a pickle that calls a function as it is loaded."""

    def __init__(self, marker: Path) -> None:
        self._marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self._marker,))


def _load(path: Path, content: bytes) -> Any:
    path.write_bytes(content)
    return load_numpy_pickle(path)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_and_containers_of_every_protocol_come_back(tmp_path: Path, protocol: int) -> None:
    """Values, types and shapes are those that were written."""
    loaded = _load(tmp_path / "x.pkl", pickle.dumps(CONTENT, protocol=protocol))

    for key in ("array", "columns", "empty"):
        np.testing.assert_array_equal(loaded[key], CONTENT[key])
        assert loaded[key].dtype == CONTENT[key].dtype
    for key in ("numbers", "texts", "ordered"):
        assert loaded[key] == CONTENT[key]


def test_pickles_of_older_numpy_and_of_python_2_come_back(tmp_path: Path) -> None:
    """``numpy.core`` was the place of the functions before 2.0, texts were bytes in Python 2."""
    new = pickle.dumps(np.arange(3), protocol=2)
    old = new.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    python_2 = b"(S'S001C001P001R001A001.skeleton'\np0\nI3\ntp1\n."

    np.testing.assert_array_equal(_load(tmp_path / "x.pkl", old), np.arange(3))
    assert _load(tmp_path / "x.pkl", python_2) == ("S001C001P001R001A001.skeleton", 3)


def test_a_pickle_that_would_run_something_does_not(tmp_path: Path) -> None:
    """The function is named in the sentence, and was not called."""
    marker = tmp_path / "marker"
    with pytest.raises(ReadingError, match=r"x.pkl: expected a pickle of .* asks for pathlib") as e:
        _load(tmp_path / "x.pkl", pickle.dumps([1, _Runs(marker)]))

    assert "\n" not in str(e.value)
    assert not marker.exists()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"cos\nsystem\n(S'true'\ntR.", "os.system"),
        (b"cbuiltins\neval\n(S'1'\ntR.", "builtins.eval"),
        (b"c__builtin__\ngetattr\n.", "__builtin__.getattr"),
        (b"cnumpy\nload\n(S'x'\ntR.", "numpy.load"),
        (b"cnumpy.core.multiarray\nfromfile\n.", "numpy.core.multiarray.fromfile"),
        (b"cnumpy\nmemmap\n.", "numpy.memmap"),
        (b"ctorch._utils\n_rebuild_tensor_v2\n.", "torch._utils._rebuild_tensor_v2"),
    ],
)
def test_every_other_name_is_refused_by_that_name(
    tmp_path: Path, content: bytes, name: str
) -> None:
    """Neither other functions of NumPy and of the language, nor other modules."""
    with pytest.raises(ReadingError) as caught:
        _load(tmp_path / "x.pkl", content)
    assert f"but it asks for {name}" in str(caught.value)


def test_other_codecs_and_outside_references_are_refused(tmp_path: Path) -> None:
    """Bytes come as latin1, as Python 3 writes them; a persistent id has no one to resolve it."""
    encoded = b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x04\x00\x00\x00zlib\x86R."
    with pytest.raises(ReadingError, match="expected bytes as latin1, got them as 'zlib'"):
        _load(tmp_path / "x.pkl", encoded)
    with pytest.raises(ReadingError, match="expected no reference out of the pickle, got 'out'"):
        _load(tmp_path / "x.pkl", b"Pout\n.")


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_pickle_is_one_sentence_or_loads(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Cut anywhere, or with a byte changed: a ReadingError, or something; never another error."""
    content = bytearray(pickle.dumps({"k": [np.arange(4.0), "text", 3]}, protocol=4))
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("pickles") / "x.pkl"
    with suppress(ReadingError):
        _load(path, bytes(content))


def test_a_container_that_stands_in_many_places_is_made_once(tmp_path: Path) -> None:
    """A hundred bytes that would be 2**64 lists; arrays in them come back as one."""
    nested: list[Any] = [np.arange(3)]
    for _ in range(64):
        nested = [nested, nested]
    found = _load(tmp_path / "x.pkl", pickle.dumps(nested))
    for _ in range(64):
        assert found[0] is found[1]
        found = found[0]
    np.testing.assert_array_equal(found[0], np.arange(3))
