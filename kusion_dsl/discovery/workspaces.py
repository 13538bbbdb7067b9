"""Reading a workspace's text: validated, every part's place kept."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kusion_dsl.documents import Document, DocumentError, load_yaml, read_model
from kusion_dsl.errors import Position, Problem, SpecError, WorkspaceError
from kusion_dsl.model.external_secrets import store_problems
from kusion_dsl.model.reference import SECRET_SCHEME
from kusion_dsl.model.spec import digest_of
from kusion_dsl.model.target import target_of
from kusion_dsl.model.workspace import Workspace, WorkspaceConfig

_CREDENTIAL = re.compile(r"(?i)(secret|password|passphrase|token|credential|private|access_?key|kubeconfig_content)")


def read_workspace(name: str, text: str, file: str) -> Workspace:
    """The workspace that ``text`` describes. Raises WorkspaceError with file, line and column of all that is wrong."""
    try:
        document = load_yaml(text, file)
        if document.value is None:  # as the built-in one is: nothing to validate, and so no validator to build
            return Workspace(name, WorkspaceConfig.model_construct(), document.positions, digest_of({}))
        config = read_model(WorkspaceConfig, document, "the workspace")
        target_of(config.context, name, "")
    except DocumentError as error:
        raise WorkspaceError.of(error.problems) from None
    except WorkspaceError as error:
        raise error.at(document.position(("context", "target"))) from None
    problems = [*_plain_credentials(document, config), *_wrong_store(document, config)]
    if problems:
        raise WorkspaceError.of(problems)
    try:
        digest = digest_of(document.value)
    except SpecError as error:  # a number that JSON does not have
        raise WorkspaceError.of(error.problems).at(document.position(())) from None
    return Workspace(name, config, document.positions, digest)


def _wrong_store(document: Document, config: WorkspaceConfig) -> Iterator[Problem]:
    for path, what, hint in store_problems(config.context):
        yield Problem(what, document.position(("context", "target", *path)), hint)


def _plain_credentials(document: Document, config: WorkspaceConfig) -> Iterator[Problem]:
    """Credentials in the context, which is stored with every release, that are not references to the secret store."""
    for key, value in config.context.items():
        if _CREDENTIAL.search(key) and not (isinstance(value, str) and value.startswith(SECRET_SCHEME)):
            where: Position = document.position(("context", key))
            yield Problem(
                f"context.{key} looks like a credential in plain text",
                where,
                f"keep it in the secret store and write {SECRET_SCHEME}NAME/KEY",
            )
