"""What Pulumi says when something fails, condensed to what a user can act on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_COLOR = re.compile(r"<\{%.*?%\}>|\x1b\[[0-9;]*m")
_GRPC = re.compile(r"\brpc error: code = \w+ desc = ")
_STATUS = re.compile(r"^(error: |warning: |(preview|update|refresh|destroy) failed: |\* |\s)+", re.IGNORECASE)
_CHECK = re.compile(r"\S+ resource '[^']*'(: property (\S+) value \{.*?\})? has a problem: ", re.DOTALL)
_STEP = re.compile(r"^(creating|updating|deleting|replacing|refreshing|reading|importing) urn:pulumi:\S+: ?")
_COUNT = re.compile(r"^\d+ errors? occurred:$")
_SUMMARY = re.compile(
    r"^((one or more )?errors occurred.*|(update|preview|destroy|refresh|step) (failed|application failed.*|canceled)"
    r"|resource monitor (has )?(terminated|shut down).*|BAIL: .*|an unhandled error occurred.*"
    r"|the (update|operation) was canceled.*|context canceled|resource registration failed|)$",
    re.IGNORECASE,
)
_PROTECTED = re.compile(r'resource "urn:pulumi:[^"]*" cannot be deleted\s+because it is protected\..*', re.DOTALL)
_URN = re.compile(r"urn:pulumi:[^\s'\"]*?::[^\s'\"]*?::[^\s'\"]*?::([^\s'\"]+?)(::[^\s'\":]+)?(?=:?([\s'\"]|$))")
_TRACE = re.compile(r'^(Traceback \(most recent call last\)|File ".*", line \d+|[~^ ]+$)')


def condensed(message: str) -> str:
    """One diagnostic without colours, URNs, gRPC's prefixes, stack traces and lines that only say that it failed."""
    lines = []
    plain = _PROTECTED.sub("it is protected: apply it once without the option 'protect', then remove it", message)
    plain = _CHECK.sub(lambda found: f"{found[2]}: " if found[2] else "", _COLOR.sub("", plain))
    for raw in plain.splitlines():
        line = raw.strip()
        if _TRACE.match(line):
            continue
        former = None
        while line != former:
            former = line
            line = _STEP.sub("", _GRPC.sub("", _STATUS.sub("", line)))
        if not _SUMMARY.match(line) and not _COUNT.match(line):
            lines.append(_URN.sub(r"\1", line))
    return "\n".join(dict.fromkeys(lines))


class Diagnostics:
    """The errors of a run: by resource id, and under the empty id those of the run as a whole."""

    def __init__(self) -> None:
        self._messages: dict[str, dict[str, None]] = {}

    def add(self, id: str, message: str) -> None:
        """Take a diagnostic; one that says nothing is left out."""
        text = condensed(message)
        if text:
            self._messages.setdefault(id, {})[text] = None

    def of(self, id: str) -> str:
        """What was said about one resource."""
        return "\n".join(self._messages.get(id, {}))

    def text(self, failed: Iterable[str] = ()) -> str:
        """Everything, each message behind its resource; ``failed`` are ids that failed without a word."""
        silent: Mapping[str, dict[str, None]] = {id: {"failed": None} for id in failed if id not in self._messages}
        return "\n".join(
            f"{id}: {message}" if id else message
            for id, messages in sorted({**self._messages, **silent}.items())
            for message in messages
        )
