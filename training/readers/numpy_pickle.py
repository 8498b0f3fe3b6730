"""Loads a pickle of plain containers and NumPy arrays, and refuses whatever else one may hold.

A pickle can name any function of any module and have it called. This loader resolves only the few
names that arrays need, and not even these to NumPy's own: what they would do is done here, checked,
as NumPy trusts the state that it is given. It knows nothing of skeletons.
"""

import pickle
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.readers.reader import ReadingError

# What the parser raises on bytes that are no whole pickle depends on where they go wrong.
_UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    MemoryError,
    ArithmeticError,
    RecursionError,
    pickle.UnpicklingError,
)

_PLAIN_TYPE = re.compile(r"[?]|[biufcSU]\d+")
_BYTE_ORDERS = ("<", ">", "|", "=")


def load_numpy_pickle(path: Path) -> Any:
    """Loads the object in a pickle file, of protocol 0 to 5, by Python 2 or 3.

    Returns:
        Dicts, lists, tuples, sets, strings, bytes, numbers, None, and read-only NumPy arrays and
        scalars of numbers and texts.

    Raises:
        ReadingError: Where the file is no whole pickle, or holds or names anything but these.
    """
    try:
        with path.open("rb") as file:
            # Python 2 wrote texts and the bytes of arrays as one type; latin1 keeps every byte.
            return _finished(_NumpyUnpickler(file, encoding="latin1").load(), {})
    except ReadingError as error:
        raise ReadingError(f"{path.name}: {error}") from error
    except _UNREADABLE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ReadingError(f"{path.name}: expected a whole pickle, but {reason}") from error


class _Type:
    """Stands for ``numpy.dtype``: one of numbers or texts, whose byte order may come later."""

    def __init__(self, code: object, *_: object) -> None:
        text = code.decode("latin1") if isinstance(code, bytes) else str(code)
        if not _PLAIN_TYPE.fullmatch(text):
            raise ReadingError(f"expected arrays of numbers or texts, got type {text[:20]!r}")
        self.dtype = np.dtype(text)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        order = state[1]
        if order not in _BYTE_ORDERS:
            raise ReadingError(f"expected a byte order, got {str(order)[:20]!r}")
        self.dtype = self.dtype.newbyteorder(order)


class _Array:
    """Stands for ``numpy.ndarray``, whose contents come as its state."""

    array: NDArray[Any] | None = None

    def __init__(self, *_: object) -> None:
        """Takes what ``_reconstruct`` takes, which says nothing yet."""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, columns_first, content = state
        self.array = _array(content, kind, shape, "F" if columns_first else "C")


def _array(content: Any, kind: Any, shape: Any, order: Any = "C") -> NDArray[Any]:
    """An array over the bytes of its content, also standing for ``numeric._frombuffer``."""
    if isinstance(content, str):  # of Python 2
        content = content.encode("latin1")
    if not isinstance(kind, _Type) or not isinstance(content, bytes | bytearray):
        raise ReadingError("expected an array's type and bytes, got something else")
    if not isinstance(shape, tuple) or not all(isinstance(n, int) and n >= 0 for n in shape):
        raise ReadingError(f"expected an array's shape, got {str(shape)[:40]}")
    if len(content) != prod(shape) * kind.dtype.itemsize:
        raise ReadingError(
            f"expected {prod(shape) * kind.dtype.itemsize} bytes for an array {shape} of "
            f"{kind.dtype}, got {len(content)}"
        )
    # A copy of the bytes, so that nothing can change them, or hold them, behind the array's back.
    flat = np.frombuffer(bytes(content), kind.dtype) if content else np.empty(0, kind.dtype)
    return flat.reshape(shape, order="F" if order == "F" else "C")


def _scalar(kind: Any, content: Any) -> Any:
    """Stands for ``multiarray.scalar``."""
    return _array(content, kind, ())[()]


def _bytes(*arguments: object) -> bytes:
    """Stands for ``bytes`` and ``bytearray``, which would fill any memory if given a number."""
    match arguments:
        case ():
            return b""
        case (bytes() as content,):
            return content
        case (str() as text, "latin-1" | "latin1"):
            return text.encode("latin1")
    raise ReadingError("expected bytes from bytes, got them from something else")


def _bytes_of(text: str, encoding: str = "latin1") -> bytes:
    """Stands for ``_codecs.encode``, as which Python 3 writes bytes for Python 2."""
    if encoding != "latin1":
        raise ReadingError(f"expected bytes as latin1, got them as {encoding[:40]!r}")
    return text.encode("latin1")


_STAND_INS: Mapping[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Type,
    ("_codecs", "encode"): _bytes_of,
    ("collections", "OrderedDict"): OrderedDict,
    # NumPy moved its core to `numpy._core` in 2.0; pickles name either place.
    **{
        (f"numpy.{core}.{module}", name): stand_in
        for core in ("core", "_core")
        for module, name, stand_in in (
            ("multiarray", "_reconstruct", _Array),
            ("multiarray", "scalar", _scalar),
            ("numeric", "_frombuffer", _array),
        )
    },
    **{
        (module, container.__name__): container
        for module in ("builtins", "__builtin__")
        for container in (set, frozenset, list, dict, tuple, complex)
    },
    **{
        (module, name): _bytes
        for module in ("builtins", "__builtin__")
        for name in ("bytes", "bytearray")
    },
}


class _NumpyUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _STAND_INS:
            raise ReadingError(
                f"expected a pickle of containers and NumPy arrays only, "
                f"but it asks for {module}.{name}"
            )
        return _STAND_INS[module, name]

    def persistent_load(self, pid: object) -> Any:
        raise ReadingError(f"expected no reference out of the pickle, got {str(pid)[:40]!r}")


def _finished(value: Any, done: dict[int, Any]) -> Any:
    """The same containers with each stand-in replaced by what it stands for.

    Args:
        value: What was read, which holds all that is in it.
        done: Containers by their identity: one that stands in many places is made once.
    """
    if isinstance(value, _Array):
        if value.array is None:
            raise ReadingError("expected an array's contents, got none")
        return value.array
    if isinstance(value, _Type):
        return value.dtype
    if not isinstance(value, dict | list | tuple | set | frozenset):
        return value
    if id(value) not in done:
        done[id(value)] = (
            type(value)((key, _finished(item, done)) for key, item in value.items())
            if isinstance(value, dict)
            else type(value)(_finished(item, done) for item in value)
        )
    return done[id(value)]
