from kusion_dsl import AppConfiguration
from kusion_mysql import MySQL
from kusion_network import Network, Port
from kusion_service import Container, Service


class Wordpress(AppConfiguration):
    """WordPress with a MySQL database; where that is, each stack says."""

    database = MySQL(version="8.0", initial_database="wordpress")
    workload = Service(
        containers={
            "wordpress": Container(
                image="wordpress:6.3",
                env={
                    "WORDPRESS_DB_HOST": database.host,
                    "WORDPRESS_DB_USER": database.username,
                    "WORDPRESS_DB_PASSWORD": database.password,
                    "WORDPRESS_DB_NAME": database.database,
                },
                resources={"cpu": "500m", "memory": "512Mi"},
            ),
        },
        replicas=1,
    )
    network = Network(ports=[Port(port=80)])
