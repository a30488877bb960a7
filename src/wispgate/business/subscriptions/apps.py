from django.apps import AppConfig


class SubscriptionsConfig(AppConfig):
    name = "wispgate.business.subscriptions"
    label = "subscriptions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wispgate.business.approvals import acts  # noqa: PLC0415 (needs the models)
        from wispgate.business.subscriptions import asking, mass  # noqa: PLC0415

        for act in [*asking.acts(), *mass.acts()]:
            acts.register(act)
