"""Any application of the catalogue's components: what is accepted is valid, what is not is told, nothing else happens."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from kusion_dsl import AppConfiguration
from kusion_dsl.checks.cache import SchemaCache
from kusion_dsl.checks.spec import check_spec
from kusion_dsl.compiler.inputs import Compiled, Inputs
from kusion_dsl.compiler.pipeline import compile_spec
from kusion_dsl.discovery.modules import modules_for, provider_versions
from kusion_dsl.discovery.workspaces import read_workspace
from kusion_dsl.errors import KusionError
from kusion_dsl.model.app import application_of
from kusion_dsl.model.project import Project, Stack
from kusion_dsl.module import Component
from kusion_job import Job
from kusion_network import Network
from kusion_postgres import Postgres
from kusion_service import Service
from tests.unit.properties.values import JUNK, component, fields

_STORE = "secretStore: {provider: {env: {}}}\n"
_WORKSPACES = (
    _STORE,
    _STORE + "modules: {service: {configs: {default: {type: CollaSet, replicas: 3, labels: {team: a}}}}}",
    _STORE
    + """
context: {AWS_REGION: eu-central-1}
modules:
  postgres: {configs: {default: {cloud: aws, instanceType: db.t3.micro, securityIPs: [10.0.0.0/8, "::/0"]}}}
  network: {configs: {default: {port: {type: aws, annotations: {a: b}}}}}
""",
)
_SCHEMAS = SchemaCache()
_NAMES = st.sampled_from(["database", "network", "postgres", "cacheTwo", "x" * 63])
_SETTINGS = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def _compile(app: AppConfiguration, workspace: str) -> Compiled:
    applications = (application_of(app),)
    return compile_spec(
        Inputs(
            project=Project(name="shop"),
            stack=Stack(name="dev"),
            workspace=read_workspace("test", workspace, "workspace.yaml"),
            applications=applications,
            modules=modules_for(applications),
            providers=provider_versions(),
        )
    )


def _valid_or_wrong(kind: type[Component], valid: bool) -> st.SearchStrategy[Any]:
    """A component; none where its schema says what is wrong with what was drawn."""
    return component(kind) if valid else fields(kind, valid=False).map(partial(_component, kind))


def _component(kind: type[Component], given: dict[str, Any]) -> Component | None:
    try:
        return kind(**given)
    except KusionError as error:
        event(f"{kind.__name__} refused")
        assert all(problem.what for problem in error.problems)
        return None


@pytest.mark.parametrize("valid", [True, False], ids=["mostly valid", "mostly wrong"])
@pytest.mark.parametrize("kind", [Service, Job])
@_SETTINGS
@given(data=st.data())
def test_what_is_accepted_is_valid(kind: type[Component], valid: bool, data: st.DataObject) -> None:
    workload = data.draw(_valid_or_wrong(kind, valid))
    others = st.one_of([_valid_or_wrong(each, valid) for each in (Network, Postgres)])
    drawn = data.draw(st.dictionaries(_NAMES, others, max_size=2))
    accessories = {name: each for name, each in drawn.items() if each is not None}
    try:
        app = AppConfiguration(name="shop", workload=workload, accessories=accessories)
        compiled = _compile(app, data.draw(st.sampled_from(_WORKSPACES)))
    except KusionError as error:
        event("application refused")
        assert all(problem.what for problem in error.problems)
        return
    event("application compiled")
    check_spec(compiled, _SCHEMAS)
    assert compiled.spec.digest


@_SETTINGS
@given(JUNK)
def test_what_is_no_component_is_refused(junk: Any) -> None:
    with pytest.raises(KusionError):
        _compile(AppConfiguration(name="shop", workload=junk, accessories={"a": junk}), "")
