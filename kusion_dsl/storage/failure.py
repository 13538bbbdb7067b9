"""What an object store answered when it did not do what it was asked to: taken apart, told, or worth another try.

obstore says it in one text: a line with the status, then the answer, then the error of the connection in Rust's debug
form (object_store, ``client/retry.rs``). An answer may hold tokens and signatures (S3's ``ExpiredToken`` does), so of
it only the code and the kind of the error are ever shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from obstore.exceptions import UnauthenticatedError

from kusion_dsl.errors import StorageError

_STATUS = re.compile(r"status code: (?P<status>[0-9]{3})\b")
_CODE = re.compile(r"<Code>(?P<code>[A-Za-z0-9._-]{1,80})</Code>")
_KINDS_OF_ERROR = (re.compile(r"\b(BareRedirect|IncompleteBody)\b"), re.compile(r"HttpError \{\s*kind: (\w+)"))


class Advice(NamedTuple):
    """What a code of a store means, and what to do about it; ``passing`` if it may be gone at the next try."""

    what: str
    hint: str
    passing: bool = False


_CONTENDED = Advice("somebody else writes it at the same moment", "run again", passing=True)
_OVERLOADED = Advice("the store is overloaded", "run again later", passing=True)
_FAILED = Advice("the store failed", "run again later; should it go on, look at the state of the service", passing=True)
_STATUSES = {
    401: Advice("the credentials are not accepted", "correct or renew them, then run again"),
    403: Advice("access is denied", "let these credentials read, write, delete and list there"),
    404: Advice("there is no such place", "create it, or correct the URL"),
    408: Advice("the store waited too long for us", "check the connection, then run again", passing=True),
    409: _CONTENDED,
    412: _CONTENDED,
    429: _OVERLOADED,
    501: Advice("the store cannot do this", "choose another backend"),
    503: _OVERLOADED,
}
_CONNECTION = "check the connection and the URL, then run again"
_KINDS = {
    "Connect": Advice("the store cannot be reached", _CONNECTION, passing=True),
    "Timeout": Advice("the store did not answer in time", _CONNECTION, passing=True),
    "Request": Advice("the connection broke", _CONNECTION, passing=True),
    "Interrupted": Advice("the connection broke", _CONNECTION, passing=True),
    "Decode": Advice("the answer cannot be understood", _CONNECTION, passing=True),
    "IncompleteBody": Advice("the answer was cut short", _CONNECTION, passing=True),
    "BareRedirect": Advice("the bucket is in another region", "correct the region"),
}
_UNKNOWN = Advice("the store cannot be used", "check the URL and the credentials, then run again")


@dataclass(frozen=True)
class Failure:
    """An answer: its HTTP status (0 if there was none), the store's own code for it, and what it means."""

    status: int
    code: str
    advice: Advice

    @classmethod
    def of(cls, error: Exception, known: Mapping[str, Advice]) -> Failure:
        """Take an error of obstore apart; ``known`` has what the codes of this kind of store mean."""
        text = str(error)
        status_match, code_match = _STATUS.search(text), _CODE.search(text)
        status = int(status_match["status"]) if status_match else 0
        code = code_match["code"] if code_match else ""
        if code in known:
            advice = known[code]
        elif isinstance(error, UnauthenticatedError):
            advice = _STATUSES[401]
        elif status:
            advice = _STATUSES.get(status) or (_FAILED if status >= 500 else _UNKNOWN)
        else:
            kinds = (match[1] for match in (pattern.search(text) for pattern in _KINDS_OF_ERROR) if match)
            advice = _KINDS.get(next(kinds, ""), _UNKNOWN)
        return cls(status, code, advice)

    def told(self, what: str, where: str) -> StorageError:
        """The error for people; ``what`` could not be done."""
        answer = ", ".join(part for part in (self.code, f"HTTP {self.status}" if self.status else "") if part)
        return StorageError(
            f"{what}: {self.advice.what}{f' ({answer})' if answer else ''}", where=where, hint=self.advice.hint
        )
