"""Traces: where the time of a session or recording goes, told to a collector where one is named.

What is asked of a trace, and the one that costs nothing and tells nobody. OpenTelemetry's is
`service.tracing_otel`, which is read only where it is asked for.
"""

from typing import Protocol

from service.batcher import Answered
from service.settings import PREFIX, Settings


class Trace(Protocol):
    """One trace, of a session or a recording. It is told times and counts, never what was sent."""

    def ran(self, asked_s: float, answered: Answered) -> None:
        """Windows of it were run.

        Args:
            asked_s: since when they waited, on the event loop's clock.
            answered: what came of them.
        """
        ...

    def ended(self, code: int, received: int, sent: int, dropped: int) -> None:
        """It is over.

        Args:
            code: closed the session's connection, or is the HTTP status of the recording's answer.
            received: messages of the client; a recording is one.
            sent: messages to the client; of a recording, the frames that were labelled.
            dropped: labels that the client was too slow to get.
        """
        ...


class Tracing(Protocol):
    """Where traces go."""

    def session(self, name: str, model: str, provider: str, layout: str, resumed: bool) -> Trace:
        """Begins the trace of a session.

        Args:
            name: the session's, as its welcome has it.
            model: the `name@version` of what answers it.
            provider: the execution provider that is the model's first choice.
            layout: of the joints that it sends.
            resumed: whether it goes on from another connection.
        """
        ...

    def recording(self, model: str, provider: str, layout: str) -> Trace:
        """Begins the trace of a posted recording; its arguments are those of a session."""
        ...

    def close(self) -> None:
        """Tells what has not been told yet; may take some seconds."""
        ...


class NoTrace:
    """Tells nobody."""

    def ran(self, asked_s: float, answered: Answered) -> None:
        """Does nothing."""

    def ended(self, code: int, received: int, sent: int, dropped: int) -> None:
        """Does nothing."""


class NoTracing:
    """Traces nothing."""

    def session(self, name: str, model: str, provider: str, layout: str, resumed: bool) -> Trace:
        """Returns a trace that tells nobody."""
        return NO_TRACE

    def recording(self, model: str, provider: str, layout: str) -> Trace:
        """Returns a trace that tells nobody."""
        return NO_TRACE

    def close(self) -> None:
        """Does nothing."""


NO_TRACE = NoTrace()


def tracing_of(settings: Settings) -> Tracing:
    """Returns where the settings say that traces go.

    Raises:
        ValueError: they are asked for, and OpenTelemetry is not installed.
    """
    if settings.otlp_url is None:
        return NoTracing()
    try:
        from service.tracing_otel import OtelTracing, collector
    except ImportError as error:
        raise ValueError(
            f"{PREFIX}OTLP_URL asks for traces, and what sends them is not installed ({error}): "
            "install posewire with its extra otel, or leave the setting out"
        ) from None
    return OtelTracing(collector(str(settings.otlp_url)))
