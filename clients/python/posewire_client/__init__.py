"""Stream body poses to a posewire server and read action labels as they happen.

`AsyncClient` and `Client` are one stream each, for asyncio and without; `Recording` reads a
recorded one, and `play` sends it. The command `posewire-stream` is these put together.
`label_recording` has a whole recording labelled in one request.
"""

from posewire_client.async_client import AsyncClient
from posewire_client.camera import Camera
from posewire_client.client import Client
from posewire_client.counts import Counts
from posewire_client.errors import (
    AddressError,
    CameraError,
    LessonError,
    PosewireError,
    RecordingError,
    RefusedError,
    UnreachableError,
)
from posewire_client.messages import (
    Actions,
    ErrorMessage,
    Event,
    Hello,
    Latency,
    Limits,
    Message,
    ModelInfo,
    Notice,
    Options,
    PersonAction,
    Reconnecting,
    SeenPerson,
    SeenPose,
    Taught,
    Timing,
    Unknown,
    Welcome,
)
from posewire_client.playback import play, play_camera
from posewire_client.posted import (
    LabelledFrame,
    LabelledRecording,
    LabelledSegment,
    label_frames,
    label_recording,
)
from posewire_client.reconnect import Reconnect
from posewire_client.recording import Recording

__all__ = [
    "Actions",
    "AddressError",
    "AsyncClient",
    "Camera",
    "CameraError",
    "Client",
    "Counts",
    "ErrorMessage",
    "Event",
    "Hello",
    "LabelledFrame",
    "LabelledRecording",
    "LabelledSegment",
    "Latency",
    "LessonError",
    "Limits",
    "Message",
    "ModelInfo",
    "Notice",
    "Options",
    "PersonAction",
    "PosewireError",
    "Reconnect",
    "Reconnecting",
    "Recording",
    "RecordingError",
    "RefusedError",
    "SeenPerson",
    "SeenPose",
    "Taught",
    "Timing",
    "Unknown",
    "UnreachableError",
    "Welcome",
    "label_frames",
    "label_recording",
    "play",
    "play_camera",
]
