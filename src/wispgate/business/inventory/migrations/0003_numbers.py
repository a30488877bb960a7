"""Numbers and their ranges. A tenant's are its own, and every change of them is audited."""

import django.db.models.deletion
from django.db import migrations, models

import wispgate.business.inventory.number_lifecycle
from wispgate.store import tenancy

_TABLES = ("inventory_numberrange", "inventory_number", "inventory_numberpolicy")

# Numbers of different length are different numbers, whatever their digits say as an integer.
_NO_OVERLAP = """
ALTER TABLE inventory_numberrange ADD CONSTRAINT numberrange_ranges_do_not_overlap
    EXCLUDE USING gist (
        operator_id WITH =,
        length(first) WITH =,
        int8range(first::bigint, last::bigint, '[]') WITH &&
    );
"""


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0002_walls"),
        ("operators", "0002_walls"),
        ("audit", "0002_walls"),
    ]

    operations = [
        migrations.CreateModel(
            name="NumberPolicy",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("quarantine_days", models.PositiveSmallIntegerField(default=90)),
                (
                    "operator",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, to="operators.operator"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Number",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("msisdn", models.CharField(max_length=15)),
                (
                    "number_class",
                    models.CharField(
                        choices=[("ordinary", "ordinary"), ("silver", "silver"), ("gold", "gold")],
                        default=wispgate.business.inventory.number_lifecycle.NumberClass[
                            "ORDINARY"
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "origin",
                    models.CharField(
                        choices=[("own", "own"), ("ported_in", "ported_in")],
                        default=wispgate.business.inventory.number_lifecycle.NumberOrigin["OWN"],
                        max_length=10,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("available", "available"),
                            ("reserved", "reserved"),
                            ("assigned", "assigned"),
                            ("active", "active"),
                            ("quarantine", "quarantine"),
                            ("ported_out", "ported_out"),
                        ],
                        default=wispgate.business.inventory.number_lifecycle.NumberState[
                            "AVAILABLE"
                        ],
                        max_length=10,
                    ),
                ),
                ("state_changed_at", models.DateTimeField()),
                ("state_cause", models.CharField(blank=True, default="", max_length=200)),
                ("until", models.DateTimeField(null=True)),
                ("subscription_id", models.UUIDField(null=True, unique=True)),
                ("created_at", models.DateTimeField()),
                (
                    "operator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="operators.operator"
                    ),
                ),
            ],
            options={
                "ordering": ("msisdn",),
                "indexes": [
                    models.Index(fields=["operator", "state", "msisdn"], name="number_state")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("operator", "msisdn"), name="number_is_unique"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "available",
                                    "reserved",
                                    "assigned",
                                    "active",
                                    "quarantine",
                                    "ported_out",
                                ],
                            ),
                            ("origin__in", ["own", "ported_in"]),
                        ),
                        name="number_state_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                (
                                    "state__in",
                                    [
                                        wispgate.business.inventory.number_lifecycle.NumberState[
                                            "QUARANTINE"
                                        ],
                                        wispgate.business.inventory.number_lifecycle.NumberState[
                                            "RESERVED"
                                        ],
                                    ],
                                ),
                                ("until__isnull", False),
                            ),
                            models.Q(
                                models.Q(
                                    (
                                        "state__in",
                                        [
                                            wispgate.business.inventory.number_lifecycle.NumberState[
                                                "QUARANTINE"
                                            ],
                                            wispgate.business.inventory.number_lifecycle.NumberState[
                                                "RESERVED"
                                            ],
                                        ],
                                    ),
                                    _negated=True,
                                ),
                                ("until__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="number_until_is_of_its_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state",
                                wispgate.business.inventory.number_lifecycle.NumberState[
                                    "ASSIGNED"
                                ],
                            ),
                            models.Q(
                                (
                                    "state",
                                    wispgate.business.inventory.number_lifecycle.NumberState[
                                        "ACTIVE"
                                    ],
                                ),
                                ("subscription_id__isnull", False),
                            ),
                            models.Q(
                                models.Q(
                                    (
                                        "state__in",
                                        [
                                            wispgate.business.inventory.number_lifecycle.NumberState[
                                                "ASSIGNED"
                                            ],
                                            wispgate.business.inventory.number_lifecycle.NumberState[
                                                "ACTIVE"
                                            ],
                                        ],
                                    ),
                                    _negated=True,
                                ),
                                ("subscription_id__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="number_in_use_has_a_subscription",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="NumberRange",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("first", models.CharField(max_length=15)),
                ("last", models.CharField(max_length=15)),
                (
                    "number_class",
                    models.CharField(
                        choices=[("ordinary", "ordinary"), ("silver", "silver"), ("gold", "gold")],
                        default=wispgate.business.inventory.number_lifecycle.NumberClass[
                            "ORDINARY"
                        ],
                        max_length=10,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                (
                    "operator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="operators.operator"
                    ),
                ),
            ],
            options={
                "ordering": ("first",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("first__lte", models.F("last"))),
                        name="numberrange_is_ordered",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("number_class__in", ["ordinary", "silver", "gold"])),
                        name="numberrange_class_is_known",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            [
                *(tenancy.isolate(table) for table in _TABLES),
                *(tenancy.audited(table) for table in _TABLES),
                _NO_OVERLAP,
            ]
        ),
    ]
