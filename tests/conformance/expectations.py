"""What is right instead of what the ancestor has: the expectations of the rules in :mod:`rules`.

Each takes a difference and what we made of the case, and tells whether ours is what is right instead.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

from kusion_dsl.model.pod import at, template_path
from tests.conformance.comparison import ABSENT, Difference
from tests.conformance.deviations import Ours

_PASSWORD = re.compile(r"\$\{(kusion:index:RandomPassword:[^#]+)#result\}")
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")


def nothing(difference: Difference, ours: Ours) -> bool:
    return difference.ours is ABSENT


def a_random_password(difference: Difference, ours: Ours) -> bool:
    """A reference to the result of a random password that is made."""
    match = _PASSWORD.fullmatch(str(difference.ours))
    return match is not None and match[1] in ours.spec


def digest_replaced(difference: Difference, ours: Ours) -> bool:
    return re.fullmatch("[0-9a-f]{16}", str(difference.theirs)) is not None and a_random_password(difference, ours)


def used_by_a_secret(difference: Difference, ours: Ours) -> bool:
    """A resource that only we have, and of which a Kubernetes Secret takes something."""
    users = ours.users_of(difference.resource)
    return difference.theirs is ABSENT and any(user.is_kubernetes_secret for user in users)


def of_the_workload(difference: Difference, ours: Ours) -> bool:
    """A label or annotation that a workload has on itself and on its pods, and the ancestor at most on itself."""
    path = ("metadata", *difference.path[-2:])
    return difference.theirs is ABSENT and any(
        at(each.attributes, path) == at(each.attributes, (*(template_path(each.type) or ()), *path)) == difference.ours
        for each in ours.spec.resources
        if each.workload
    )


def on_the_workload(difference: Difference, ours: Ours) -> bool:
    return difference.theirs is ABSENT and ours.spec[difference.resource].workload


def as_text(difference: Difference, ours: Ours) -> bool:
    return bool(str(difference.theirs) == difference.ours)


def of_the_application(difference: Difference, ours: Ours) -> bool:
    """What an application of ``app.yaml`` says under the same key."""
    field, key = difference.path[-2:]
    said = [(app.get(field) or {}).get(key) for app in ours.apps.values()]
    return difference.theirs is ABSENT and difference.ours in said


def rule_of_a_collaset(difference: Difference, ours: Ours) -> bool:
    """A rule for the pods of a CollaSet that is made."""
    labels = at(difference.ours, ("spec", "selector", "matchLabels")) if difference.theirs is ABSENT else None
    sets = (each for each in ours.spec.resources if each.type.endswith(":CollaSet"))
    return any(at(each.attributes, ("spec", "selector", "matchLabels")) == labels for each in sets)


def file_alone(difference: Difference, ours: Ours) -> bool:
    """The file's own path instead of its directory's, and its name as the part of the volume that is mounted."""
    mount: Mapping[str, Any] = at(ours.spec[difference.resource].attributes, difference.path[:-1])
    directory, _, name = str(mount.get("mountPath")).rpartition("/")
    before = directory or "/"
    return bool(mount.get("subPath") == name) and difference.theirs in (ABSENT, before)


def octal(difference: Difference, ours: Ours) -> bool:
    return str(difference.theirs).isdecimal() and difference.ours == int(str(difference.theirs), 8)


def port_of_the_scheme(difference: Difference, ours: Ours) -> bool:
    action: Mapping[str, Any] = at(ours.spec[difference.resource].attributes, difference.path[:-1])
    port = {"HTTP": 80, "HTTPS": 443}[action["scheme"]]
    return (difference.theirs, difference.ours) == ("", port)


def the_namespace(difference: Difference, ours: Ours) -> bool:
    """The Namespace that is made."""
    return f"v1:Namespace:{difference.ours}" in ours.spec


def private(difference: Difference, ours: Ours) -> bool:
    """The blocks of private networks, where the ancestor has the world."""
    return difference.theirs in ("0.0.0.0/0", ABSENT) and difference.ours == _PRIVATE[int(difference.path[-1])]


def not_public(difference: Difference, ours: Ours) -> bool:
    return difference.theirs is True and difference.ours is False


def instance_is_private(difference: Difference, ours: Ours) -> bool:
    """No public address, where only private networks may connect."""
    name = difference.resource.rpartition(":")[2]
    instance = ours.spec.get(f"alicloud:rds/instance:Instance:{name}")
    return difference.ours is ABSENT and instance is not None and tuple(instance.attributes["securityIps"]) == _PRIVATE


def policy_document(difference: Difference, ours: Ours) -> bool:
    """A policy document with as many statements, of the same effects and actions."""
    theirs, found = (json.loads(str(each)) for each in (difference.theirs, difference.ours))
    wanted = [(each["effect"], each["action"]) for each in theirs]
    return found["Version"] == "2012-10-17" and wanted == [
        (each["Effect"], each["Action"]) for each in found["Statement"]
    ]


def unset(difference: Difference, ours: Ours) -> bool:
    """Nothing, where the ancestor writes the zero value of what the platform did not set."""
    return difference.theirs in ("", 0, False) and difference.ours is ABSENT


def prefixed(difference: Difference, ours: Ours) -> bool:
    """The ancestor's value behind what the name of the resource begins with."""
    name = difference.resource.rpartition(":")[2]
    prefix = str(difference.ours).removesuffix(f"-{difference.theirs}")
    return prefix != difference.ours and name.startswith(f"{prefix}-")


