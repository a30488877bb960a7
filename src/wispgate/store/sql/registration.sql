-- read_lines_by_imsi
-- Batch: the line of each IMSI, to decide an Update-Location.
SELECT x.ordinality, a.line_id, l.imsi AS line_imsi, l.msisdn, l.profile, l.is_exhausted,
       l.profile_version
FROM unnest(:core_ids::uuid[], :imsis::text[])
     WITH ORDINALITY AS x (core_id, imsi, ordinality)
JOIN authentication a ON a.core_id = x.core_id AND a.imsi = x.imsi
LEFT JOIN line l ON l.line_id = a.line_id;

-- register_locations
-- Batch: writes where phones are now, if their line is still the card's and of the version that was
-- decided upon; what is not returned must be decided again. Returns where they were. A new place is
-- told to the business side. `endings` says how the node of the other kind is left, if the phone is
-- there with it; empty: it stays registered with both.
WITH asked AS MATERIALIZED (
    SELECT x.*, r.mme_host AS previous_host, r.mme_realm AS previous_realm,
           r.purged_at AS previous_purge, r.known_profile_version AS previous_profile_version,
           r.imei AS previous_imei, o.mme_host AS left_host, o.mme_realm AS left_realm,
           l.operator_id, l.account_id
    FROM unnest(:core_ids::uuid[], :imsis::text[], :line_ids::uuid[], :versions::bigint[],
                :hosts::text[], :realms::text[], :plmns::text[], :rat_types::int[],
                :imeis::text[], :event_ids::uuid[], :are_exhausted::bool[], :nodes::text[],
                :sgsn_numbers::text[], :feature_lists_1::bigint[], :feature_lists_2::bigint[],
                :endings::text[])
         WITH ORDINALITY AS x (core_id, imsi, line_id, version, host, realm, plmn, rat_type, imei,
                               event_id, is_exhausted, node, sgsn_number, feature_list_1,
                               feature_list_2, ending, ordinality)
    JOIN authentication a ON a.core_id = x.core_id AND a.imsi = x.imsi AND a.line_id = x.line_id
    JOIN line l ON l.line_id = x.line_id AND l.profile_version = x.version
               AND l.is_exhausted = x.is_exhausted
    LEFT JOIN registration r ON r.core_id = x.core_id AND r.imsi = x.imsi AND r.node = x.node
    LEFT JOIN registration o ON o.core_id = x.core_id AND o.imsi = x.imsi AND o.node <> x.node
                            AND x.ending > '' AND o.purged_at IS NULL
    ORDER BY x.core_id, x.imsi
    FOR SHARE OF l
),
written AS (
    INSERT INTO registration (core_id, imsi, operator_id, account_id, line_id, mme_host, mme_realm,
                              visited_plmn, rat_type, imei, known_profile_version, registered_at,
                              seen_at, node, sgsn_number, feature_list_1, feature_list_2)
    SELECT core_id, imsi, operator_id, account_id, line_id, host, realm, plmn, rat_type, imei,
           version, :now, :now, node, sgsn_number, feature_list_1, feature_list_2
    FROM asked
    ON CONFLICT (core_id, imsi, node) DO UPDATE
    SET operator_id = excluded.operator_id, account_id = excluded.account_id,
        line_id = excluded.line_id, mme_host = excluded.mme_host, mme_realm = excluded.mme_realm,
        visited_plmn = excluded.visited_plmn, rat_type = excluded.rat_type,
        imei = coalesce(excluded.imei, registration.imei),
        known_profile_version = excluded.known_profile_version,
        registered_at = CASE WHEN registration.mme_host = excluded.mme_host
                              AND registration.purged_at IS NULL
                             THEN registration.registered_at ELSE excluded.registered_at END,
        seen_at = excluded.seen_at, purged_at = NULL, sgsn_number = excluded.sgsn_number,
        feature_list_1 = excluded.feature_list_1, feature_list_2 = excluded.feature_list_2
),
ended AS (
    DELETE FROM registration r USING asked
    WHERE asked.left_host IS NOT NULL AND r.core_id = asked.core_id AND r.imsi = asked.imsi
      AND r.node <> asked.node
),
told AS (
    INSERT INTO outbox (event_id, operator_id, account_id, line_id, kind, payload, occurred_at)
    SELECT event_id, operator_id, account_id, line_id, 'line.registered',
           jsonb_build_object('imsi', imsi, 'core_id', core_id, 'node', node, 'mme_host', host,
                              'mme_realm', realm, 'visited_plmn', plmn, 'imei', imei,
                              'previous_mme_host', previous_host,
                              'previous_mme_realm', previous_realm, 'left_host', left_host,
                              'left_realm', left_realm, 'left_by', ending), :now
    FROM asked
    WHERE previous_host IS DISTINCT FROM host OR previous_purge IS NOT NULL
       OR left_host IS NOT NULL
)
SELECT ordinality, previous_host, previous_purge, previous_profile_version, previous_imei FROM asked;

