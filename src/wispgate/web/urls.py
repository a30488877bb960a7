"""The addresses of this installation."""

from django.urls import URLPattern, URLResolver, include, path

from wispgate.web.site.health import healthz
from wispgate.web.site.metrics import metrics

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz, name="healthz"),
    path("metrics", metrics, name="metrics"),
    path("api/v1/", include("wispgate.web.api.urls")),
    # The console has all other addresses, so it comes last.
    path("", include("wispgate.web.console.urls")),
]
