"""Texts and numbers as Kubernetes wants them: types for the fields of modules' schemas.

They are checked where they are written, in plain words, instead of by the API server in the middle of an apply.
Sources: https://kubernetes.io/docs/concepts/overview/working-with-objects/names,
https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from kusion_dsl.model.names import MAX_LABEL, label_problem

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_MAX_SUBDOMAIN = 253


def _dns_label(text: str) -> str:
    problem = label_problem(text)
    if problem:
        raise ValueError(f"'{text}' {problem}" if text else problem)
    return text


def _object_name(text: str) -> str:
    if len(text) > _MAX_SUBDOMAIN or not _SUBDOMAIN.fullmatch(text):
        raise ValueError(
            f"'{text}' is no name of a Kubernetes object: use at most {_MAX_SUBDOMAIN} lower-case letters, digits, '-' "
            "and '.', with a letter or digit at both ends"
        )
    return text


def _metadata_key(text: str) -> str:
    prefix, slash, name = text.rpartition("/")
    if slash and (len(prefix) > _MAX_SUBDOMAIN or not _SUBDOMAIN.fullmatch(prefix)):
        raise ValueError(f"what stands before the '/' must be a lower-case DNS name, and '{prefix}' is not")
    if len(name) > MAX_LABEL or not _QUALIFIED.fullmatch(name):
        raise ValueError(
            f"'{name}' is no name of a label or an annotation: use at most {MAX_LABEL} letters, digits, '-', '_' and "
            "'.', with a letter or digit at both ends"
        )
    return text


def _label_value(text: str) -> str:
    if len(text) > MAX_LABEL or (text and not _QUALIFIED.fullmatch(text)):
        raise ValueError(
            f"'{text}' is no value of a label: use at most {MAX_LABEL} letters, digits, '-', '_' and '.', "
            "with a letter or digit at both ends"
        )
    return text


DnsLabel = Annotated[str, AfterValidator(_dns_label)]
"""At most 63 lower-case letters, digits and ``-``: names of containers, volumes, Services."""

ObjectName = Annotated[str, AfterValidator(_object_name)]
"""At most 253 lower-case letters, digits, ``-`` and ``.``: names of Secrets and most other objects."""

MetadataKey = Annotated[str, AfterValidator(_metadata_key)]
"""The key of a label or an annotation: ``team`` or ``acme.example/team``."""

LabelValue = Annotated[str, AfterValidator(_label_value)]
"""The value of a label, possibly empty."""

Labels = Mapping[MetadataKey, LabelValue]
"""Labels by key."""

Annotations = Mapping[MetadataKey, str]
"""Annotations by key; their values are free."""

PortNumber = Annotated[int, Field(ge=1, le=65535)]
"""The number of a TCP or UDP port."""
