from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "wispgate.web.site"
    label = "site"
