"""The door for tests, of applications and of modules; also a pytest plugin with the fixture ``fake_engine``.

::

    def test_the_shop_has_two_replicas():
        spec = compile_app(Shop).spec
        assert spec["apps/v1:Deployment:test:test-dev-shop"].attributes["spec"]["replicas"] == 2
"""

from __future__ import annotations

from kusion_dsl.testing.compiling import compile_app, generate
from kusion_dsl.testing.engine import FakeEngine
from kusion_dsl.testing.fixtures import fake_engine

__all__ = ["FakeEngine", "compile_app", "fake_engine", "generate"]
