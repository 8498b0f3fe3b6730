"""What became of a stream's frames, in numbers."""

from dataclasses import dataclass

from posewire_client.messages import Actions, ErrorMessage, Message, Welcome


@dataclass
class Counts:
    """Running totals of one client, over all of its reconnections.

    Attributes:
        frames_sent: Frames that went out, each counted once.
        labels_received: Frames that were answered with `actions`.
        dropped_by_server: Frames that newer ones superseded there.
        dropped_by_client: Frames that newer ones superseded here, while disconnected.
        errors: Messages that the server refused, without ending the stream.
        unread: Messages that were thrown away because nobody read them.
        reconnects: Streams opened after the first.
    """

    frames_sent: int = 0
    labels_received: int = 0
    dropped_by_server: int = 0
    dropped_by_client: int = 0
    errors: int = 0
    unread: int = 0
    reconnects: int = 0
    _dropped_in_earlier_sessions: int = 0

    @property
    def dropped(self) -> int:
        """Frames that newer ones superseded, here or in the server."""
        return self.dropped_by_server + self.dropped_by_client

    def take(self, message: Message) -> None:
        """Count a message of the server."""
        if isinstance(message, Actions):
            self.labels_received += 1
            # The server counts from nought in each session that it begins.
            self.dropped_by_server = self._dropped_in_earlier_sessions + message.dropped
        elif isinstance(message, ErrorMessage):
            self.errors += 1
        elif isinstance(message, Welcome) and not message.resumed:
            self._dropped_in_earlier_sessions = self.dropped_by_server
