"""Traces by OpenTelemetry: a span a session or recording, in it what each run waited and took.

Its own variables `OTEL_…` hold: sampling, headers, further attributes of the service.
"""

import time
from collections.abc import Mapping
from importlib.metadata import version
from threading import Thread

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Span, SpanKind, Tracer, set_span_in_context

from service.batcher import Answered

EXPORT_S = 2
"""How long a collector has to take what it is told; what it does not take is lost."""
CLOSE_S = 3.0
"""How long the end waits for a collector: the SDK alone would wait for half a minute."""


def collector(url: str) -> SpanExporter:
    """Returns what tells a collector, by OTLP over HTTP.

    Args:
        url: its address, with `/v1/traces`.
    """
    return OTLPSpanExporter(url, timeout=EXPORT_S)


class OtelTrace:
    """One session's or recording's span and those in it.

    Args:
        tracer: makes them.
        span: that of the whole.
    """

    def __init__(self, tracer: Tracer, span: Span) -> None:
        self._tracer = tracer
        self._span = span
        self._inside: Context = set_span_in_context(span)

    def ran(self, asked_s: float, answered: Answered) -> None:
        """Adds what a run waited, and what it took with the windows of others beside it."""
        windows = len(answered.outputs.logits)
        if not windows or not self._span.is_recording():
            return
        # The loop's clock has no epoch, and just now is on both.
        epoch_s = time.time() - time.monotonic()
        for name, begun_s, ended_s in (
            ("wait", asked_s, answered.begun_s),
            ("infer", answered.begun_s, answered.ended_s),
        ):
            span = self._tracer.start_span(
                name,
                self._inside,
                start_time=_nanoseconds(epoch_s + begun_s),
                attributes={"posewire.windows": windows},
            )
            span.end(_nanoseconds(epoch_s + ended_s))

    def ended(self, code: int, received: int, sent: int, dropped: int) -> None:
        """Ends the span of the whole."""
        self._span.set_attributes(
            {
                "posewire.code": code,
                "posewire.received": received,
                "posewire.sent": sent,
                "posewire.dropped": dropped,
            }
        )
        self._span.end()


class OtelTracing:
    """Traces of this process.

    Args:
        exporter: to whom they are told, in a thread, some seconds at a time.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        resource = Resource.create({SERVICE_NAME: "posewire", SERVICE_VERSION: version("posewire")})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("posewire")

    def session(
        self, name: str, model: str, provider: str, layout: str, resumed: bool
    ) -> OtelTrace:
        """Begins the span of a session; a session is a trace of its own."""
        own: dict[str, str | bool] = {"posewire.session": name, "posewire.resumed": resumed}
        return self._begun("session", model, provider, layout, own)

    def recording(self, model: str, provider: str, layout: str) -> OtelTrace:
        """Begins the span of a posted recording, a trace of its own too."""
        return self._begun("recording", model, provider, layout, {})

    def close(self) -> None:
        """Tells what has not been told yet; what is not taken within `CLOSE_S` is lost."""
        last = Thread(target=self._provider.shutdown, name="posewire-last-traces", daemon=True)
        last.start()
        last.join(CLOSE_S)

    def _begun(
        self, kind: str, model: str, provider: str, layout: str, own: Mapping[str, str | bool]
    ) -> OtelTrace:
        attributes = {
            "posewire.model": model,
            "posewire.provider": provider,
            "posewire.layout": layout,
            **own,
        }
        span = self._tracer.start_span(kind, Context(), kind=SpanKind.SERVER, attributes=attributes)
        return OtelTrace(self._tracer, span)


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)
