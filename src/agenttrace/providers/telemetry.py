"""Telemetry: the reports that libraries send about themselves or about traces, known by address.

They belong to no agent: none is recorded, and none leaves the machine in a replay.
"""

from __future__ import annotations

_HOSTS = (
    "api.smith.langchain.com",
    "eu.api.smith.langchain.com",
    "telemetry.crewai.com",
    "api.traceloop.com",
    "api.scarf.sh",
    "cloud.langfuse.com",
    "us.cloud.langfuse.com",
    "otlp.nr-data.net",
    "api.honeycomb.io",
    "api.segment.io",
    "api.mixpanel.com",
    "api.amplitude.com",
    "api.wandb.ai",
    "app.phoenix.arize.com",
    "www.google-analytics.com",
)
_DOMAINS = (
    ".posthog.com",
    ".sentry.io",
    ".logfire.dev",
    ".pydantic.dev",
    ".datadoghq.com",
    ".smith.langchain.com",
    ".scarf.sh",
)
_PATHS = (
    "/v1/traces/ingest",  # the exporter of openai-agents
    "/v1/traces",  # OTLP over HTTP
    "/v1/metrics",
    "/v1/logs",
    "/api/public/otel/v1/traces",  # langfuse
)
_GRPC = "/opentelemetry.proto.collector."


def is_telemetry(host: str, path: str) -> bool:
    """Whether a request to a host, for a path with or without its query, is telemetry."""
    bare = path.partition("?")[0].rstrip("/")
    return is_telemetry_host(host) or bare in _PATHS or bare.startswith(_GRPC)


def is_telemetry_host(host: str) -> bool:
    """Whether all that a host takes is telemetry."""
    name = host.lower().rstrip(".")
    return name in _HOSTS or name.endswith(_DOMAINS)
