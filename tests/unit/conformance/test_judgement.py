"""The verdict on a case: what passes, what deviates by which rule, what fails."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from kusion_dsl.documents import dump_yaml, load_yaml
from tests.conformance.authoring import Author, AuthoringError, Form
from tests.conformance.judgement import Judgement, Verdict, judge
from tests.unit.conformance.vectors import APP, SPEC, WORKSPACE, case

PASSED, DEVIATING, FAILED = Verdict.PASSED, Verdict.DEVIATING, Verdict.FAILED


def spec(id: str, **attributes: Any) -> Any:
    """The sample's Spec with other attributes of one resource, as paths with dots."""
    theirs = copy.deepcopy(SPEC)
    owner = next(each for each in theirs["resources"] if each["id"] == id)["attributes"]
    for path, value in attributes.items():
        *steps, last = path.split("__")
        found = owner
        for step in steps:
            found = found[step]
        found[last] = value
    return theirs


def app(**changes: Any) -> Any:
    """The sample's application with other parts."""
    return {"web": {**copy.deepcopy(APP["web"]), **changes}}


def service(**changes: Any) -> Any:
    """The sample's workload with another container."""
    workload = copy.deepcopy(APP["web"]["workload"])
    workload["containers"]["main"].update(changes)
    return workload


def test_a_case_that_is_the_same_passes(tmp_path: Path) -> None:
    sample = case(tmp_path)
    assert judge(sample) == Judgement(sample, PASSED)


@pytest.mark.parametrize(
    ("entry", "verdict"),
    [
        ({}, FAILED),
        ({"reference_defect": "replicas are lost"}, DEVIATING),
        ({"kind": "quirk"}, DEVIATING),
    ],
)
def test_a_difference_without_a_rule_is_admitted_in_marked_cases_only(
    tmp_path: Path, entry: dict[str, str], verdict: Verdict
) -> None:
    judged = judge(case(tmp_path, entry, spec=spec("apps/v1:Deployment:demo:demo-dev-web", spec__replicas=3)))
    assert judged.verdict is verdict
    [finding] = judged.findings
    assert finding.rule is None
    assert str(finding.difference) == "apps/v1:Deployment:demo:demo-dev-web spec.replicas: 3 in the ancestor, 2 in ours"


OPEN = {"spec": spec("hashicorp:aws:aws_db_instance:demo-dev-web-mysql", publicly_accessible=True)}
NAMESPACED = {"spec": spec("v1:Service:demo:demo-dev-web-private", metadata__namespace="elsewhere")}


@pytest.mark.parametrize(
    ("files", "entry", "verdict"),
    [
        (OPEN, {}, DEVIATING),
        (OPEN, {"reference_defect": "open"}, DEVIATING),
        (NAMESPACED, {}, FAILED),
        (NAMESPACED, {"reference_defect": "another namespace"}, DEVIATING),
    ],
    ids=["decided", "decided and marked", "a defect that is not marked", "a defect that is marked"],
)
def test_a_rule_holds_where_it_is_decided_or_the_case_is_marked(
    tmp_path: Path, files: dict[str, Any], entry: dict[str, str], verdict: Verdict
) -> None:
    judged = judge(case(tmp_path, entry, **files))
    assert judged.verdict is verdict
    assert [finding.rule is not None for finding in judged.findings] == [verdict is DEVIATING]


def test_one_difference_without_a_rule_fails_a_case_whatever_else_is_covered(tmp_path: Path) -> None:
    theirs = spec("hashicorp:aws:aws_db_instance:demo-dev-web-mysql", publicly_accessible=True, username="admin")
    judged = judge(case(tmp_path, spec=theirs))
    assert judged.verdict is FAILED
    assert [finding.rule is not None for finding in judged.findings] == [True, False]


def test_a_rule_wants_what_is_right_instead(tmp_path: Path) -> None:
    """A database that is open because the workspace says so is no deviation, and neither is the contrary covered."""
    theirs = spec("hashicorp:aws:aws_db_instance:demo-dev-web-mysql", publicly_accessible=False)
    workspace = copy.deepcopy(WORKSPACE)
    workspace["modules"]["mysql"]["configs"]["default"]["securityIPs"] = ["8.8.8.8"]
    judged = judge(case(tmp_path, spec=theirs, workspace=workspace))
    assert judged.verdict is FAILED
    assert all(finding.rule is None for finding in judged.findings)


