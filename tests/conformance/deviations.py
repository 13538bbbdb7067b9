"""How it is said where we mean to differ from the ancestor: by type and path, for whatever case it meets.

Each says what is right instead, why, and which test shows it. Without a mark in the index of the vectors only those
hold that the vectors' README or DESIGN decides; the others are about defects, and hold in marked cases.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from kusion_dsl.errors import KusionError
from kusion_dsl.model.reference import format_path
from kusion_dsl.model.spec import Spec, SpecResource
from tests.conformance.authoring import Document
from tests.conformance.comparison import Difference


@dataclass(frozen=True)
class Ours:
    """What we made of a case: the Spec; and the applications as ``app.yaml`` has them."""

    spec: Spec
    apps: Document

    def users_of(self, id: str) -> Iterator[SpecResource]:
        """The resources that refer to one."""
        for resource in self.spec.resources:
            if any(reference.id == id for reference in resource.references()):
                yield resource


Expect = Callable[[Difference, Ours], bool]
"""Whether what we have instead is what is right instead."""


@dataclass(frozen=True)
class Rule:
    """Differences that are meant.

    ``type`` is a glob on the type of the resource, ``path`` a regular expression for the whole path in it. ``instead``
    tells whether what we have there is right. ``decided`` is where it is decided for every case; empty where it is a
    defect that the case must be marked for. ``test`` is the test that shows the better behaviour.
    """

    type: str
    path: str
    instead: Expect
    reason: str
    test: str
    decided: str = ""

    def covers(self, difference: Difference, ours: Ours, *, marked: bool) -> bool:
        """Whether ``difference`` is one that it is about, with what it wants instead, in a case that it holds in."""
        if not (marked or self.decided) or not fnmatchcase(difference.type, self.type):
            return False
        if re.fullmatch(self.path, format_path(difference.path)) is None:
            return False
        try:
            return self.instead(difference, ours)
        except (LookupError, ValueError, TypeError, AttributeError):  # a value of another form is not what is right
            return False


@dataclass(frozen=True)
class Refusal:
    """What we refuse to generate: errors of which every problem says ``what``, a regular expression."""

    what: str
    reason: str
    test: str
    decided: str = ""

    def covers(self, error: KusionError, *, marked: bool) -> bool:
        """Whether it is about all that is wrong, in a case that it holds in."""
        return (marked or bool(self.decided)) and all(re.search(self.what, each.what) for each in error.problems)
