"""What an API server refuses, or why it does not answer, and what can be done about it.

The texts are the API server's own (https://github.com/kubernetes/apimachinery/blob/master/pkg/api/errors/errors.go,
https://github.com/kubernetes/apiserver/blob/master/pkg/admission) and client-go's; the provider repeats them, and says
before them what the resource and its operation already say.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_BEFORE = re.compile(
    r'^(resource "[^"]*" was not successfully created by the Kubernetes API server: '
    r'|update of resource "[^"]*" failed: '
    r'|the Kubernetes API server reported that "[^"]*" failed to fully initialize or become live: '
    r"|server-side apply field conflict detected, see \S+ for troubleshooting help"
    r'|The resource managed by field manager "[^"]*" had an apply conflict: )'
)


class Advice(NamedTuple):
    """What to do; ``common`` where it is about the cluster as a whole, so that it is told once for many resources."""

    text: str
    common: bool = False


class _Rule(NamedTuple):
    """``open`` where it may have been done all the same: there was no answer, or one that says nothing about that."""

    pattern: re.Pattern[str]
    text: str
    common: bool = False
    open: bool = False


_RULES = (
    _Rule(
        re.compile(
            r'User "(?P<user>[^"]+)" cannot (?P<verb>\w+) resource "(?P<resource>[^"]+)" in API group "(?P<group>[^"]*)"'
            r'(?: in the namespace "(?P<namespace>[^"]+)")?'
        ),
        "allow {user} to {verb} {resource}{group} in {namespace} (RBAC), or use credentials that may",
    ),
    _Rule(
        re.compile(r"exceeded quota: (?P<quota>[^,]+),"),
        "the ResourceQuota '{quota}' leaves no room for it: ask for less, delete what is not needed, or have it raised",
    ),
    _Rule(
        re.compile(r"failed quota: (?P<quota>[^:]+): must specify (?P<fields>[^;]+)"),
        "the ResourceQuota '{quota}' admits only containers that say how much they need: {fields}",
    ),
    _Rule(
        re.compile(r'Apply failed with \d+ conflicts?: conflicts? with "(?P<manager>[^"]+)"'),
        "'{manager}' manages what is wanted here: a preview with live objects tells which fields, and whether they are ours",
    ),
    _Rule(
        re.compile(r'admission webhook "(?P<webhook>[^"]+)" denied the request'),
        "a policy of the cluster forbids it: change what it names, or ask whoever runs the webhook '{webhook}'",
    ),
    _Rule(
        re.compile(r'failed calling webhook "(?P<webhook>[^"]+)"'),
        "the cluster admits nothing of this kind while the webhook '{webhook}' does not answer: "
        "ask whoever runs it, then run this again",
        common=True,
    ),
    _Rule(
        re.compile(r"ValidatingAdmissionPolicy '(?P<policy>[^']+)'.* denied request"),
        "a policy of the cluster forbids it: change what it names, or ask whoever wrote '{policy}'",
    ),
    _Rule(
        re.compile(r'violates PodSecurity "(?P<standard>[^"]+)"'),
        "the namespace admits only pods that keep to the security standard '{standard}': change what it names",
    ),
    _Rule(
        re.compile(r"namespace (?P<namespace>\S+) because it is being terminated"),
        "the namespace {namespace} is being deleted: run this again when it is gone",
        common=True,
    ),
    _Rule(
        re.compile(r"^resource '[^']+' does not exist"),  # Pulumi's own words about an import
        "the workspace's importedResources say that it does: correct the id there, or remove it to have this made",
    ),
    _Rule(
        re.compile(r"\bis immutable\b|may not change once set|updates to .* spec for fields other than"),
        "this cannot be changed while the object exists: give it back its value, or delete the object and apply again",
    ),
    _Rule(
        re.compile(r"\bUnauthorized\b|asked for the client to provide credentials|must be logged in to the server"),
        "the cluster does not, or no longer, take these credentials: get new ones, then run this again; nothing is lost",
        common=True,
    ),
    _Rule(
        re.compile(r"too many requests", re.IGNORECASE),
        "the API server has too much to do: run this again in a while; nothing is lost",
        common=True,
    ),
    _Rule(
        re.compile(r"context canceled|operation was cancell?ed"),
        "it was interrupted: run this again, which settles what was being done; nothing is lost",
        common=True,
        open=True,
    ),
    _Rule(
        re.compile(
            r"has ended before its time|error reading from server|transport is closing|transport: Error while dialing"
        ),
        "the provider ended in the middle of it: run this again, which settles what it was doing; nothing is lost",
        common=True,
        open=True,
    ),
    _Rule(
        re.compile(
            r"connection refused|connection reset|broken pipe|no such host|no route to host|network is unreachable"
            r"|i/o timeout|TLS handshake|\bEOF\b|deadline exceeded|Client\.Timeout|timed out|cannot be reached"
            r"|unreachable cluster|cluster is unreachable|connection lost",
            re.IGNORECASE,
        ),
        "see whether the API server runs and can be reached from here, then run this again; nothing is lost",
        common=True,
        open=True,
    ),
    _Rule(
        re.compile(r"internal error|an error on the server|unable to handle the request|etcdserver:", re.IGNORECASE),
        "the API server itself failed: run this again, and ask whoever runs the cluster if that does not help; "
        "nothing is lost",
        common=True,
        open=True,
    ),
)
"""The first that fits is right: a webhook that does not answer is an internal error, too."""


def cause(line: str) -> str:
    """A line of the provider's without what it puts before the API server's words."""
    return _BEFORE.sub("", line)


def advice(message: str) -> Advice | None:
    """What to do about a message; None where nobody but the message itself can tell."""
    rule = _rule(message)
    found = rule.pattern.search(message) if rule else None
    return Advice(rule.text.format(**_words(found)), rule.common) if rule and found else None


def leaves_open(message: str) -> bool:
    """Whether what was asked for may have been done although it failed with this message."""
    rule = _rule(message)
    return rule is not None and rule.open


def _rule(message: str) -> _Rule | None:
    return next((rule for rule in _RULES if rule.pattern.search(message)), None)


def _words(found: re.Match[str]) -> dict[str, str]:
    words = {name: (value or "").strip() for name, value in found.groupdict().items()}
    if "verb" in words:
        words["group"] = f".{words['group']}" if words["group"] else ""
        words["namespace"] = f"the namespace {words['namespace']}" if words["namespace"] else "the whole cluster"
    return words
