"""The seal: the hash that an artifact carries of itself, under a metadata key of its own.

It tells a file that was damaged or edited from the one that was written, and says nothing of who
wrote it: whoever edits a file can seal it again. Whom to trust is `model.pose.manifest`'s.
"""

import hashlib

from model.pose.artifact import ArtifactError
from model.pose.onnx_wire import BYTES, Field, Reader, WireError

SEAL_KEY = "posewire-sha256"

_METADATA, _KEY, _VALUE = 14, 1, 2
_MOST_FIELDS = 100_000


def digest(content: bytes) -> str:
    """The SHA-256 of an ONNX file without the metadata entry that holds it, in hexadecimal.

    Raises:
        WireError: the bytes are no protobuf message.
    """
    found = hashlib.sha256()
    for field, stated in _entries(content):
        if stated is None:
            found.update(field.whole)
    return found.hexdigest()


def check_seal(content: bytes) -> None:
    """Refuses a file that is not what was sealed; one without a seal, of an older export, passes.

    Raises:
        ArtifactError: the seal is broken, or the file is no ONNX file.
    """
    try:
        stated = [seal for _, seal in _entries(content) if seal is not None]
        found = digest(content)
    except WireError as error:
        raise ArtifactError(f"not an ONNX file that can be run: {error}") from None
    if any(seal != found for seal in stated):
        raise ArtifactError(
            f"the artifact's seal is broken: it was written as {stated[0][:12]}…, what is there "
            f"is {found[:12]}…"
        )


def _entries(content: bytes) -> list[tuple[Field, str | None]]:
    """The fields of the model, the seal's with what it states."""
    fields = Reader(_MOST_FIELDS).fields(memoryview(content))
    return [(field, _stated(field)) for field in fields]


def _stated(field: Field) -> str | None:
    if field.number != _METADATA or field.kind != BYTES:
        return None
    parts = {part.number: bytes(part.content) for part in Reader(16).fields(field.content)}
    if parts.get(_KEY) != SEAL_KEY.encode():
        return None
    return parts.get(_VALUE, b"").decode("ascii", "replace")
