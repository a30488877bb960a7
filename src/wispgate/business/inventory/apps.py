from django.apps import AppConfig


class InventoryConfig(AppConfig):
    name = "wispgate.business.inventory"
    label = "inventory"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wispgate.business.approvals import acts  # noqa: PLC0415 (needs the models)
        from wispgate.business.inventory import importing, puks  # noqa: PLC0415

        for act in (*importing.acts(), *puks.acts()):
            acts.register(act)
