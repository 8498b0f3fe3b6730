"""What libraries raise on broken content: which error it is depends on the byte."""

import zipfile
import zlib
from tokenize import TokenError

import msgspec

UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""Of msgspec, on bytes that are no JSON, or none of the type that is asked for."""

NO_ARRAY = (
    OSError,
    EOFError,
    ValueError,
    SyntaxError,
    OverflowError,
    TokenError,
    zipfile.BadZipFile,
    zlib.error,
)
"""Of NumPy, on bytes that are no whole array or archive of arrays."""


def one_line(error: Exception) -> str:
    """What an error says, in one line."""
    return " ".join(str(error).split())
