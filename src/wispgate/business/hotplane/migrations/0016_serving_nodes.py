"""A phone may be registered at an MME and at an SGSN; what each of them can do; what is deleted."""

from django.db import migrations, models

from wispgate.business.hotplane.schema import in_every_partition, union_view

_HOT = [
    # `mme_host` and `mme_realm` name the node, whichever it is. The feature lists are those of
    # Supported-Features (TS 29.272 section 7.3.10): a push must not tell what was not understood.
    """
    ALTER TABLE {schema}.registration
        ADD COLUMN node text NOT NULL DEFAULT 'mme' CHECK (node IN ('mme', 'sgsn')),
        ADD COLUMN sgsn_number text NOT NULL DEFAULT '',
        ADD COLUMN feature_list_1 bigint NOT NULL DEFAULT 0,
        ADD COLUMN feature_list_2 bigint NOT NULL DEFAULT 0,
        DROP CONSTRAINT registration_pkey,
        ADD CONSTRAINT registration_pkey PRIMARY KEY (core_id, imsi, node);
    """,
    # Context-Identifiers of the APNs that a node is to delete: the profile that had them is gone.
    "ALTER TABLE {schema}.push ADD COLUMN contexts bigint[] NOT NULL DEFAULT '{}';",
]
_VIEW = union_view(
    "registration",
    "core_id, imsi, operator_id, account_id, line_id, mme_host, mme_realm, visited_plmn, rat_type, "
    "imei, known_profile_version, registered_at, seen_at, purged_at, node, sgsn_number",
)


class Migration(migrations.Migration):
    dependencies = [("hotplane", "0015_resynchronisations")]
    operations = [
        migrations.RunSQL([*in_every_partition(_HOT), _VIEW]),
        migrations.AddField(
            "everyregistration", "node", models.TextField(default=""), preserve_default=False
        ),
        migrations.AddField(
            "everyregistration",
            "sgsn_number",
            models.TextField(default=""),
            preserve_default=False,
        ),
        migrations.AlterModelOptions(
            "everyregistration",
            options={
                "managed": False,
                "ordering": (models.F("purged_at").desc(nulls_first=True), "-seen_at"),
            },
        ),
    ]
