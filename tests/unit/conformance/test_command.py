"""``python -m tests.conformance``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conformance.__main__ import main
from tests.unit.conformance.test_judgement import OPEN, spec
from tests.unit.conformance.vectors import write

WRONG = {"spec": spec("apps/v1:Deployment:demo:demo-dev-web", spec__replicas=3)}
KCL = ({"name": "kcl", "kind": "kcl-error"}, {"app": None, "spec": None})


def test_a_directory_without_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = write(tmp_path / "any", ({"name": "same"}, {}), ({"name": "open"}, OPEN), KCL)
    assert main(["--vectors", str(directory)]) == 0
    assert capsys.readouterr().out == (
        "passed         same\n"
        "deviating      open: spec\n"
        "  aws:rds/instance:Instance:demo-dev-web-mysql publiclyAccessible: true in the ancestor, false in ours\n"
        "    because a database has no public address unless the workspace says who may use it "
        "(the vectors' README, known odd cases)\n"
        "    see tests/unit/modules/test_cloud_databases.py::"
        "test_a_database_at_aws_is_an_instance_behind_a_security_group\n"
        "not applicable kcl\n"
        "1 passed, 1 deviating, 1 not applicable, 0 failed\n"
    )


def test_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = write(tmp_path / "any", ({"name": "same"}, {}), ({"name": "wrong"}, WRONG))
    assert main(["--vectors", str(directory)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:] == [
        "failed         wrong: differs without a rule",
        "  apps/v1:Deployment:demo:demo-dev-web spec.replicas: 3 in the ancestor, 2 in ours",
        "    no rule covers this",
        "1 passed, 0 deviating, 0 not applicable, 1 failed",
    ]
    assert main(["--vectors", str(directory), "--case", "same"]) == 0


@pytest.mark.parametrize(
    "index",
    [None, "", "{}", "[]", "[1]", '[{"kind": "spec"}]', json.dumps([{"name": "a", "kind": "odd"}])],
    ids=["no index", "empty", "mapping", "no cases", "no mapping", "no name", "unknown kind"],
)
def test_a_directory_that_has_no_vectors(tmp_path: Path, capsys: pytest.CaptureFixture[str], index: str | None) -> None:
    if index is not None:
        (tmp_path / "index.json").write_text(index)
    with pytest.raises(SystemExit) as raised:
        main(["--vectors", str(tmp_path)])
    assert raised.value.code == 2
    assert str(tmp_path) in capsys.readouterr().err


def test_an_unknown_case(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["--vectors", str(write(tmp_path / "any", ({"name": "same"}, {}))), "--case", "smae"])
    assert raised.value.code == 2
    assert "there is no case smae" in capsys.readouterr().err
