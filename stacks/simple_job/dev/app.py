from kusion_dsl import AppConfiguration
from kusion_job import Container, Job


class Helloworld(AppConfiguration):
    workload = Job(
        containers={"busybox": Container(image="busybox:1.28", command=["/bin/sh", "-c", "echo hello"])},
        schedule="0 * * * *",
    )
