"""Traces of OpenTelemetry, which FastAPI makes and sends; nothing of it is done unless it is asked for."""

from __future__ import annotations

from collections.abc import MutableMapping
from importlib.util import find_spec
from typing import Any

from fastapi.telemetry import TelemetryConfig
from opentelemetry.trace import TracerProvider

from api.access.links import FOLDER
from api.http.watched import QUIET
from api.settings import WrongSetting


def telemetry(provider: TracerProvider | None, *, sent: bool) -> TelemetryConfig:
    """What FastAPI is to do: traces by a provider that is given, or those that the variables `OTEL_...` say where to
    send. Raises: WrongSetting when they are to be sent and nothing is installed that could.

    Neither its figures, which /metrics has, nor its log, which has in it what exceptions say.
    """
    if sent and find_spec("opentelemetry.sdk") is None:
        raise WrongSetting("DAYBOOK_TRACES is on, and what sends traces is not installed: pip install 'daybook[otel]'.")
    config: TelemetryConfig = {
        "tracing": sent or provider is not None,
        "metrics": False,
        "logs": False,
        "operation_spans": False,
        "auto_configure": sent,
        "exclude": _is_left_out,
    }
    if provider is not None:
        config["tracer_provider"] = provider
    return config


def _is_left_out(scope: MutableMapping[str, Any]) -> bool:
    """What no trace is made of: looks at the server; sockets, which would be one span of hours; files, whose link is a
    permission, which a trace would spread; and what asks by an address, as nobody does who asks rightly: a span holds
    the address whole, and somebody's name or number may stand in it."""
    path = scope.get("path", "")
    return scope["type"] == "websocket" or path in QUIET or path.startswith(FOLDER) or bool(scope.get("query_string"))
