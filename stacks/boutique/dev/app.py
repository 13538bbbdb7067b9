from ..base import (
    Adservice,
    Cartservice,
    Checkoutservice,
    Currencyservice,
    Emailservice,
    Frontend,
    Loadgenerator,
    Paymentservice,
    Productcatalogservice,
    Recommendationservice,
    RedisCart,
    Shippingservice,
)

__all__ = [
    "Adservice",
    "Cartservice",
    "Checkoutservice",
    "Currencyservice",
    "Emailservice",
    "Frontend",
    "Loadgenerator",
    "Paymentservice",
    "Productcatalogservice",
    "Recommendationservice",
    "RedisCart",
    "Shippingservice",
]
