from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    name = "wispgate.business.approvals"
    label = "approvals"
    default_auto_field = "django.db.models.BigAutoField"
