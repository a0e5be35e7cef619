"""All addresses."""

from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

from crm.demo import shop

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("crm.health.urls")),
    path("", include("crm.ui.urls")),
    path("", include("crm.notices.urls")),
    path("", include("customers.urls")),
    path("", include("loyalty.urls")),
    path("member/", include("loyalty.views.member.urls")),
    path("", include("segmentation.urls")),
    path("", include("analytics.urls")),
    path("settings/audit/", include("crm.audit.urls")),
    path("shop/", shop.Shop.as_view(), name="shop"),
    path("shop/sign-up/", shop.ShopSignUp.as_view(), name="shop-sign-up"),
    path("shop/products/<str:sku>/", shop.ShopProduct.as_view(), name="shop-product"),
    path("settings/", include("crm.org.urls")),
    path("privacy/", include("crm.privacy.urls")),
    path("accounts/", include("allauth.urls")),
    path("api/v1/", include("crm.api")),
]
