"""Rules for operating pods: the accessory module ``opsrule``."""

from kusion_opsrule.schema import OpsRule, OpsRulePlatform

__all__ = ["OpsRule", "OpsRulePlatform"]
