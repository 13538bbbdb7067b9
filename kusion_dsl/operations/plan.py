"""Plans: a preview that is kept, so that what was shown is what is applied."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from kusion_dsl.engine.atomic_file import replacing
from kusion_dsl.errors import RefusedError, StorageError
from kusion_dsl.model.change import Change, present
from kusion_dsl.model.plan import Plan, damaged
from kusion_dsl.model.spec import Json, digest_of
from kusion_dsl.operations.evidence import modules_of
from kusion_dsl.operations.host import Host
from kusion_dsl.operations.preview import Preview
from kusion_dsl.operations.selection import Selection


def plan_of(host: Host, shown: Preview) -> Plan:
    """The plan to apply what ``shown`` previews. Raises ModuleError for a module whose files cannot be read."""
    proposal, base = shown.proposal, shown.base
    return Plan(
        ref=proposal.ref,
        base=(base.release.revision, base.digest) if base is not None else (0, ""),
        workspace_digest=proposal.workspace_digest,
        modules=modules_of(proposal),
        options=host.mask.value(proposal.options),
        target=proposal.target,
        live=shown.live,
        spec_digest=proposal.spec.digest,
        resources={each.id: digest_of(each.to_json()) for each in proposal.spec.resources},
        changes=tuple(host.mask.value(_change(each)) for each in shown.effective),
        adopt=proposal.adopt,
    )


def _change(change: Change) -> Json:
    fields = [
        {
            "path": field.label,
            "cause": field.cause,
            **present(before=field.before, after=field.after, live=field.live),
        }
        for field in change.fields
    ]
    return {"id": change.id, "type": change.type, "operation": change.operation, "fields": fields}


def save_plan(plan: Plan, path: Path) -> None:
    """Write a plan, with mode 0600 and in place of what is there. Raises StorageError; then nothing was changed."""
    text = json.dumps(plan.to_json(), indent=2, ensure_ascii=True, allow_nan=False)
    try:
        with replacing(path) as file:
            file.write(f"{text}\n".encode())
    except OSError as error:
        hint = "name a file in a directory that is there and can be written to"
        raise StorageError(f"the plan cannot be saved: {error.strerror}", where=str(path), hint=hint) from None


def read_plan(path: Path) -> Plan:
    """The plan in a file. Raises StorageError, DamagedError, NewerFormatError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        hint = "make one: kusion preview --save FILE"
        raise StorageError(f"the plan cannot be read: {error.strerror}", where=str(path), hint=hint) from None
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise damaged(str(path), f"it is not JSON ({error})") from None
    return Plan.from_json(document, str(path))


def planned(selection: Selection, plan: Plan) -> Selection:
    """``selection`` with what the plan says wherever the command line says nothing."""
    return replace(
        selection,
        workspace=selection.workspace or plan.ref.workspace,
        target_directory=selection.target_directory or plan.target.directory,
        values=selection.values or plan.options,
    )


def check_plan(host: Host, plan: Plan, shown: Preview) -> None:
    """Raise RefusedError, with everything that is no longer as planned, unless ``shown`` is what the plan shows."""
    deviations = plan.deviations(plan_of(host, shown))
    if deviations:
        raise RefusedError(
            "things are not as they were when this plan was saved",
            where=str(shown.proposal.ref),
            details=deviations,
            hint="nothing was changed; make a new plan: kusion preview --save FILE",
        )
