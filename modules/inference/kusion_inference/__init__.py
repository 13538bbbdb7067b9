"""Large language models in the cluster: the accessory module ``inference``."""

from kusion_inference.schema import Inference, InferencePlatform

__all__ = ["Inference", "InferencePlatform"]
