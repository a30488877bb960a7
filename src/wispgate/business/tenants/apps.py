from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "wispgate.business.tenants"
    label = "tenants"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wispgate.business.approvals import acts  # noqa: PLC0415 (needs the models)
        from wispgate.business.tenants.services import deletion  # noqa: PLC0415

        for act in deletion.acts():
            acts.register(act)
