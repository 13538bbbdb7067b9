"""Quantities come out as Kubernetes writes them."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_workload.quantity import canonical, is_at_most, split_range

_FACTORS = {
    **{"n": Fraction(1, 10**9), "u": Fraction(1, 10**6), "m": Fraction(1, 1000), "": Fraction(1)},
    **{"k": Fraction(10**3), "M": Fraction(10**6), "G": Fraction(10**9), "T": Fraction(10**12)},
    **{"Ki": Fraction(2**10), "Mi": Fraction(2**20), "Gi": Fraction(2**30), "Ti": Fraction(2**40)},
}
_NUMBERS = st.decimals(min_value=0, max_value=4096, places=3).map(lambda number: f"{number:f}")
_QUANTITIES = st.builds(str.__add__, _NUMBERS, st.sampled_from([*_FACTORS, "e3", "E-3", "e6"]))


@pytest.mark.parametrize(
    ("written", "expected"),
    [  # the right side is what k8s.io/apimachinery 0.31.1 makes of the left one
        ("0.5", "500m"),
        ("1.50", "1500m"),
        ("1024Mi", "1Gi"),
        ("2.5Gi", "2560Mi"),
        ("512M", "512M"),
        ("1000", "1k"),
        ("1024", "1024"),
        ("0.5Ki", "512"),
        ("1.5Ki", "1536"),
        ("0", "0"),
        ("0Gi", "0"),
        ("0.1Gi", "107374182400m"),
        ("1e3", "1e3"),
        ("1500e3", "1500e3"),
        ("1E", "1E"),
        (".5", "500m"),
        ("5.", "5"),
        ("+3Gi", "3Gi"),
        ("007", "7"),
        ("0.0000000001", "1n"),
        ("e3", None),
        ("-1", None),
        ("1.2.3", None),
        ("5 Gi", None),
        ("5gi", None),
        ("5KB", None),
        ("", None),
    ],
)
def test_is_written_as_kubernetes_writes_it(written: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(ValueError, match="no quantity"):
            canonical(written)
    else:
        assert canonical(written) == expected


def test_more_than_kubernetes_can_count_is_refused() -> None:
    with pytest.raises(ValueError, match="more than Kubernetes can count"):
        canonical("10E")


@given(_QUANTITIES)
def test_the_canonical_form_is_its_own_canonical_form(quantity: str) -> None:
    assert canonical(canonical(quantity)) == canonical(quantity)


@given(_NUMBERS, st.sampled_from(sorted(set(_FACTORS) - {"n", "u"})))
def test_the_canonical_form_has_the_same_value(number: str, suffix: str) -> None:
    result = canonical(number + suffix)
    kept = next(each for each in sorted(_FACTORS, key=len, reverse=True) if result.endswith(each))
    digits = result.removesuffix(kept)
    if digits.isdigit() and kept in _FACTORS:
        assert int(digits) * _FACTORS[kept] == Fraction(number) * _FACTORS[suffix]
    else:
        assert result.rstrip("i")[-1] in "PE"


@given(_QUANTITIES, _QUANTITIES)
def test_quantities_are_compared_by_value(one: str, other: str) -> None:
    assert is_at_most(one, other) or is_at_most(other, one)
    assert is_at_most(one, canonical(one)) and is_at_most(canonical(one), one)


@given(_QUANTITIES, _QUANTITIES)
def test_a_request_and_a_limit_are_taken_apart(request: str, limit: str) -> None:
    assert split_range(f"{request}-{limit}") == (request, limit)
    assert split_range(limit) == (None, limit)


def test_a_negative_exponent_is_no_range() -> None:
    assert split_range("1e-3") == (None, "1e-3")
    assert split_range("1e-3-1") == ("1e-3", "1")
