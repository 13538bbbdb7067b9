"""Kubernetes objects from manifest files."""

from collections.abc import Mapping
from typing import Any

import pytest

from kusion_dsl import AppConfiguration
from kusion_dsl.compiler.inputs import Compiled
from kusion_dsl.errors import AppError, CompileError, WorkspaceError
from kusion_dsl.testing import compile_app
from kusion_k8s_manifest import K8sManifest
from kusion_k8s_manifest.module import k8s_manifest
from kusion_service import Container, Service

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n"


def compiled(files: Mapping[str, str], *paths: str, workspace: str = "", workload: Any = None) -> Compiled:
    accessories = {"manifests": K8sManifest(paths=list(paths))}
    app = AppConfiguration(name="shop", workload=workload, accessories=accessories)
    return compile_app(app, workspace=workspace, modules=[k8s_manifest], files=files, checked=False)


def objects(files: Mapping[str, str], *paths: str, workspace: str = "") -> dict[str, Any]:
    """The attributes of what the files make, by id."""
    spec = compiled(files, *paths, workspace=workspace).spec
    return {each.id: each.to_json()["attributes"] for each in spec.resources if each.id != "v1:Namespace:test"}


def refusal(files: Mapping[str, str], *paths: str) -> str:
    with pytest.raises(CompileError) as caught:
        compiled(files, *(paths or files))
    return str(caught.value)


def test_objects_are_as_they_are_written() -> None:
    text = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: nginx
  namespace: elsewhere
  labels: {app: nginx}
spec:
  replicas: 3
  template:
    spec:
      containers:
      - {name: nginx, image: 'nginx:1.14.2', tty: yes, args: ["${HOME} $(ls)"]}
      volumes:
      - {name: c, configMap: {name: c, defaultMode: 0644}}
"""
    assert objects({"nginx.yaml": text}, "./nginx.yaml") == {
        "apps/v1:Deployment:elsewhere:nginx": {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "nginx", "namespace": "elsewhere", "labels": {"app": "nginx"}},
            "spec": {
                "replicas": 3,
                "template": {
                    "spec": {
                        "containers": [
                            {"name": "nginx", "image": "nginx:1.14.2", "tty": True, "args": ["$${HOME} $(ls)"]}
                        ],
                        "volumes": [{"name": "c", "configMap": {"name": "c", "defaultMode": 0o644}}],
                    }
                },
            },
        }
    }


def test_yaml_means_what_it_means_to_kubernetes() -> None:
    text = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
base: &base {a: 1, b: 2}
other: &other {b: 3, c: 4}
one: {<<: *base, b: 5}
many: {<<: [*base, *other]}
flags: [on, off, y, no, "no"]
modes: [0644, -07, 0o17, 08]
"""
    found = objects({"a.yaml": text}, "a.yaml")["v1:ConfigMap:a"]
    assert found["one"] == {"a": 1, "b": 5}
    assert found["many"] == {"a": 1, "b": 2, "c": 4}
    assert found["flags"] == [True, False, True, False, "no"]
    assert found["modes"] == [420, -7, 15, 8]


def test_a_namespace_is_neither_given_nor_changed() -> None:
    assert set(objects({"a.yaml": CONFIG_MAP.format(name="a")}, "a.yaml")) == {"v1:ConfigMap:a"}


def test_many_documents_and_lists() -> None:
    text = f"""\
# nothing here
---
{CONFIG_MAP.format(name="a")}
---
---
apiVersion: v1
kind: List
items:
- {{apiVersion: v1, kind: ConfigMap, metadata: {{name: b}}}}
- apiVersion: v1
  kind: ConfigMapList
  items:
  - {{apiVersion: v1, kind: ConfigMap, metadata: {{name: c}}}}
"""
    assert set(objects({"all.yaml": text}, "all.yaml")) == {f"v1:ConfigMap:{name}" for name in "abc"}


def test_json() -> None:
    text = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"t": "\\ud83d\\ude00"}}'
    other = text.replace('"a"', '"b"')
    found = objects({"a.JSON": f"{text}\n\t{other}"}, "a.JSON")
    assert found["v1:ConfigMap:a"]["data"] == {"t": "\N{GRINNING FACE}"}
    assert set(found) == {"v1:ConfigMap:a", "v1:ConfigMap:b"}


def test_directories_are_taken_at_any_depth() -> None:
    files = {
        "manifests/a.yaml": CONFIG_MAP.format(name="a"),
        "manifests/more/b.YML": CONFIG_MAP.format(name="b"),
        "manifests/notes.txt": "no manifest",
        "other/c.yaml": CONFIG_MAP.format(name="c"),
        "plain": CONFIG_MAP.format(name="d"),
    }
    assert set(objects(files, "manifests")) == {"v1:ConfigMap:a", "v1:ConfigMap:b"}
    assert set(objects(files, "manifests/more", "plain")) == {"v1:ConfigMap:b", "v1:ConfigMap:d"}
    assert set(objects(files, ".", "manifests/a.yaml")) == {f"v1:ConfigMap:{name}" for name in "abc"}