KAWESOME_APP = """
web:
  workload:
    containers: {main: {image: web:1, _type: service.container.Container}}
    _type: service.Service
  accessories:
    kawesome:
      service: {port: 5678, protocol: TCP, _type: kawesome.v1.kawesome.Service}
      randomPassword: {length: 20, _type: kawesome.v1.kawesome.RandomPassword}
      _type: kawesome.v1.kawesome.Kawesome
"""
KAWESOME_SPEC = """
resources:
- id: v1:Namespace:demo
  type: Kubernetes
  attributes: {apiVersion: v1, kind: Namespace, metadata: {name: demo}}
- id: apps/v1:Deployment:demo:demo-dev-web
  type: Kubernetes
  attributes:
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: demo-dev-web
      namespace: demo
      labels: &labels {app.kubernetes.io/name: web, app.kubernetes.io/part-of: demo}
    spec:
      selector: {matchLabels: *labels}
      template:
        metadata: {labels: *labels}
        spec:
          containers:
          - name: main
            image: web:1
            env:
            - name: KUSION_KAWESOME_RANDOM_PASSWORD
              value: $kusion_path.hashicorp:random:random_password:demo-dev-web.result
  dependsOn: [v1:Namespace:demo, v1:Service:demo:demo-dev-web]
  extensions: {kusion.io/is-workload: true}
- id: v1:Service:demo:demo-dev-web
  type: Kubernetes
  attributes:
    apiVersion: v1
    kind: Service
    metadata: {name: demo-dev-web, namespace: demo}
    spec:
      type: ClusterIP
      selector: *labels
      ports: [{name: demo-dev-web-5678-tcp, port: 5678, targetPort: 5678, protocol: TCP}]
  dependsOn: [v1:Namespace:demo]
- id: hashicorp:random:random_password:demo-dev-web
  type: Terraform
  attributes: {length: 20, special: true, override_special: _}
"""

ERROR = {"kind": "generate-error"}
NO_REGION = {"env": {}, **ERROR}


def test_what_the_ancestor_refuses_must_be_refused(tmp_path: Path) -> None:
    assert judge(case(tmp_path / "a", NO_REGION, error="ERROR: empty aws provider region")).verdict is PASSED
    generated = judge(case(tmp_path / "b", ERROR, error="first\nERROR: no"))
    assert (generated.verdict, generated.reason) == (FAILED, "generates, where the ancestor says: ERROR: no")


@pytest.mark.parametrize(
    ("mark", "refused", "generated"),
    [
        ("must generate", FAILED, PASSED),
        ("panic; a probe must generate", FAILED, PASSED),
        ("panic; a clear error (or all keys, if the form says so)", PASSED, PASSED),
    ],
)
def test_an_error_that_is_a_defect_must_generate_unless_the_mark_says_otherwise(
    tmp_path: Path, mark: str, refused: Verdict, generated: Verdict
) -> None:
    marked = {"reference_defect": mark}
    assert judge(case(tmp_path / "a", {**NO_REGION, **marked}, error="x")).verdict is refused
    assert judge(case(tmp_path / "b", {**ERROR, **marked}, error="x")).verdict is generated


def test_a_case_that_must_generate_and_is_refused_fails(tmp_path: Path) -> None:
    judged = judge(case(tmp_path, {"env": {}, "reference_defect": "anything"}))
    assert judged.verdict is FAILED
    assert "context.AWS_REGION is missing" in judged.reason


def test_what_was_refused_before_generating_is_not_applicable(tmp_path: Path) -> None:
    judged = judge(case(tmp_path, {"kind": "kcl-error"}, app=None, spec=None, error="KCL ERR"))
    assert judged.verdict is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"app": app(accessories={"x": {"_type": "redis.Redis"}})}, "there is no translation of the type redis.Redis"),
        ({"app": app(workload=service(ports=[]))}, "service.container.Container has no translation of the field ports"),
        ({"app": app(more=1)}, "has no translation of the field more"),
        ({"app": {"web": {"_type": "other.App"}}}, "web is of the type other.App, which is no application"),
        ({"spec": {"resources": [{"id": "hashicorp:aws:aws_s3_bucket:b", "type": "Terraform"}]}}, "aws_s3_bucket"),
        ({"spec": None}, "sample/spec.yaml"),
        ({"app": None}, "sample/app.yaml"),
        ({"project": {"nmae": "demo"}}, "did you mean 'name'?"),
    ],
)
def test_what_the_harness_does_not_know_fails_with_the_reason(
    tmp_path: Path, files: dict[str, Any], reason: str
) -> None:
    for entry in ({}, {"reference_defect": "anything"}):
        judged = judge(case(tmp_path / str(bool(entry)), entry, **files))
        assert judged.verdict is FAILED
        assert reason in judged.reason


