"""Scraping by Prometheus: the accessory module ``monitoring``."""

from kusion_monitoring.schema import MonitoringPlatform, Prometheus

__all__ = ["MonitoringPlatform", "Prometheus"]
