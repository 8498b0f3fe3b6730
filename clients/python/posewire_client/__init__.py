"""Stream body poses to a posewire server and read action labels as they happen.

`AsyncClient` and `Client` are one stream each, for asyncio and without; `Recording` reads a
recorded one, and `play` sends it. The command `posewire-stream` is these put together.
"""

from posewire_client.async_client import AsyncClient
from posewire_client.client import Client
from posewire_client.counts import Counts
from posewire_client.errors import (
    AddressError,
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
    Limits,
    Message,
    ModelInfo,
    Notice,
    Options,
    PersonAction,
    Reconnecting,
    Timing,
    Unknown,
    Welcome,
)
from posewire_client.playback import play
from posewire_client.reconnect import Reconnect
from posewire_client.recording import Recording

__all__ = [
    "Actions",
    "AddressError",
    "AsyncClient",
    "Client",
    "Counts",
    "ErrorMessage",
    "Event",
    "Hello",
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
    "Timing",
    "Unknown",
    "UnreachableError",
    "Welcome",
    "play",
]
