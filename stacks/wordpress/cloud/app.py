from ..base import Wordpress


class Cloud(Wordpress):
    database = Wordpress.database.override(type="cloud")