def test_the_platform_adds_files() -> None:
    files = {f"{name}.yaml": CONFIG_MAP.format(name=name) for name in "abc"}
    workspace = "modules: {k8s_manifest: {configs: {default: {paths: [b.yaml, a.yaml]}}}}"
    assert set(objects(files, "a.yaml", workspace=workspace)) == {"v1:ConfigMap:a", "v1:ConfigMap:b"}


def test_the_platforms_paths_are_checked() -> None:
    with pytest.raises(WorkspaceError, match="paths"):
        objects({}, "a", workspace="modules: {k8s_manifest: {configs: {default: {paths: ['']}}}}")


def test_the_namespace_of_the_stack_may_be_among_them() -> None:
    namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: test, labels: {team: a}}}"
    spec = compiled({"n.yaml": namespace}, "n.yaml").spec
    assert [each.attributes["metadata"] for each in spec.resources] == [{"name": "test", "labels": {"team": "a"}}]


def test_they_stand_beside_a_workload() -> None:
    files = {"a.yaml": CONFIG_MAP.format(name="a")}
    workload = Service(containers={"web": Container(image="x")})
    app = AppConfiguration(name="shop", workload=workload, accessories={"manifests": K8sManifest(paths=["a.yaml"])})
    assert [each.id for each in compile_app(app, files=files, checked=False).spec.resources] == [
        "v1:ConfigMap:a",
        "v1:Namespace:test",
        "apps/v1:Deployment:test:test-dev-shop",
    ]


def test_it_is_known_where_every_value_stands() -> None:
    text = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\ndata:\n  colour: red\n"
    [origin, *_] = compiled({"a.yaml": text}, "a.yaml").provenance.of("v1:ConfigMap:a", ("data", "colour"))
    assert str(origin) == "a.yaml:5:3 (manifest)"


def test_secrets_in_plain_text_are_warned_of() -> None:
    text = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  password: hunter2\n"
    [warning] = compiled({"a.yaml": text}, "a.yaml").warnings
    assert str(warning).startswith("a.yaml:5:3: stringData.password of v1:Secret:a is a secret in plain text")


def test_what_defines_a_kind_comes_before_it() -> None:
    files = {
        "crd.yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: as.x.y}\n"
        "spec: {group: x.y, names: {kind: A}}",
        "a.yaml": "{apiVersion: x.y/v1, kind: A, metadata: {name: a}}",
        "b.yaml": "{apiVersion: z.y/v1, kind: A, metadata: {name: b}}",
    }
    spec = compiled(files, ".").spec
    assert spec["x.y/v1:A:a"].depends_on == ("apiextensions.k8s.io/v1:CustomResourceDefinition:as.x.y",)
    assert spec["z.y/v1:A:b"].depends_on == ()


def test_what_is_used_by_name_comes_first() -> None:
    text = """\
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: "system:b", namespace: ns},
 roleRef: {name: "system:r"}, subjects: [{kind: ServiceAccount, name: s}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: "system:r", namespace: ns}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: s, namespace: ns}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: ns}}
---
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: ns}
spec:
  serviceAccountName: s
  containers: [{name: c, image: i, envFrom: [{configMapRef: {name: m}}, {secretRef: {name: missing}}]}]
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: m, namespace: ns}}
"""
    spec = compiled({"a.yaml": text}, "a.yaml").spec
    namespace, account = "v1:Namespace:ns", "v1:ServiceAccount:ns:s"
    assert spec["rbac.authorization.k8s.io/v1:RoleBinding:ns:system:b"].depends_on == (
        "rbac.authorization.k8s.io/v1:Role:ns:system:r",
        namespace,
        account,
    )
    assert spec["v1:Pod:ns:p"].depends_on == ("v1:ConfigMap:ns:m", namespace, account)


