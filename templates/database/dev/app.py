from ..base import App

__all__ = ["App"]
