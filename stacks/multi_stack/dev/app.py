from ..base import Echoserver

__all__ = ["Echoserver"]
