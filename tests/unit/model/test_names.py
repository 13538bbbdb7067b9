"""Names that Kubernetes accepts, and how derived ones are made to fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_dsl.model.names import MAX_LABEL, kebab, label_problem, shorten

labels = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,150}[a-z0-9])?", fullmatch=True)
lengths = st.integers(min_value=12, max_value=MAX_LABEL)


@given(labels, lengths)
def test_a_shortened_name_is_a_label_that_fits(name: str, longest: int) -> None:
    assert label_problem(shorten(name, longest), longest) is None


@given(labels, lengths)
def test_what_fits_stays_as_it_is(name: str, longest: int) -> None:
    if len(name) <= longest:
        assert shorten(name, longest) == name


@given(labels, lengths)
def test_shortening_again_changes_nothing(name: str, longest: int) -> None:
    assert shorten(shorten(name, longest), longest) == shorten(name, longest)


@given(st.text("ab-", min_size=20, max_size=24), st.text("ab-", min_size=20, max_size=24))
def test_names_that_differ_stay_different(one: str, other: str) -> None:
    assert (shorten(f"x{one}x", 12) == shorten(f"x{other}x", 12)) == (one == other)


def test_how_a_shortened_name_looks() -> None:
    assert shorten("a" * 64) == f"{'a' * 54}-ffe054fe"
    assert shorten("quickstart-" + "a" * 60, 20) == f"quickstart-{shorten('quickstart-' + 'a' * 60, 20)[-8:]}"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("OpsRule", "ops-rule"),
        ("opsRule", "ops-rule"),
        ("ops_rule", "ops-rule"),
        ("HTTPServer", "http-server"),
        ("Shop2", "shop2"),
        ("S3Bucket", "s3-bucket"),
        ("_private__name_", "private-name"),
    ],
)
def test_an_identifier_as_a_label(name: str, expected: str) -> None:
    assert kebab(name) == expected


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "is empty"),
        ("a" * 64, "has 64 characters, at most 63 fit"),
        ("A", "is not a DNS label"),
        ("a_b", "is not a DNS label"),
        ("-a", "is not a DNS label"),
        ("a-", "is not a DNS label"),
        ("a.b", "is not a DNS label"),
        ("a\n", "is not a DNS label"),
        ("é", "is not a DNS label"),
    ],
)
def test_what_keeps_a_name_from_being_a_label(name: str, problem: str) -> None:
    assert (label_problem(name) or "").startswith(problem)
    assert label_problem("a" * 63) is None
