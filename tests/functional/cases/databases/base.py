"""An application with a database of each engine."""

from kusion_dsl import AppConfiguration
from kusion_mysql import MySQL
from kusion_postgres import Postgres
from kusion_service import Container, Service


class Shop(AppConfiguration):
    orders = Postgres(version="16", initial_database="orders")
    sessions = MySQL(version="8.0", initial_database="sessions")
    workload = Service(
        containers={
            "web": Container(
                image="shop:1",
                env={
                    "ORDERS_URL": orders.url,
                    "SESSIONS_HOST": f"{sessions.host}:{sessions.port}",
                    "SESSIONS_USER": sessions.username,
                    "SESSIONS_PASSWORD": sessions.password,
                    "SESSIONS_DATABASE": sessions.database,
                },
            ),
        },
    )