def imported(difference: Difference, ours: Ours) -> bool:
    return difference.theirs is ABSENT and bool(ours.spec[difference.resource].options.get("import"))


def several_of_a_module(difference: Difference, ours: Ours) -> bool:
    """What is made for one of several accessories of the same type in an application."""
    accessories = [list((app.get("accessories") or {}).values()) for app in ours.apps.values()]
    kinds = [[str(each.get("_type")) for each in each_app] for each_app in accessories]
    return any(kind.endswith("OpenSearch") and each.count(kind) > 1 for each in kinds for kind in each)


def lifted(difference: Difference, ours: Ours) -> bool:
    """A variable whose value is a random password is read from the Secret for variables, which is made and has it."""
    secret, value = _read_by_variable(difference, ours)
    return (
        secret == f"{difference.resource.rpartition(':')[2]}-env"
        and _PASSWORD.fullmatch(value) is not None
        and difference.theirs in (value, ABSENT)
    )


def _read_by_variable(difference: Difference, ours: Ours) -> tuple[str, str]:
    """The name of the Secret that is made and from which our variable is read, and what stands there."""
    attributes = ours.spec[difference.resource].attributes
    end = difference.path.index("env") + 1
    variables: list[Mapping[str, Any]] = at(attributes, difference.path[:end])
    entry = next((each for each in variables if each["name"] == difference.path[end]), {})
    source = at(entry, ("valueFrom", "secretKeyRef")) or {}
    secret = ours.spec.get(f"v1:Secret:{at(attributes, ('metadata', 'namespace'))}:{source.get('name')}")
    return str(source.get("name")), str(at(secret.attributes, ("stringData", source["key"])) if secret else None)


def of_a_generated_secret(difference: Difference, ours: Ours) -> bool:
    """A variable that only we have, and that is read from a Secret with a random password in it."""
    return difference.theirs is ABSENT and _PASSWORD.fullmatch(_read_by_variable(difference, ours)[1]) is not None


def same_modelfile(difference: Difference, ours: Ours) -> bool:
    """The ancestor's script with one quote less behind the template, and the whole Modelfile as a single word."""
    begin, end = "echo '", "' > Modelfile"
    text, _, rest = str(difference.theirs).removeprefix(begin).rpartition(end)
    words = shlex.split(str(difference.ours).replace("$$", "$"))
    wanted = [begin[:4], text.replace('""""\n', '"""\n'), *shlex.split(f"{end[1:]}{rest}")]
    return bool(rest) and words == wanted


def holds_what_is_lifted(difference: Difference, ours: Ours) -> bool:
    """A Secret that only we have, with random passwords in it, beside the workload that reads them."""
    name = difference.resource.rpartition(":")[2]
    workloads = {each.id.rpartition(":")[2] for each in ours.spec.resources if each.workload}
    values = (at(difference.ours, ("stringData",)) or {}).values() if difference.theirs is ABSENT else ()
    return name.removesuffix("-env") in workloads and all(_PASSWORD.fullmatch(str(each)) for each in values)
