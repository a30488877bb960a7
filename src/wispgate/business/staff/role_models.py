"""Roles as an operator wrote them, and what was used of a day's limit."""

from django.db import models


class StoredRole(models.Model):
    """A role of an operator's own, or one that it wrote over a ready one of the same name.

    Without an operator it is the platform's.
    """

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", null=True, on_delete=models.CASCADE)
    name = models.CharField(max_length=40)
    title = models.CharField(max_length=80)
    about = models.CharField(max_length=200, blank=True, default="")
    # Lists of `grants.encode` and of kinds of fields.
    grants = models.JSONField()
    hides = models.JSONField(default=list)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=160)

    class Meta:
        ordering = ("name",)
        constraints = [
            models.UniqueConstraint(
                fields=("operator", "name"),
                name="role_name_is_unique",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return self.title


class UsedLimit(models.Model):
    """What a person moved under a permission with a daily limit, on one day of the operator's."""

    id = models.UUIDField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", on_delete=models.CASCADE)
    person = models.CharField(max_length=60)
    permission = models.CharField(max_length=60)
    on_day = models.DateField()
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=20, decimal_places=6)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("operator", "person", "permission", "on_day", "currency"),
                name="used_limit_is_summed_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.permission} {self.on_day}"
