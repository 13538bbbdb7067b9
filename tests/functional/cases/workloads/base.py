"""The parts of a pod, for a service and for a job alike: one of everything that a developer can say about them."""

from kusion_dsl import Secret, secret_ref
from kusion_service import (
    Affinity,
    Claim,
    ConfigMapVolume,
    Container,
    ContainerPort,
    EmptyDir,
    EnvFrom,
    ExecHook,
    ExecProbe,
    ExistingClaim,
    FileSpec,
    HttpHook,
    HttpProbe,
    InitContainer,
    Lifecycle,
    Mount,
    Neighbours,
    NodePreference,
    NodeRequirement,
    SecretSpec,
    SecretVolume,
    SecurityContext,
    Sidecar,
    TcpProbe,
    Toleration,
)

SECRETS = {
    "tls": SecretSpec(
        type="certificate", data={"tls.crt": Secret("shop/tls", key="crt"), "tls.key": "ref://shop/tls/key"}
    ),
    "session": SecretSpec(type="token", immutable=True),
    "admin": SecretSpec(type="basic", data={"username": "admin"}),
}

VOLUMES: dict[str, EmptyDir | Claim | ExistingClaim | ConfigMapVolume | SecretVolume] = {
    "tmp": EmptyDir(size="64Mi", memory=True),
    "data": Claim(size="10Gi", storage_class="fast", access_modes=("ReadWriteOncePod",), retain=True),
    "media": ExistingClaim(name="media", read_only=True),
    "routes": ConfigMapVolume(data={"default": "db:5432\n"}, mode="0444"),
    "flags": ConfigMapVolume(name="flags"),
    "keys": SecretVolume(name="session", mode="0400"),
}

CONTAINERS = {
    "web": Container(
        image="ghcr.io/acme/shop:1.4.2",
        command=["/shop"],
        args=["--config", "/etc/shop/config.yaml"],
        env={"SESSION_KEY": secret_ref("session", key="token"), "STRIPE_KEY": Secret("stripe", key="api-key")},
        env_from=[
            EnvFrom(secret="admin", prefix="ADMIN_"),
            EnvFrom(config_map="flags", optional=True),
        ],
        ports={"http": 8080, "dns": ContainerPort(port=53, protocol="UDP")},
        working_dir="/srv",
        resources={"cpu": "250m-1", "memory": "256Mi"},
        requests={"memory": "128Mi"},
        files={
            "/etc/shop/config.yaml": FileSpec(content="currency: EUR\n", mode="0440", keep_directory=True),
            "/run/tls.crt": FileSpec(content_from=secret_ref("tls", key="tls.crt")),
        },
        dirs={"/run/admin": "admin"},
        mounts={"/tmp": "tmp", "/srv/uploads": Mount(volume="data", sub_path="uploads"), "/srv/media": "media"},
        security=SecurityContext(
            run_as_non_root=True,
            allow_privilege_escalation=False,
            drop_capabilities=["ALL"],
            read_only_root_filesystem=True,
        ),
        liveness_probe=HttpProbe(
            path="/livez",
            port="http",
            initial_delay_seconds=5,
            timeout_seconds=2,
            period_seconds=20,
            failure_threshold=5,
            termination_grace_period_seconds=10,
        ),
        readiness_probe=HttpProbe(
            path="/readyz",
            port=8443,
            scheme="HTTPS",
            host="shop.internal",
            headers={"X-Probe": "1"},
            success_threshold=2,
        ),
        startup_probe=TcpProbe(
            port=8080,
            host="10.0.0.1",
            initial_delay_seconds=1,
            timeout_seconds=2,
            period_seconds=3,
            failure_threshold=30,
            termination_grace_period_seconds=5,
        ),
        lifecycle=Lifecycle(
            post_start=HttpHook(path="/warm", port=8443, scheme="HTTPS", host="shop.internal", headers={"X-Hook": "1"}),
            pre_stop=ExecHook(command=["sleep", "5"]),
        ),
    ),
    "indexer": Container(
        image="ghcr.io/acme/indexer:2",
        liveness_probe=ExecProbe(
            command=["pgrep", "indexer"],
            initial_delay_seconds=1,
            timeout_seconds=2,
            period_seconds=3,
            failure_threshold=4,
            termination_grace_period_seconds=5,
        ),
        readiness_probe=ExecProbe(command=["indexer", "ready"], success_threshold=2),
    ),
    "cache": Container(image="redis:8", readiness_probe=TcpProbe(port=6379, success_threshold=2)),
}

INIT_CONTAINERS: dict[str, InitContainer | Sidecar] = {
    "migrate": InitContainer(
        image="ghcr.io/acme/shop:1.4.2",
        command=["/shop"],
        args=["migrate"],
        env={"LOG_LEVEL": "debug"},
        env_from=[EnvFrom(secret="admin")],
        ports={"debug": 9229},
        working_dir="/srv",
        resources={"cpu": "1"},
        requests={"memory": "64Mi"},
        files={"/etc/migrate/steps.txt": FileSpec(content="1\n2\n")},
        dirs={"/run/admin": "admin"},
        mounts={"/data": Mount(volume="data", read_only=True)},
        security=SecurityContext(add_capabilities=["CHOWN"]),
    ),
    "proxy": Sidecar(
        image="envoyproxy/envoy:v1.36",
        command=["envoy"],
        args=["-c", "/etc/envoy/envoy.yaml"],
        env={"LOG_LEVEL": "info"},
        env_from=[EnvFrom(config_map="flags")],
        ports={"proxy": 15001},
        working_dir="/etc",
        resources={"cpu": "500m"},
        requests={"memory": "32Mi"},
        files={"/etc/envoy/envoy.yaml": FileSpec(content="admin: {}\n")},
        dirs={"/run/admin": "admin"},
        mounts={"/etc/routes": "routes", "/etc/flags": "flags", "/run/keys": "keys"},
        security=SecurityContext(privileged=True),
        liveness_probe=TcpProbe(port="proxy"),
        readiness_probe=TcpProbe(port="proxy"),
        startup_probe=TcpProbe(port="proxy"),
        lifecycle=Lifecycle(pre_stop=HttpHook(path="/drain", port="proxy")),
    ),
}

SECURITY = SecurityContext(
    run_as_user=1000,
    run_as_group=1000,
    seccomp_profile="Localhost/profiles/shop.json",
    fs_group=2000,
    fs_group_change_policy="OnRootMismatch",
    supplemental_groups=[3000],
)

TOLERATIONS = [
    Toleration(key="spot", value="yes", effect="NoSchedule"),
    Toleration(key="node.kubernetes.io/unreachable", effect="NoExecute", seconds=60),
]

AFFINITY = Affinity(
    nodes=[NodeRequirement(key="topology.kubernetes.io/region", operator="In", values=["eu-central-1", "eu-west-1"])],
    preferred_nodes=[NodePreference(nodes=[NodeRequirement(key="disk", operator="Exists")], weight=20)],
    near=[
        Neighbours(labels={"app.kubernetes.io/name": "cache"}, topology_key="topology.kubernetes.io/zone", weight=50)
    ],
    apart=[Neighbours(required=True)],
)
