-- put_line
-- Writes what the network must know of a line; an older version never replaces a newer one.
INSERT INTO line (line_id, operator_id, account_id, core_id, state, imsi, msisdn, profile,
                  profile_version, plan_id, plan_version, time_zone, changed_at)
VALUES (:line_id, :operator_id, :account_id, :core_id, :state, :imsi, :msisdn, :profile::jsonb,
        :profile_version, :plan_id, :plan_version, :time_zone, :now)
ON CONFLICT (line_id) DO UPDATE
SET core_id = excluded.core_id, state = excluded.state, imsi = excluded.imsi,
    msisdn = excluded.msisdn, profile = excluded.profile,
    profile_version = excluded.profile_version, plan_id = excluded.plan_id,
    plan_version = excluded.plan_version, time_zone = excluded.time_zone,
    changed_at = excluded.changed_at
WHERE line.profile_version < excluded.profile_version
RETURNING profile_version;

-- find_line
-- One line as the network sees it.
SELECT line_id, operator_id, account_id, core_id, state, imsi, msisdn, profile, profile_version,
       plan_id, plan_version, time_zone, is_exhausted
FROM line WHERE line_id = :line_id;
