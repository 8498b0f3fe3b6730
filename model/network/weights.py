"""Weights in files: read without trust, compared with a network by name, written atomically.

Knows nothing of what a file means; `checkpoint` and `published` give the two formats.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import msgspec
import torch
from torch import Tensor, nn

from model.pose.whole_file import left_behind, whole_file

# Enough to see what is wrong; a file of another network differs in hundreds of keys.
_NAMED_KEYS = 4


class CheckpointError(ValueError):
    """A checkpoint that cannot be used; its message is one sentence that names the file."""


def read_torch_file(path: Path) -> dict[object, object]:
    """Read the dict that `torch.save` wrote, of plain values and tensors only, on the CPU.

    Raises:
        CheckpointError: there is no such file, or it holds anything else.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: expected a checkpoint file, found none")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        # Torch fails in a dozen ways on bytes that are not its own, and in many lines.
        raise CheckpointError(
            f"{path}: expected plain values and tensors written by torch.save, "
            f"found something else ({type(error).__name__})"
        ) from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path}: expected a dict, found a {type(content).__name__}")
    return content


def write_torch_file(content: Mapping[str, object], path: Path) -> None:
    """Write `content` so that `path` is at any time either the old file or the whole new one.

    What was left by a process that was killed while it wrote the same file goes.

    Raises:
        CheckpointError: the file cannot be written.
    """
    try:
        for left in left_behind(path):
            left.unlink(missing_ok=True)
        # An open file, because torch would write a path's own name into the archive: the
        # same content gives the same bytes.
        with whole_file(path) as file:
            torch.save(dict(content), file)
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be written: {error.strerror}") from error
    except RuntimeError as error:
        # Torch's archive writer dies of a full disk in its own way, with the reason behind it.
        if not isinstance(error.__context__, OSError):
            raise
        reason = error.__context__.strerror
        raise CheckpointError(f"{path}: cannot be written: {reason}") from error


def plain_entries(entries: Mapping[str, object], key: str, path: Path) -> object:
    """Give entries as plain values, because anything else could be saved but not loaded.

    Raises:
        CheckpointError: an entry is something else.
    """
    try:
        return msgspec.to_builtins(dict(entries))
    except TypeError as error:
        raise CheckpointError(f"{path}: {key} must hold plain values: {error}") from error


def read_state(content: Mapping[object, object], path: Path) -> dict[str, Tensor]:
    """Give the `state_dict` of a file's content.

    Raises:
        CheckpointError: there is none, or it is not names with tensors that the file holds.
    """
    state = content.get("state_dict")
    if not isinstance(state, dict):
        raise CheckpointError(f"{path}: expected a dict under the key 'state_dict'")
    for name, values in state.items():
        if not isinstance(name, str) or not isinstance(values, Tensor):
            raise CheckpointError(f"{path}: state_dict key {name!r} is not a name with a tensor")
        if not _is_whole(values):
            raise CheckpointError(f"{path}: {name} does not store a value for each of its places")
        if not values.isfinite().all():
            raise CheckpointError(f"{path}: {name} holds values that are not finite")
    return state


def write_state(network: nn.Module) -> dict[str, Tensor]:
    """Give the weights of a network as a plain dict on the CPU, ready to be saved."""
    return {name: values.detach().cpu() for name, values in network.state_dict().items()}


def digest(network: nn.Module) -> str:
    """Give the SHA-256 of a network's weights, their names, types and shapes, in hexadecimal."""
    found = hashlib.sha256()
    for name, values in write_state(network).items():
        found.update(f"{name} {values.dtype} {tuple(values.shape)}\n".encode())
        found.update(values.reshape(-1).view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def check_fit(state: Mapping[str, Tensor], blueprint: nn.Module, path: Path) -> None:
    """Compare weights with the network that they are meant for.

    Args:
        state: weights by name.
        blueprint: such a network; the "meta" device will do, so that nothing is allocated
            for sizes that a file merely claims.
        path: the file to name in the message.

    Raises:
        CheckpointError: keys are missing, extra, of another shape or type, or one weight that
            is listed under several keys differs between them.
    """
    expected = blueprint.state_dict()
    other = [
        f"{name} (expected {_describe(expected[name])}, found {_describe(values)})"
        for name, values in state.items()
        if name in expected and not _alike(values, expected[name])
    ]
    faults = {
        "missing": [name for name in expected if name not in state],
        "extra": [name for name in state if name not in expected],
        "of another shape": other,
    }
    found = [f"{fault}: {_list(names)}" for fault, names in faults.items() if names]
    if found:
        raise CheckpointError(f"{path}: the weights do not fit the network; {'; '.join(found)}")
    _check_shared(state, blueprint, path)


def _check_shared(state: Mapping[str, Tensor], blueprint: nn.Module, path: Path) -> None:
    """Refuse a weight that the network shares between two names, and the file does not."""
    names_of: dict[int, list[str]] = defaultdict(list)
    for name, parameter in blueprint.named_parameters(remove_duplicate=False):
        names_of[id(parameter)].append(name)
    for first, *others in names_of.values():
        for name in others:
            if not torch.equal(state[first], state[name]):
                raise CheckpointError(
                    f"{path}: {first} and {name} are one weight, but their values differ"
                )


def _is_whole(values: Tensor) -> bool:
    """Tell whether a tensor is dense and stored in full, not a few bytes that claim gigabytes."""
    if values.layout != torch.strided or values.is_quantized:
        return False
    return values.untyped_storage().nbytes() >= values.numel() * values.element_size()


def _alike(values: Tensor, expected: Tensor) -> bool:
    same_kind = values.is_floating_point() == expected.is_floating_point()
    return same_kind and values.shape == expected.shape


def _describe(values: Tensor) -> str:
    kind = "" if values.is_floating_point() else "integers "
    return f"{kind}{tuple(values.shape)}"


def _list(names: list[str]) -> str:
    more = len(names) - _NAMED_KEYS
    return ", ".join(names[:_NAMED_KEYS]) + (f" and {more} more" if more > 0 else "")
