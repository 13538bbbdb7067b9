"""What Pulumi says, condensed."""

from __future__ import annotations

import pytest

from kusion_dsl.engine.diagnostics import Diagnostics, condensed

URN = "urn:pulumi:prod.dev::shop::kubernetes:core/v1:ConfigMap::v1:ConfigMap:shop:web"


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("<{%reset%}>error: <{%fg 1%}>the disk is full<{%reset%}>\n", "the disk is full"),
        (f"creating {URN}: 1 error occurred:\n\t* the disk is full\n\n", "the disk is full"),
        ("error: rpc error: code = FailedPrecondition desc = /x/y.yaml:3: not YAML\n", "/x/y.yaml:3: not YAML"),
        ("error: update failed\n", ""),
        ("error: preview failed\n", ""),
        ("Preview failed: the file is odd", "the file is odd"),
        (
            "error: kubernetes:core/v1:Pod resource 'a:b': property data.x value {multi\nline} has a problem: too long",
            "data.x: too long",
        ),
        ("error: aws:s3/bucket:Bucket resource 'a' has a problem: missing region", "missing region"),
        (
            'error: boom\nTraceback (most recent call last):\n  File "/x/y.py", line 3, in run\n    ^^^^\n',
            "boom",
        ),
        (
            f'resource "{URN}" cannot be deleted\nbecause it is protected. To unprotect the resource, run `pulumi up`',
            "it is protected: apply it once without the option 'protect', then remove it",
        ),
        (
            f"could not load provider for resource {URN}: could not create provider "
            "urn:pulumi:prod.dev::shop::pulumi:providers:aws::aws::a7358649-f56d: no such host",
            "could not load provider for resource v1:ConfigMap:shop:web: could not create provider aws: no such host",
        ),
        ("the same\nthe same\n", "the same"),
        ("first line\n  second line", "first line\nsecond line"),
        ("an update of your password failed", "an update of your password failed"),
    ],
)
def test_condensed(message: str, text: str) -> None:
    assert condensed(message) == text


def test_text_names_the_resource_and_tells_everything_once() -> None:
    diagnostics = Diagnostics()
    diagnostics.add("b", "error: two")
    diagnostics.add("b", "error: two")
    diagnostics.add("a", "error: one")
    diagnostics.add("", "error: the whole run")
    diagnostics.add("", "error: update failed")

    assert diagnostics.text(["c", "a"]) == "the whole run\na: one\nb: two\nc: failed"
    assert diagnostics.of("b") == "two" and diagnostics.of("x") == ""
