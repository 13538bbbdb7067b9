"""The verdict on a case."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from kusion_dsl.errors import KusionError, Problem
from kusion_dsl.model.spec import Spec
from tests.conformance.authoring import AuthoringError, Document
from tests.conformance.cases import Case, VectorsError
from tests.conformance.comparison import Difference, Variables, compare
from tests.conformance.deviations import Ours, Rule
from tests.conformance.generation import generate
from tests.conformance.naming import Naming
from tests.conformance.rules import REFUSALS, RULES
from tests.conformance.translation import translate

_WANTED = re.compile(r"\b(should|must|needs?|takes?|cannot|did you mean|known are|is required|name|write|use|remove)\b")


class Verdict(Enum):
    """What became of a case."""

    PASSED = "passed"
    DEVIATING = "deviating"
    NOT_APPLICABLE = "not applicable"
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """A difference, and the rule that covers it, if one does."""

    difference: Difference
    rule: Rule | None


@dataclass(frozen=True)
class Judgement:
    """The verdict on a case, why, and what differs."""

    case: Case
    verdict: Verdict
    reason: str = ""
    findings: tuple[Finding, ...] = ()


def judge(case: Case, rules: Sequence[Rule] = RULES) -> Judgement:
    """Compile a case, and compare."""
    if case.kind == "kcl-error":
        return Judgement(
            case, Verdict.NOT_APPLICABLE, "refused before generating; the tests of our models try its value"
        )
    try:
        spec = generate(case).spec
    except KusionError as error:
        return _refused(case, error)
    except (AuthoringError, VectorsError) as error:
        return Judgement(case, Verdict.FAILED, str(error))
    except Exception as error:  # a traceback in front of a user is a defect, whatever it says
        return Judgement(case, Verdict.FAILED, f"no error of ours: {type(error).__name__}: {error}")
    if case.kind == "generate-error":
        if case.defect:
            return Judgement(case, Verdict.PASSED, f"generates: {case.defect}")
        return Judgement(case, Verdict.FAILED, f"generates, where the ancestor says: {case_error(case)}")
    try:
        return compared(case, spec, rules)
    except VectorsError as error:
        return Judgement(case, Verdict.FAILED, str(error))


def case_error(case: Case) -> str:
    """What the ancestor said."""
    return (case.directory / "error.txt").read_text().strip().splitlines()[-1]


def _refused(case: Case, error: KusionError) -> Judgement:
    if not case.may_fail:
        rules = [rule for rule in REFUSALS if rule.covers(error, marked=case.marked)]
        if case.kind != "generate-error" and rules:
            return Judgement(case, Verdict.DEVIATING, f"refused: {error}; {rules[0].reason}; see {rules[0].test}")
        return Judgement(case, Verdict.FAILED, f"must generate, but: {error}")
    for problem in error.problems:
        if not (problem.where and problem.what and _says_what_to_do(problem)):
            return Judgement(case, Verdict.FAILED, f"the error does not say where, what and what to do: {problem}")
    return Judgement(case, Verdict.PASSED, f"refused: {error}")


def _says_what_to_do(problem: Problem) -> bool:
    """By a hint, by findings of their own, or by saying what is wanted instead."""
    return bool(problem.hint or problem.details or _WANTED.search(problem.what))


def compared(case: Case, spec: Spec, rules: Sequence[Rule] = RULES) -> Judgement:
    """The verdict on what was compiled of a case that the ancestor generated. Raises VectorsError."""
    apps = case.document("app.yaml")
    names = {file: str(case.document(f"{file}.yaml").get("name", "")) for file in ("project", "stack")}
    naming = Naming.of_case(
        names["project"], names["stack"], apps, _databases(names["project"], case.document("workspace.yaml"))
    )
    differences = compare(
        translate(case.document("spec.yaml"), naming),
        spec,
        ignored=case.environment.keys(),
        variables=_variables(f"{names['project']}-{names['stack']}", apps),
    )
    return _weighed(case, differences, Ours(spec, apps), rules)


def _weighed(case: Case, differences: Sequence[Difference], ours: Ours, rules: Sequence[Rule]) -> Judgement:
    findings = tuple(
        Finding(each, next((rule for rule in rules if rule.covers(each, ours, marked=case.marked)), None))
        for each in differences
    )
    if not findings:
        return Judgement(case, Verdict.PASSED)
    if case.marked or all(each.rule for each in findings):
        return Judgement(case, Verdict.DEVIATING, case.defect or case.kind, findings)
    return Judgement(case, Verdict.FAILED, "differs without a rule", findings)


def _databases(project: str, workspace: Document) -> Mapping[str, str]:
    """The ``databaseName`` that the workspace says for a project, by module."""
    found: dict[str, str] = {}
    modules: Mapping[str, Any] = workspace.get("modules") or {}
    for name, module in modules.items():
        configs = (module or {}).get("configs") or {}
        selecting = [block for block in configs.values() if project in ((block or {}).get("projectSelector") or ())]
        for block in (configs.get("default") or {}, *selecting):
            found.update({name: block["databaseName"]} if "databaseName" in block else {})
    return found


def _variables(prefix: str, apps: Document) -> Variables:
    """The variables that the authors wrote, by workload and container."""
    return {
        f"{prefix}-{name}": {
            container: list((content or {}).get("env") or {})
            for container, content in ((app.get("workload") or {}).get("containers") or {}).items()
        }
        for name, app in apps.items()
    }
