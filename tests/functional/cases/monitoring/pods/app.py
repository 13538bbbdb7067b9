from ..base import Shop

__all__ = ["Shop"]
