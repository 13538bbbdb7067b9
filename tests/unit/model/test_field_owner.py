"""Who wrote a field: by its own label, the label of what it is part of, or of its parts."""

from __future__ import annotations

import pytest

from kusion_dsl.model.field_owner import Manager, manager_of

EARLY, LATE, NEVER = (
    Manager("early", "2026-01-01T00:00:00Z"),
    Manager("late", "2026-01-02T00:00:00Z"),
    Manager("never"),
)


@pytest.mark.parametrize(
    ("label", "who"),
    [
        ("spec.replicas", EARLY),
        ("spec.template.containers[web].args[0]", LATE),  # of a list that is written as a whole
        ("spec.template.containers[web]", LATE),  # the last who wrote a part of it
        ("spec.template.containers[web-1].image", None),
        ("spec.rep", None),
        ("spec.replicasMost", None),
        ('metadata.labels["a.b"]', NEVER),
        ("metadata.labels.a", None),
    ],
)
def test_who_wrote_a_field(label: str, who: Manager | None) -> None:
    managers = {
        "spec.replicas": EARLY,
        "spec.template.containers[web].image": EARLY,
        "spec.template.containers[web].args": LATE,
        'metadata.labels["a.b"]': NEVER,
    }
    assert manager_of(managers, label) == who


def test_a_manager_in_words() -> None:
    assert (str(LATE), str(NEVER)) == ("late at 2026-01-02T00:00:00Z", "never")