def test_a_module_that_is_not_there_fails_its_cases() -> None:
    form = Form("kusion_not_there:Thing", {})
    with pytest.raises(AuthoringError, match="no module: No module named 'kusion_not_there'"):
        Author({"thing.Thing": form}).value({"_type": "thing.Thing"})


def test_the_module_of_the_template_is_made_and_its_password_is_lifted(tmp_path: Path) -> None:
    theirs = load_yaml(KAWESOME_SPEC, "spec.yaml").value
    files = {"app": load_yaml(KAWESOME_APP, "app.yaml").value, "spec": theirs, "workspace": {}}
    judged = judge(case(tmp_path / "a", {"env": {}}, **files))
    assert judged.verdict is DEVIATING, judged.reason
    assert {finding.rule.decided for finding in judged.findings if finding.rule} == {
        "DESIGN 8: such a string is lifted into a generated Secret"
    }
    theirs["resources"][-1]["attributes"]["length"] = 16
    assert judge(case(tmp_path / "b", {"env": {}}, **files)).verdict is FAILED


@pytest.mark.parametrize(
    ("workspace", "reason"),
    [
        ({"modules": {"service": {"configs": {"default": {"type": "StatefulSet"}}}}}, "should be 'Deployment'"),
        ({"secretStore": {"provider": {"fake": {}}}}, "known are alicloud"),
        ({}, "add it to the workspace"),
    ],
)
def test_an_error_says_where_what_and_what_to_do(tmp_path: Path, workspace: Any, reason: str) -> None:
    judged = judge(case(tmp_path, NO_REGION, workspace=workspace, error="x"))
    assert judged.verdict is PASSED
    assert reason in judged.reason


def test_a_traceback_is_no_error_of_ours(tmp_path: Path) -> None:
    """An application whose value no model could ever have been given by an author of Python."""
    judged = judge(case(tmp_path, ERROR, app={"web": {"workload": {"_type": ["service.Service"]}}}, error="x"))
    assert judged.verdict is FAILED
    assert judged.reason.startswith("no error of ours: TypeError")


def test_accessories_under_names_of_their_own_pass(tmp_path: Path) -> None:
    accessories = {"net": APP["web"]["accessories"]["network"], "data": APP["web"]["accessories"]["mysql"]}
    judged = judge(case(tmp_path, app=app(accessories=accessories)))
    assert [str(finding.difference) for finding in judged.findings] == []
    assert judged.verdict is PASSED


def test_the_names_of_databases_are_those_for_the_project(tmp_path: Path) -> None:
    """Under its default name too, where the ancestor's Spec has them already."""
    theirs = load_yaml(
        dump_yaml(SPEC).replace("demo-dev-web-mysql", "orders").replace("DEMO_DEV_WEB_MYSQL", "ORDERS"), ""
    )
    workspace = copy.deepcopy(WORKSPACE)
    workspace["modules"]["mysql"]["configs"]["default"]["databaseName"] = "all"
    workspace["modules"]["mysql"]["configs"]["some"] = {"projectSelector": ["demo"], "databaseName": "orders"}
    for accessory in ("mysql", "data"):
        accessories = {"network": APP["web"]["accessories"]["network"], accessory: APP["web"]["accessories"]["mysql"]}
        sample = case(tmp_path / accessory, spec=theirs.value, workspace=workspace, app=app(accessories=accessories))
        assert judge(sample) == Judgement(sample, PASSED)


@pytest.mark.parametrize("entry", [{}, {"kind": "quirk"}])
def test_what_we_refuse_by_decision_deviates_with_its_reason(tmp_path: Path, entry: dict[str, str]) -> None:
    secret = {"keys": {"type": "opaque", "_type": "service.secret.Secret"}}
    workload = {**service(), "secrets": secret}
    apps = {"a": {"workload": workload}, "b": {"workload": workload}}
    judged = judge(case(tmp_path, entry, app=apps))
    assert judged.verdict is DEVIATING
    assert "v1:Secret:demo:keys is made twice: by a.workload" in judged.reason
    assert "::test_one_secret_of_two_applications_is_an_error" in judged.reason


def test_what_the_ancestor_wrongly_refuses_is_not_to_be_refused_for_another_reason(tmp_path: Path) -> None:
    workload = {**service(), "secrets": {"keys": {"type": "opaque", "_type": "service.secret.Secret"}}}
    entry = {**ERROR, "reference_defect": "must generate"}
    assert (
        judge(case(tmp_path, entry, app={"a": {"workload": workload}, "b": {"workload": workload}})).verdict is FAILED
    )
