"""YAML and JSON as people write and read them: the only importer of yaml.

Reading follows the YAML 1.2 core schema (https://yaml.org/spec/1.2.2/#103-core-schema), so ``no`` is text and ``010``
is ten; keys are text. Keys that occur twice, tags and more than a few aliases are errors; every value's place is kept.
Writing quotes whatever a YAML 1.1 or a 1.2 reader would not take for a string, so both read the same.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from kusion_dsl.errors import KusionError, Position, Problem
from kusion_dsl.model.component import findings_of, read_fields
from kusion_dsl.model.provenance import Deferred, Origin, mark_all
from kusion_dsl.model.reference import Path as FieldPath
from kusion_dsl.model.reference import format_path

_Model = TypeVar("_Model", bound=BaseModel)

_MAX_ALIASES = 100
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVER: Any = yaml.resolver.Resolver()
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

_NULL = re.compile(r"|~|null|Null|NULL")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_BOOL_1_1 = re.compile(r"y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF")
_OCTAL_1_1 = re.compile(r"[-+]?0[0-7]+")
_SOMETHING = re.compile(r"\S")
# what only a YAML 1.1 reader takes for something other than a string (https://yaml.org/type/)
_ONLY_1_1 = re.compile(
    r"y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF|=|<<"
    r"|[-+]?0b[01_]+|[-+]?0x[0-9a-fA-F_]+|[-+]?[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?"
    r"|[-+]?\.[0-9_]+([eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?"
)


class DocumentError(KusionError):
    """A document cannot be read, or is not what it should be; callers give it the type it has for them."""


class Document(NamedTuple):
    """A value, and where in its file each part of it begins (a mapping's item at its key)."""

    value: Any
    file: str
    positions: Mapping[FieldPath, Position] = {}

    def position(self, path: FieldPath = ()) -> Position:
        """Where ``path`` stands, else its nearest ancestor."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.positions:
                return self.positions[path[:length]]
        return Position(self.file)


def read_text(path: Path, file: str) -> str:
    """The text of a file that people write, which messages call ``file``. Raises DocumentError if it is none."""
    try:
        return path.read_bytes().decode()
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        hint = "correct the path, or let the current user read it"
        raise DocumentError(f"this cannot be read: {reason[:1].lower()}{reason[1:]}", where=file, hint=hint) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        where = Position(file, line, error.start - error.object.rfind(b"\n", 0, error.start))
        raise DocumentError("this is not UTF-8 text", where=where, hint="save the file as UTF-8") from None


def load_yaml(text: str, file: str) -> Document:
    """Read one document; an empty one has the value None. Raises DocumentError with file, line and column."""
    documents = load_all_yaml(text, file)
    if len(documents) > 1:
        raise DocumentError("there is more than one document", where=documents[1].position(), hint="keep the first one")
    return documents[0] if documents else Document(None, file)


def load_all_yaml(text: str, file: str) -> tuple[Document, ...]:
    """Read all documents of a stream. Raises DocumentError with file, line and column."""
    return _load_all(text, lambda: _Reader(file))


def load_manifests(text: str, file: str) -> tuple[Document, ...]:
    """Read all documents of a file with Kubernetes objects, as Kubernetes' tools do; ``.json`` in its name means JSON.

    In YAML ``yes`` is true, ``0644`` is octal, and ``<<`` merges, as in YAML 1.1. Every text and number in the values
    knows its place in the file. Raises DocumentError with file, line and column.
    """
    read = _load_json(text, file) if file.lower().endswith(".json") else _load_all(text, lambda: _ManifestReader(file))
    try:
        return tuple(each._replace(value=mark_all(each.value, partial(_origin, each))) for each in read)
    except RecursionError:
        raise DocumentError("this is nested too deeply", where=Position(file)) from None


def _origin(document: Document, path: FieldPath) -> Deferred:
    return lambda: Origin("author", "manifest", document.position(path))


def _load_json(text: str, file: str) -> Iterator[Document]:
    decoder = json.JSONDecoder(object_pairs_hook=partial(_unique, file))
    end = 0
    while match := _SOMETHING.search(text, end):
        line = text.count("\n", 0, match.start()) + 1
        where = Position(file, line, match.start() - text.rfind("\n", 0, match.start()))
        try:
            value, end = decoder.raw_decode(text, match.start())
        except json.JSONDecodeError as error:
            place = Position(file, error.lineno, error.colno)
            raise DocumentError(f"this is not JSON: {error.msg}", where=place, hint="correct it there") from None
        except ValueError:  # https://docs.python.org/3/library/stdtypes.html#int-max-str-digits
            raise DocumentError("a number in this object is too long", where=where) from None
        yield Document(value, file, {(): where})


def _unique(file: str, items: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    counts = Counter(key for key, _ in items)
    for key in (key for key, count in counts.items() if count > 1):
        raise DocumentError(f"the key '{key}' occurs twice in an object", where=file, hint="remove one of them")
    return dict(items)


def _load_all(text: str, reader: Callable[[], _Reader]) -> tuple[Document, ...]:
    file = reader().file
    try:
        loader = _LOADER(text)
        try:
            return tuple(_document(node, reader()) for node in _nodes(loader))
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = _position(file, mark) if mark else Position(file)
        raise DocumentError(f"this is not YAML: {error.problem or error.context}", where=where) from None
    except yaml.YAMLError as error:
        raise DocumentError(f"this is not YAML: {str(error).splitlines()[0]}", where=Position(file)) from None
    except RecursionError:
        raise DocumentError("this is nested too deeply", where=Position(file)) from None


def _nodes(loader: Any) -> Iterator[yaml.Node]:
    while loader.check_node():
        yield loader.get_node()


def _document(node: yaml.Node, reader: _Reader) -> Document:
    return Document(reader.read(node, ()), reader.file, reader.positions)


def _position(file: str, mark: Any) -> Position:
    return Position(file, mark.line + 1, mark.column + 1)


class _Reader:
    """Builds the value of one document from its nodes."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.positions: dict[FieldPath, Position] = {}
        self._seen: dict[int, int] = {}
        self._open: set[int] = set()

    def read(self, node: yaml.Node, path: FieldPath) -> Any:
        self.positions.setdefault(path, _position(self.file, node.start_mark))
        self._check_tag(node)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        self._guard(node)
        self._open.add(id(node))
        value = self._mapping(node, path) if isinstance(node, yaml.MappingNode) else self._sequence(node, path)
        self._open.discard(id(node))
        return value

    def _check_tag(self, node: yaml.Node) -> None:
        value = node.value if isinstance(node, yaml.ScalarNode) else None
        plain = isinstance(node, yaml.ScalarNode) and not node.style
        if node.tag != _RESOLVER.resolve(type(node), value, (plain, not plain)):
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            where = _position(self.file, node.start_mark)
            raise DocumentError(f"the tag '{tag}' has no meaning here", where=where, hint="remove it")

    def _guard(self, node: yaml.Node) -> None:
        """An alias may not contain itself, nor be used to make a small file into a large value."""
        count = self._seen[id(node)] = self._seen.get(id(node), 0) + 1
        if id(node) in self._open or count > _MAX_ALIASES:
            raise DocumentError("aliases are nested too deeply here", where=_position(self.file, node.start_mark))

    def _mapping(self, node: yaml.MappingNode, path: FieldPath) -> dict[str, Any]:
        value: dict[str, Any] = {}
        for key_node, value_node in node.value:
            where = _position(self.file, key_node.start_mark)
            key = key_node.value
            if not isinstance(key_node, yaml.ScalarNode):
                raise DocumentError("a key must be text", where=where)
            self._check_tag(key_node)
            if key in value:
                raise DocumentError(f"the key '{key}' occurs twice", where=where, hint="remove one of them")
            self.positions[(*path, key)] = where
            value[key] = self.read(value_node, (*path, key))
        return value

    def _sequence(self, node: yaml.Node, path: FieldPath) -> list[Any]:
        return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        if node.style:
            return str(node.value)
        try:
            return self._plain(node.value)
        except ValueError:  # https://docs.python.org/3/library/stdtypes.html#int-max-str-digits
            raise DocumentError("this number is too long", where=_position(self.file, node.start_mark)) from None

    def _plain(self, text: str) -> Any:
        """What a plain scalar means."""
        return _plain(text)


class _ManifestReader(_Reader):
    """Builds what Kubernetes' tools take a document for.

    Source: ``resolve`` in https://github.com/kubernetes-sigs/yaml/blob/master/goyaml.v2/resolve.go.
    """

    def _mapping(self, node: yaml.MappingNode, path: FieldPath) -> dict[str, Any]:
        value = super()._mapping(node, path)
        if "<<" not in value:
            return value
        merged = value.pop("<<")
        inherited = merged if isinstance(merged, list) else [merged]
        if not all(isinstance(each, dict) for each in inherited):
            where = self.positions[(*path, "<<")]
            raise DocumentError("'<<' merges mappings, and this is none", where=where, hint="give it an alias of one")
        return {key: item for each in (*reversed(inherited), value) for key, item in each.items()}

    def _plain(self, text: str) -> Any:
        if _BOOL_1_1.fullmatch(text):
            return text.lower() in ("y", "yes", "on")
        return int(text, 8) if _OCTAL_1_1.fullmatch(text) else _plain(text)


def _plain(text: str) -> Any:
    """What a plain scalar means in the core schema."""
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if _INT.fullmatch(text):
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if _FLOAT.fullmatch(text):
        return float(re.sub(r"\.(?=[a-z])", "", text.lower()))
    return text


class _Dumper(_DUMPER):  # type: ignore[misc, valid-type]
    """Writes strings so that every reader takes them for strings, and lists indented as Kubernetes' tools do."""

    def ignore_aliases(self, data: Any) -> bool:
        """Never write an anchor: the same value twice is written twice."""
        return True


def _represent_text(dumper: Any, text: str) -> yaml.ScalarNode:
    style = None
    if "\n" in text:
        style = "|"
    elif _needs_quotes(text):
        style = '"'
    node: yaml.ScalarNode = dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)
    return node


@lru_cache(maxsize=32_768)
def _needs_quotes(text: str) -> bool:
    return any(pattern.fullmatch(text) for pattern in (_NULL, _BOOL, _INT, _FLOAT, _ONLY_1_1))


_Dumper.add_representer(str, _represent_text)


def dump_yaml(value: Any) -> str:
    """A JSON-like value as YAML, keys in the order they have."""
    return str(
        yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=120)
    )


def read_model(model: type[_Model], document: Document, what: str) -> _Model:
    """``document`` as a ``model``. Raises DocumentError: one problem for each finding, at its place in the file."""
    try:
        value = document.value if document.value is not None else {}
        return read_fields(model, value)
    except ValidationError as error:
        findings = sorted(findings_of(model, error), key=lambda finding: document.position(finding.path))
        raise DocumentError.of(
            [
                Problem(f"{format_path(each.path) or what}: {each.message}", document.position(each.path))
                for each in findings
            ]
        ) from None
