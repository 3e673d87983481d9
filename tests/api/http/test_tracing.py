from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import pytest
from opentelemetry.context import Context
from opentelemetry.trace import (
    INVALID_SPAN_CONTEXT,
    NonRecordingSpan,
    Span,
    SpanContext,
    TraceFlags,
    Tracer,
    TracerProvider,
    get_current_span,
    use_span,
)
from typing_extensions import override

from api.app import create_app
from api.http.tracing import telemetry
from api.settings import WrongSetting
from tests.api.graphql.asking import asking
from tests.api.graphql.conftest import ACTOR, opened
from tests.conftest import Database

TRACE, PARENT = 0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331


class Kept(NonRecordingSpan):
    """A span that keeps what is said of it."""

    def __init__(self, name: str, trace: SpanContext, attributes: dict[str, Any]) -> None:
        super().__init__(SpanContext(trace.trace_id or TRACE, 7, is_remote=False, trace_flags=TraceFlags(1)))
        self.name = name
        self.parent = trace.span_id
        self.attributes = attributes
        self.ended = False

    @override
    def is_recording(self) -> bool:
        return not self.ended

    @override
    def end(self, end_time: int | None = None) -> None:
        self.ended = True

    @override
    def set_attribute(self, key: str, value: Any) -> None:
        self.attributes[key] = value

    @override
    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        self.attributes |= attributes

    @override
    def update_name(self, name: str) -> None:
        self.name = name


class Keeping(TracerProvider, Tracer):
    """Whoever keeps spans."""

    def __init__(self) -> None:
        self.spans: list[Kept] = []

    @override
    def get_tracer(self, *arguments: Any, **more: Any) -> Tracer:
        return self

    @override
    def start_span(self, name: str, context: Context | None = None, *arguments: Any, **more: Any) -> Span:
        trace = get_current_span(context).get_span_context() if context else INVALID_SPAN_CONTEXT
        span = Kept(name, trace, dict(more.get("attributes") or {}))
        self.spans.append(span)
        return span

    @override
    @contextmanager
    def start_as_current_span(self, name: str, *arguments: Any, **more: Any) -> Iterator[Span]:  # type: ignore[override]
        with use_span(self.start_span(name, *arguments, **more)) as span:
            yield span


def test_a_request_is_a_span_of_its_callers_trace_and_watching_is_none(database: Database) -> None:
    kept = Keeping()
    with (
        opened(database) as workspace,
        asking(create_app(workspace, development_actor=ACTOR, traces=kept)) as front_end,
    ):
        headers = {"traceparent": f"00-{TRACE:032x}-{PARENT:016x}-01", "X-Request-Id": "r-1"}
        front_end.send('query Mine { case(number: "冯") { id } }', headers=headers)
        for path in ("/healthz", "/readyz", "/metrics", "/attachments/WyJkb3dubG9hZCIs"):
            front_end.got(path)
        front_end.got('/graphql?query={customers(filter:{search:"13800131111"}){nodes{id}}}')
    (span,) = kept.spans
    assert (span.name, span.parent, span.get_span_context().trace_id) == ("POST /graphql", PARENT, TRACE)
    assert span.attributes["graphql.operation.type"] == "query"
    assert span.attributes["graphql.operation.name"] == "Mine"
    assert span.attributes["daybook.outcome"] == "BAD_ARGUMENTS"
    assert span.attributes["daybook.request"] == "r-1"
    assert span.attributes["http.response.status_code"] == 200
    assert "冯" not in str(span.attributes)


def test_nothing_is_traced_unless_it_is_asked_for() -> None:
    config = telemetry(None, sent=False)
    assert [name for name in ("tracing", "metrics", "logs", "operation_spans", "auto_configure") if config[name]] == []


@pytest.mark.skipif(find_spec("opentelemetry.sdk") is not None, reason="what sends traces is installed")
def test_traces_that_cannot_be_sent_are_refused_at_the_start() -> None:
    with pytest.raises(WrongSetting, match=r"daybook\[otel\]"):
        telemetry(None, sent=True)
