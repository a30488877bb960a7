-- find_equipment_ranges
-- Batch: the ranges of the register's lists that hold each device, the platform's and those of
-- the line's operator, and what the core takes a device in no list for. A device without a line
-- is its core's operator's, if one operator alone has the core.
SELECT x.ordinality, c.unknown_device, e.first, e.last, e.colour
FROM unnest(:core_ids::uuid[], :operator_ids::uuid[], :devices::text[])
     WITH ORDINALITY AS x (core_id, operator_id, device, ordinality)
JOIN operators_core c ON c.id = x.core_id
LEFT JOIN LATERAL (
    SELECT (array_agg(DISTINCT s.operator_id))[1] AS operator_id
    FROM operators_coreservice s WHERE s.core_id = x.core_id
    HAVING count(DISTINCT s.operator_id) = 1
) alone ON x.operator_id IS NULL
LEFT JOIN inventory_equipmentrange e
       ON int8range(e.first::bigint, e.last::bigint, '[]') @> x.device::bigint
      AND (e.operator_id IS NULL OR e.operator_id = coalesce(x.operator_id, alone.operator_id));

-- read_device_locks
-- Batch: the profiles of the lines of these cards, for the devices that they are locked to.
SELECT x.ordinality, l.line_id, l.operator_id, l.account_id, l.profile, l.profile_version
FROM unnest(:core_ids::uuid[], :imsis::text[]) WITH ORDINALITY AS x (core_id, imsi, ordinality)
JOIN authentication a ON a.core_id = x.core_id AND a.imsi = x.imsi
JOIN line l ON l.line_id = a.line_id;

-- see_equipment
-- Batch: writes which device a card was seen in. Another one than the last is told to the
-- business side; the first device of a card is no change.
WITH asked AS MATERIALIZED (
    SELECT DISTINCT ON (x.core_id, x.imsi, x.device) x.*, last_seen.device AS previous
    FROM unnest(:core_ids::uuid[], :imsis::text[], :devices::text[], :software_versions::text[],
                :operator_ids::uuid[], :account_ids::uuid[], :line_ids::uuid[], :event_ids::uuid[])
         AS x (core_id, imsi, device, software_version, operator_id, account_id, line_id, event_id)
    LEFT JOIN LATERAL (
        SELECT e.device FROM equipment e
        WHERE e.core_id = x.core_id AND e.imsi = x.imsi
        ORDER BY e.seen_at DESC, (e.device = x.device) DESC, e.device LIMIT 1
    ) last_seen ON true
    ORDER BY x.core_id, x.imsi, x.device
),
written AS (
    INSERT INTO equipment (core_id, imsi, device, operator_id, account_id, line_id,
                           software_version, first_seen_at, seen_at)
    SELECT core_id, imsi, device, operator_id, account_id, line_id, software_version,
           :now::timestamptz, :now::timestamptz
    FROM asked
    ON CONFLICT (core_id, imsi, device) DO UPDATE
    SET operator_id = excluded.operator_id, account_id = excluded.account_id,
        line_id = excluded.line_id, seen_at = excluded.seen_at,
        software_version = CASE WHEN excluded.software_version = ''
                                THEN equipment.software_version
                                ELSE excluded.software_version END
),
told AS (
    INSERT INTO outbox (event_id, operator_id, account_id, line_id, kind, payload, occurred_at)
    SELECT event_id, operator_id, account_id, line_id, 'line.device_changed',
           jsonb_build_object('imsi', imsi, 'device', device, 'previous_device', previous),
           :now::timestamptz
    FROM asked WHERE previous <> device
)
SELECT imsi, device, previous FROM asked;
