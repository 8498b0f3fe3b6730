"""What can go wrong for a caller, each as one sentence that needs no traceback.

It knows nothing of sockets or files: whoever notices a fault writes the sentence.
"""


class PosewireError(Exception):
    """Any fault that this package reports; its text is one clear sentence."""


class AddressError(PosewireError):
    """The address is not that of a websocket."""


class UnreachableError(PosewireError):
    """Nobody answers there, or no longer answers."""


class RefusedError(PosewireError):
    """The server closed the stream for good: trying again would end the same way."""


class LessonError(PosewireError):
    """An action was not taught, or not forgotten; the stream goes on."""


class CameraError(PosewireError):
    """A camera or a video gives no pictures, or what is needed for them is missing."""


class RecordingError(PosewireError):
    """A recording cannot be read, or is not one."""