-- purge_registrations
-- Batch: nodes have deleted what they had of these phones. Returns the cards that are known, and
-- as what they were registered with that very node; a registration elsewhere stays as it is. A node
-- that is MME and SGSN at once may have deleted one half only: `nodes` are the kinds it speaks of.
WITH asked AS MATERIALIZED (
    SELECT x.*, a.operator_id, a.account_id, a.line_id,
           ARRAY(SELECT r.node FROM registration r
                 WHERE r.core_id = x.core_id AND r.imsi = x.imsi
                   AND lower(r.mme_host) = lower(x.host) AND x.nodes LIKE '%' || r.node || '%'
                 ORDER BY r.node) AS here
    FROM unnest(:core_ids::uuid[], :imsis::text[], :hosts::text[], :nodes::text[],
                :event_ids::uuid[])
         WITH ORDINALITY AS x (core_id, imsi, host, nodes, event_id, ordinality)
    JOIN authentication a ON a.core_id = x.core_id AND a.imsi = x.imsi
),
purged AS (
    UPDATE registration r SET purged_at = :now::timestamptz, seen_at = :now::timestamptz
    FROM asked
    WHERE r.core_id = asked.core_id AND r.imsi = asked.imsi AND r.node = ANY (asked.here)
      AND lower(r.mme_host) = lower(asked.host) AND r.purged_at IS NULL
    RETURNING asked.event_id
),
told AS (
    INSERT INTO outbox (event_id, operator_id, account_id, line_id, kind, payload, occurred_at)
    SELECT event_id, operator_id, account_id, line_id, 'line.purged',
           jsonb_build_object('imsi', imsi, 'mme_host', host), :now::timestamptz
    FROM asked WHERE event_id IN (SELECT event_id FROM purged)
)
SELECT ordinality, here FROM asked;

-- note_notifications
-- Batch: what nodes tell of phones that are registered with them: the device, and the gateway of
-- an APN (NULL: none is told). Returns the cards that are known, their lines, and whether the node
-- is the phone's; of a node that is not nothing is taken. An MME may say that the phone has left its
-- SGSN: then that registration ends, and the SGSN is to be told.
WITH asked AS MATERIALIZED (
    SELECT x.*, l.line_id, l.operator_id, l.account_id, l.profile, l.profile_version, l.imsi AS line_imsi,
           l.msisdn, l.is_exhausted, r.imei AS previous_imei,
           r.imsi IS NOT NULL AS is_here, r.node, o.mme_host AS left_host, o.mme_realm AS left_realm
    FROM unnest(:core_ids::uuid[], :imsis::text[], :hosts::text[], :imeis::text[],
                :gateways::jsonb[], :are_leaving::bool[], :event_ids::uuid[])
         WITH ORDINALITY AS x (core_id, imsi, host, imei, gateway, is_leaving, event_id, ordinality)
    JOIN authentication a ON a.core_id = x.core_id AND a.imsi = x.imsi
    JOIN line l ON l.line_id = a.line_id
    LEFT JOIN LATERAL (
        SELECT * FROM registration
        WHERE core_id = x.core_id AND imsi = x.imsi AND purged_at IS NULL
          AND lower(mme_host) = lower(x.host)
        ORDER BY node LIMIT 1) r ON true
    LEFT JOIN registration o ON o.core_id = x.core_id AND o.imsi = x.imsi AND o.node = 'sgsn'
                            AND o.purged_at IS NULL AND x.is_leaving AND r.node = 'mme'
),
ended AS (
    DELETE FROM registration r USING asked
    WHERE asked.left_host IS NOT NULL AND r.core_id = asked.core_id AND r.imsi = asked.imsi
      AND r.node = 'sgsn'
),
told AS (
    INSERT INTO outbox (event_id, operator_id, account_id, line_id, kind, payload, occurred_at)
    SELECT event_id, operator_id, account_id, line_id, 'line.left_node',
           jsonb_build_object('imsi', imsi, 'core_id', core_id, 'left_host', left_host,
                              'left_realm', left_realm, 'left_by', 'sgsn_update'),
           :now::timestamptz
    FROM asked WHERE left_host IS NOT NULL
),
noted AS (
    UPDATE registration r
    SET seen_at = :now::timestamptz, imei = coalesce(asked.imei, r.imei),
        pdn_gateways = r.pdn_gateways || coalesce(asked.gateway, '{}'::jsonb)
    FROM asked
    WHERE asked.is_here AND r.core_id = asked.core_id AND r.imsi = asked.imsi
      AND r.node = asked.node
)
SELECT ordinality, is_here, line_id, operator_id, account_id, profile,
       profile_version, line_imsi, msisdn, is_exhausted, previous_imei
FROM asked;
