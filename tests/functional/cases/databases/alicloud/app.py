from ..base import Shop


class Production(Shop):
    orders = Shop.orders.override(type="cloud")
    sessions = Shop.sessions.override(type="cloud")
