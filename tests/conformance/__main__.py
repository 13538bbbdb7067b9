"""``python -m tests.conformance --vectors DIR``: exit code 0 where no case fails, 1 where one does, 2 for wrong usage."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.conformance.cases import VectorsError, read_cases
from tests.conformance.judgement import Judgement, Verdict, judge

_TOLD = (Verdict.DEVIATING, Verdict.FAILED)


def main(arguments: Sequence[str]) -> int:
    """Judge the cases of a directory, and print what became of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description="Compare with the ancestor.")
    parser.add_argument("--vectors", type=Path, required=True, metavar="DIR", help="the directory with index.json")
    parser.add_argument("--case", action="append", metavar="NAME", help="only this case; may be given several times")
    options = parser.parse_args(arguments)
    try:
        cases = read_cases(options.vectors)
    except VectorsError as error:
        parser.error(str(error))
    unknown = set(options.case or ()) - {case.name for case in cases}
    if unknown:
        parser.error(f"there is no case {', '.join(sorted(unknown))}")
    judgements = [judge(case) for case in cases if not options.case or case.name in options.case]
    for judgement in judgements:
        sys.stdout.write("\n".join(lines(judgement)) + "\n")
    count = Counter(judgement.verdict for judgement in judgements)
    sys.stdout.write(", ".join(f"{count[verdict]} {verdict.value}" for verdict in Verdict) + "\n")
    return 1 if count[Verdict.FAILED] else 0


def lines(judgement: Judgement) -> Iterator[str]:
    """What is printed about a case: its verdict; for a deviation each difference with its reason and its test."""
    reason = f": {judgement.reason}" if judgement.reason and judgement.verdict in _TOLD else ""
    yield f"{judgement.verdict.value:<14} {judgement.case.name}{reason}"
    for finding in judgement.findings:
        yield f"  {finding.difference}"
        if finding.rule is None:
            yield "    no rule covers this"
        else:
            decided = f" ({finding.rule.decided})" if finding.rule.decided else ""
            yield f"    because {finding.rule.reason}{decided}"
            yield f"    see {finding.rule.test}"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
