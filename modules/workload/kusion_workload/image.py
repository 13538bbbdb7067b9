"""Names of images: a type for fields.

Source: https://github.com/distribution/reference, the grammar at the top of ``reference.go``.
"""

import re
from typing import Annotated

from pydantic import AfterValidator

_HOST = (
    r"([A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*|\[[0-9A-Fa-f:]+\])(:[0-9]+)?"
)
_STEP = r"[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"({_HOST}/)?(?P<path>{_STEP}(/{_STEP})*)")
_TAG = re.compile(r"[A-Za-z0-9_][-A-Za-z0-9_.]{0,127}")
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*([-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,}")
_LONGEST_PATH = 255


def _image(text: str) -> str:
    if not text or text != "".join(text.split()):
        raise ValueError("an image has a name without white space, like ghcr.io/acme/shop:1.4.2")
    named, at, digest = text.partition("@")
    place, slash, last = named.rpartition("/")
    last, colon, tag = last.partition(":")
    name = _NAME.fullmatch(f"{place}{slash}{last}")
    if name is None or len(name["path"]) > _LONGEST_PATH:
        raise ValueError(f"'{text}' is no name of an image: write it in lower case, like ghcr.io/acme/shop:1.4.2")
    if colon and not _TAG.fullmatch(tag):
        raise ValueError(f"'{tag}' is no tag of an image: use at most 128 letters, digits, '_', '-' and '.'")
    if at and not _DIGEST.fullmatch(digest):
        raise ValueError(f"'{digest}' is no digest of an image, like sha256: and 64 hexadecimal digits behind it")
    return text


Image = Annotated[str, AfterValidator(_image)]
"""The name of an image, with its registry and its tag or digest where it has them."""
