"""What developers write about the metrics of a workload, and what the platform decides about scraping them."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from kusion_dsl.module import Accessory, DnsLabel, PlatformConfig
from kusion_monitoring.duration import Duration, milliseconds


def _path(text: str) -> str:
    if not text.startswith("/"):
        raise ValueError("must begin with '/'")
    return text


def _port(text: str) -> str:
    if text.isdecimal() and not 1 <= int(text) <= 65535:
        raise ValueError(f"'{text}' is no number of a port: it is 1 to 65535")
    return text


class Prometheus(Accessory):
    """Where the workload's metrics are."""

    path: Annotated[str, AfterValidator(_path)] | None = None
    """The path of the metrics; Prometheus gets ``/metrics`` where none is given."""
    port: Annotated[DnsLabel, AfterValidator(_port)] | None = None
    """The port that has the metrics. With Prometheus' operator the name of a port, of the Service or of the container,
    as the platform's ``monitorType`` is, or a container's port by its number; without the operator a number."""


class MonitoringPlatform(PlatformConfig):
    """What the platform decides about scraping."""

    operator_mode: bool = False
    """Whether Prometheus' operator runs in the cluster. Without it pods get the annotations ``prometheus.io/...``."""
    monitor_type: Literal["Service", "Pod"] = "Service"
    """With the operator: whether the Services of the workload are scraped (ServiceMonitor), or its pods (PodMonitor)."""
    interval: Duration = "30s"
    """With the operator: the time from one scrape to the next."""
    timeout: Duration = Field(default="15s", validate_default=True)
    """With the operator: the time after which a scrape has failed; not more than ``interval``."""
    scheme: Literal["http", "https"] = "http"
    """How metrics are got."""

    @field_validator("timeout")
    @classmethod
    def _within_interval(cls, timeout: str, info: ValidationInfo) -> str:
        interval = info.data.get("interval", timeout)
        if milliseconds(timeout) > milliseconds(interval):
            raise ValueError(f"the timeout, {timeout}, cannot be greater than the interval, {interval}")
        return timeout
