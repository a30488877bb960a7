from django.apps import AppConfig


class HotplaneConfig(AppConfig):
    name = "wispgate.business.hotplane"
    label = "hotplane"
    default_auto_field = "django.db.models.BigAutoField"