@pytest.mark.parametrize(
    "spec",
    [
        "[]",
        "{template: x}",
        "{template: {spec: {containers: x, volumes: {a: b}, imagePullSecrets: x}}}",
        "{template: {spec: {containers: [x, null, {env: x}, {env: [x, {value: 1}, {valueFrom: x}]}]}}}",
        "{template: {spec: {containers: [{env: [{name: a, valueFrom: {secretKeyRef: x}}]}], volumes: [x, {secret: x}]}}}",
    ],
)
def test_what_has_not_the_shape_of_its_kind_is_left_to_kubernetes(spec: str) -> None:
    text = f"{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: a, namespace: test}}, spec: {spec}}}"
    assert compiled({"a.yaml": text}, "a.yaml").spec["apps/v1:Deployment:test:a"].depends_on == ("v1:Namespace:test",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a", "a.yaml:1:1: this is no Kubernetes object"),
        ("---\nhello", "a.yaml:2:1: this is no Kubernetes object"),
        ("kind: A\nmetadata: {name: a}", "a.yaml:1:1: this object has no apiVersion"),
        ("apiVersion: v1\nmetadata: {name: a}", "a.yaml:1:1: this object has no kind"),
        ("apiVersion: 1.0\nkind: A\nmetadata: {name: a}", "a.yaml:1:1: '1.0' is no apiVersion"),
        ("apiVersion: a/b/c\nkind: A\nmetadata: {name: a}", "a.yaml:1:1: 'a/b/c' is no apiVersion"),
        ("apiVersion: v1\nkind: A:B\nmetadata: {name: a}", "a.yaml:2:1: 'A:B' is no kind"),
        ("apiVersion: v1\nkind: A", "a.yaml:1:1: this object has no metadata.name"),
        ("apiVersion: v1\nkind: A\nmetadata: {generateName: a-}", "this object has no metadata.name"),
        ("apiVersion: v1\nkind: A\nmetadata: {name: 1}", "a.yaml:3:12: metadata.name is not text"),
        ("apiVersion: v1\nkind: A\nmetadata: {name: a, namespace: 1}", "a.yaml:3:21: metadata.namespace is not text"),
        ("apiVersion: v1\nkind: A\nmetadata: {name: a, labels: x}", "a.yaml:3:21: metadata.labels is not a mapping"),
        ("apiVersion: v1\nkind: A\nmetadata: {name: a, annotations: []}", "metadata.annotations is not a mapping"),
        ("apiVersion: v1\nkind: List\nitems:\n- kind: A", "a.yaml:4:3: this object has no apiVersion"),
        ("apiVersion: v1\nkind: A\nmetadata: {name: B}", "'B' is no name for a A"),
        ("a: [", "a.yaml:2:1: this is not YAML"),
        ("a: !b c", "a.yaml:1:4: the tag '!b' has no meaning"),
        ("a: {<<: b}", "a.yaml:1:5: '<<' merges mappings"),
    ],
)
def test_what_is_no_object_is_refused_at_its_place(text: str, message: str) -> None:
    assert message in refusal({"a.yaml": text})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1,}', "a.json:1:9: this is not JSON: "),
        ('\n {"a": 1, "a": 2}', "the key 'a' occurs twice"),
        ('{"a": ' + "1" * 5000 + "}", "a.json:1:1: a number in this object is too long"),
        ("[" * 20000, "a.json: this is nested too deeply"),
        ("\n\n []", "a.json:3:2: this is no Kubernetes object"),
    ],
)
def test_what_is_no_json_is_refused_at_its_place(text: str, message: str) -> None:
    assert message in refusal({"a.json": text})


def test_everything_that_is_wrong_is_told_at_once() -> None:
    told = refusal({"a.yaml": "kind: A\n---\n- 1", "b.yaml": "apiVersion: v1"}, "a.yaml", "b.yaml")
    assert [line.partition(": ")[0] for line in told.splitlines() if not line.startswith(" ")] == [
        "a.yaml:1:1",
        "a.yaml:1:1",
        "a.yaml:3:1",
        "b.yaml:1:1",
        "b.yaml:1:1",
    ]


def test_an_object_that_is_written_twice_is_refused_with_both_places() -> None:
    text = CONFIG_MAP.format(name="a")
    told = refusal({"a.yaml": text, "b.yaml": f"---\n{text}"}, ".")
    assert "b.yaml:2:1: v1:ConfigMap:a is written twice\n  also at a.yaml:1:1" in told


def test_paths_are_needed_and_lead_to_something() -> None:
    with pytest.raises(AppError, match="paths"):
        K8sManifest(paths=[])
    with pytest.raises(AppError, match="paths"):
        K8sManifest(paths=[""])
    assert "there is no file and no directory 'b.yaml'" in refusal({"a.yaml": ""}, "b.yaml")


def test_an_empty_file_makes_nothing() -> None:
    assert compiled({"a.yaml": "# nothing\n---\n"}, "a.yaml").spec.resources == ()


def test_what_kubernetes_would_refuse_is_told_with_its_place_in_the_file() -> None:
    app = AppConfiguration(name="shop", accessories={"manifests": K8sManifest(paths=["a.yaml"])})
    files = {"a.yaml": CONFIG_MAP.format(name="a") + "immutable: sometimes\n"}
    with pytest.raises(CompileError, match=r"a.yaml:5:\d+: immutable of v1:ConfigMap:a is text"):
        compile_app(app, files=files)
