"""The access policy of a domain, as an IAM policy document.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from kusion_opensearch.schema import Statement

_LANGUAGE = "2012-10-17"
_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}


def policy_document(statements: Sequence[Statement], domain: str, region: str) -> str:
    """``statements`` about everything in a domain, as JSON."""
    partition = next((name for prefix, name in _PARTITIONS.items() if region.startswith(prefix)), "aws")
    resource = f"arn:{partition}:es:{region}:*:domain/{domain}/*"
    document = {"Version": _LANGUAGE, "Statement": [_statement(each, resource) for each in statements]}
    return json.dumps(document, separators=(",", ":"))


def _statement(statement: Statement, resource: str) -> dict[str, object]:
    principals: dict[str, list[str]] = {}
    for each in statement.principals:
        principals.setdefault("AWS" if each.type == "*" else each.type, []).extend(each.identifiers)
    return {
        "Effect": statement.effect,
        "Principal": principals,
        "Action": list(statement.action),
        "Resource": resource,
    }
