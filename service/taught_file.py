"""The file of a taught set: one MessagePack value, to take a set from one service to another.

It is versioned and names the model whose features it holds; every other is refused.
"""

from typing import Literal

import msgspec

from model.pose.few_shot import Example
from service.taught import Actions, TaughtAction, packed, unpacked
from service.taught_store import TaughtError

FILE_VERSION = 1


class TaughtFile(msgspec.Struct, frozen=True, kw_only=True):
    """The content of the file."""

    format: Literal["posewire-taught"] = "posewire-taught"
    version: int = FILE_VERSION
    model: str
    actions: tuple[TaughtAction, ...]


class _Head(msgspec.Struct, frozen=True):
    format: Literal["posewire-taught"]
    version: int


def exported(actions: Actions, model: str) -> bytes:
    """Returns a set as the content of a file.

    Args:
        actions: of the set.
        model: what `service.taught.model_of` says of their model.
    """
    return msgspec.msgpack.encode(TaughtFile(model=model, actions=packed(actions)))


def imported(content: bytes, model: str) -> dict[str, tuple[Example, ...]]:
    """Returns the set that a file holds.

    Args:
        content: of the file.
        model: that will be asked.

    Raises:
        TaughtError: it is no such file, of another version or of another model.
    """
    try:
        version = msgspec.msgpack.decode(content, type=_Head).version
        if version != FILE_VERSION:
            raise TaughtError(
                f"this server reads version {FILE_VERSION} of a taught set, the file is of version "
                f"{version}"
            )
        file = msgspec.msgpack.decode(content, type=TaughtFile)
        actions = unpacked(file.actions)
    except TaughtError:
        raise
    except ValueError as error:
        raise TaughtError(f"the file is no taught set: {error!s:.200}") from None
    if file.model != model:
        raise TaughtError(
            f"the file was taught with the model {file.model}, and its features mean nothing to "
            f"{model}"
        )
    return actions
