"""How Prometheus finds the metrics of a workload."""

from __future__ import annotations

from typing import Any

from kusion_dsl.module import CompileError, Context, Generated, Patch, Resource, module
from kusion_monitoring.schema import MonitoringPlatform, Prometheus

_LABEL = "kusion_monitoring_appname"


@module
def monitoring(metrics: Prometheus, platform: MonitoringPlatform, ctx: Context) -> Generated:
    """Annotations for Prometheus, or a ServiceMonitor or PodMonitor for its operator, and the label they select by."""
    if ctx.workload is None:
        raise CompileError(
            "there is no workload whose metrics could be scraped", hint="give the application a workload"
        )
    if not platform.operator_mode:
        yield Patch(annotations=_annotations(metrics, platform))
    elif platform.monitor_type == "Service":
        yield _monitor("ServiceMonitor", "service-monitor", "endpoints", metrics, platform, ctx)
        yield Patch(labels={_LABEL: ctx.app}, service_labels={_LABEL: ctx.app})
    else:
        yield _monitor("PodMonitor", "pod-monitor", "podMetricsEndpoints", metrics, platform, ctx)
        yield Patch(labels={_LABEL: ctx.app})


def _annotations(metrics: Prometheus, platform: MonitoringPlatform) -> dict[str, str]:
    """What Prometheus' usual configuration looks at on pods; what is not given it has a default for."""
    given = {"scrape": "true", "path": metrics.path, "port": metrics.port, "scheme": platform.scheme}
    return {f"prometheus.io/{name}": value for name, value in given.items() if value is not None}


def _monitor(
    kind: str, suffix: str, field: str, metrics: Prometheus, platform: MonitoringPlatform, ctx: Context
) -> Resource:
    return Resource.manifest(
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": kind,
            "metadata": ctx.metadata(ctx.name(suffix)),
            "spec": {
                "selector": {"matchLabels": {_LABEL: ctx.app}},
                field: [
                    {
                        "bearerTokenSecret": {"key": ""},  # the operator's API has it, empty for none
                        "interval": platform.interval,
                        "scrapeTimeout": platform.timeout,
                        "path": metrics.path,
                        "scheme": platform.scheme,
                        **_port(metrics.port),
                    }
                ],
            },
        }
    )


def _port(port: str | None) -> dict[str, Any]:
    """The operator knows ports of Services and containers by their names; a number is one of a container's."""
    if port is None or not port.isdecimal():
        return {"port": port}
    return {"targetPort": int(port)}
