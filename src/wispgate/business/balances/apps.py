from django.apps import AppConfig


class BalancesConfig(AppConfig):
    name = "wispgate.business.balances"
    label = "balances"
    default_auto_field = "django.db.models.BigAutoField"
