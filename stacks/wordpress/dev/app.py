from ..base import Wordpress

__all__ = ["Wordpress"]
