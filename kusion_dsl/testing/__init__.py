"""The door for tests, of applications and of modules; also a pytest plugin.

::

    def test_the_shop_has_two_replicas():
        spec = compile_app(Shop).spec
        assert spec["apps/v1:Deployment:test:test-dev-shop"].attributes["spec"]["replicas"] == 2

The plugin has the fixtures ``fake_engine`` and ``golden``, and the option ``--update-golden``.
"""

from __future__ import annotations

from kusion_dsl.testing.compiling import compile_app, generate
from kusion_dsl.testing.contract import check_module, check_readme
from kusion_dsl.testing.engine import FakeEngine
from kusion_dsl.testing.fixtures import fake_engine
from kusion_dsl.testing.golden import Golden, golden
from kusion_dsl.testing.golden import pytest_addoption as pytest_addoption
from kusion_dsl.testing.sample import SampleService

__all__ = [
    "FakeEngine",
    "Golden",
    "SampleService",
    "check_module",
    "check_readme",
    "compile_app",
    "fake_engine",
    "generate",
    "golden",
]
