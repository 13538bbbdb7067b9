from ..base import (
    Adservice,
    Cartservice,
    Checkoutservice,
    Currencyservice,
    Emailservice,
    Frontend,
    Paymentservice,
    Productcatalogservice,
    Recommendationservice,
    RedisCart,
    Shippingservice,
)

__all__ = [
    "Adservice",
    "Cartservice",
    "Currencyservice",
    "Emailservice",
    "Paymentservice",
    "Productcatalogservice",
    "Recommendationservice",
    "RedisCart",
    "Shippingservice",
]


class BusyCheckout(Checkoutservice):
    workload = Checkoutservice.workload.override(replicas=2)


class BusyFrontend(Frontend):
    workload = Frontend.workload.override(replicas=2)
