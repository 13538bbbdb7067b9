"""What authors get wrong; type checkers must find each of these lines, and no other."""

from kusion_network import Network, Port
from kusion_postgres import Postgres
from kusion_service import Container, FileSpec, HttpProbe, Service

database = Postgres(version="16")

wrong_field = Postgres(versoin="16", version="16")  # error: call-arg
missing_field = Postgres()  # error: call-arg
wrong_choice = Postgres(version="16", type="remote")  # error: arg-type
wrong_output = database.hosts  # error: attr-defined
wrong_type = Service(containers={"web": Container(image="x")}, replicas="two")  # error: arg-type
wrong_component = Service(containers={"web": HttpProbe(port=80)})  # error: dict-item
wrong_item = Network(ports=[80])  # error: list-item
wrong_value = Container(image="x", env={"PORT": 8080})  # error: dict-item
wrong_source = FileSpec(content_from="secret://tls/key")  # error: arg-type
platforms_choice = Service(containers={"web": Container(image="x")}, type="CollaSet")  # error: call-arg
wrong_protocol = Port(protocol="SCTP")  # error: arg-type
database.version = "17"  # error: misc
