"""An artifact's metadata, read from its bytes: before there is a session, and without one.

What runs an artifact best is chosen before ONNX Runtime opens it, and depends on what it says.
"""

from model.pose.artifact import ArtifactError
from model.pose.onnx_wire import BYTES, Reader, WireError

_METADATA, _KEY, _VALUE = 14, 1, 2
_MOST_FIELDS = 100_000


def metadata_of(content: bytes) -> dict[str, str]:
    """Returns the metadata of an ONNX file; of a key that stands there twice the last counts.

    Raises:
        ArtifactError: the bytes are no ONNX file.
    """
    reader = Reader(_MOST_FIELDS)
    metadata = {}
    try:
        for field in reader.fields(memoryview(content)):
            if field.number == _METADATA and field.kind == BYTES:
                parts = {part.number: part.content for part in reader.fields(field.content)}
                key, value = (bytes(parts.get(number, b"")).decode() for number in (_KEY, _VALUE))
                metadata[key] = value
    except (WireError, UnicodeDecodeError) as error:
        raise ArtifactError(f"not an ONNX file that can be run: {error}") from None
    return metadata
