from django.apps import AppConfig


class StaffConfig(AppConfig):
    name = "wispgate.business.staff"
    label = "staff"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wispgate.business.staff import looking  # noqa: PLC0415 (needs the models)

        looking.watch_models()
