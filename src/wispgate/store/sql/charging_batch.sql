-- charge_simple
-- Batch: charges all requests whose outcome follows from the plan alone: everything wanted is
-- granted, from one plain bucket per rating group, and nobody is to be told of anything. One row
-- of the arrays is one rating group of a request (a request without groups has one row without);
-- `is_first` marks a request's first row. Requests that are done come back without an answer,
-- duplicates with the stored one; those that do not come back are flagged: nothing of them was
-- written. Locks: sessions by their id, then buckets by account and id. A session that changed
-- while its lock was waited for is flagged, since its groups would be read as they were before.
-- A bucket is judged by the worst that its requests can do in any order; so they need no order.
WITH asked AS MATERIALIZED (
    SELECT x.*
    FROM unnest(:ordinals::int[], :are_first::bool[], :session_ids::text[], :numbers::bigint[],
                :kinds::text[], :core_ids::uuid[], :line_ids::uuid[], :profile_versions::bigint[],
                :units::text[], :zones::text[], :need_left::bool[], :rating_groups::bigint[],
                :used::bigint[], :wanted::bigint[], :are_free::bool[], :currencies::text[],
                :validities::int[], :answers::bytea[], :entry_ids::uuid[], :event_ids::uuid[],
                :payloads::text[], :peers::text[], :apns::text[], :plmns::text[],
                :addresses::text[])
         AS x (ordinal, is_first, session_id, number, kind, core_id, line_id, profile_version, unit,
               zone, needs_left, rating_group, used, wanted, is_free, currency, validity, answer,
               entry_id, event_id, payload, peer, apn, plmn, address)
),
live AS MATERIALIZED (
    SELECT a.*, l.operator_id, l.account_id, l.plan_id, l.plan_version,
           s.is_open AND s.xmin = t.xmin AND a.number > s.last_number AND s.line_id = l.line_id
           AND s.account_id = l.account_id AND s.core_id = a.core_id AND l.core_id = a.core_id
           AND l.profile_version = a.profile_version AND NOT l.is_exhausted AS is_fresh
    FROM asked a
    JOIN charging_session s ON s.session_id = a.session_id
    JOIN charging_session t ON t.session_id = a.session_id
    JOIN line l ON l.line_id = a.line_id
    WHERE a.kind <> 'i'
    ORDER BY s.session_id
    FOR UPDATE OF s
),
opening AS MATERIALIZED (
    SELECT a.*, l.operator_id, l.account_id, l.plan_id, l.plan_version,
           s.session_id IS NULL AND l.core_id = a.core_id
           AND l.profile_version = a.profile_version AND NOT l.is_exhausted AS is_fresh
    FROM asked a
    JOIN line l ON l.line_id = a.line_id
    LEFT JOIN charging_session s ON s.session_id = a.session_id
    WHERE a.kind = 'i'
),
every AS MATERIALIZED (
    SELECT * FROM live UNION ALL SELECT * FROM opening
),
placed AS MATERIALIZED (
    SELECT e.*, coalesce(h.held_amounts[1], 0) AS old,
           coalesce(cardinality(h.held_buckets), 0) AS held,
           h.granted_units > 0 OR h.held_buckets <> '{}' AS is_active,
           CASE WHEN e.is_free THEN NULL
                WHEN h.held_buckets <> '{}' THEN h.held_buckets[1]
                ELSE c.bucket_id END AS target,
           c.bucket_id AS candidate
    FROM every e
    LEFT JOIN session_group h
           ON h.session_id = e.session_id AND h.rating_group = e.rating_group
    LEFT JOIN LATERAL (
        SELECT b.bucket_id FROM bucket b
        WHERE b.account_id = e.account_id
          AND (b.unit = e.unit OR b.unit = 'money' AND b.currency = e.currency)
          AND (b.owner_id IS NULL OR b.owner_id = e.line_id)
          AND (b.rating_groups IS NULL OR e.rating_group = ANY(b.rating_groups))
          AND (b.zones IS NULL OR e.zone = ANY(b.zones))
          AND b.valid_from <= :now AND (b.valid_until IS NULL OR b.valid_until > :now)
        ORDER BY b.priority, b.valid_until NULLS LAST, b.created_at, b.bucket_id
        LIMIT 1
    ) c ON e.wanted > 0 AND NOT e.is_free
    WHERE e.is_fresh
),
locked AS MATERIALIZED (
    SELECT p.*, b.remaining, b.reserved, greatest(b.notify_below, 0) AS lowest,
           b.is_plain AND b.unit = p.unit
           AND (p.wanted = 0 OR b.valid_until IS NULL
                OR b.valid_until >= :now + p.validity * interval '1 second') AS is_good,
           b.rating_groups IS NULL AND b.unit = 'octets' AND b.valid_from <= :now
           AND (b.valid_until IS NULL OR b.valid_until > :now) AS is_general
    FROM placed p
    JOIN bucket b ON b.bucket_id = p.target
    ORDER BY b.account_id, b.bucket_id
    FOR UPDATE OF b
),
measured AS MATERIALIZED (
    SELECT l.*,
           l.is_good AND l.held <= 1 AND (l.used = 0 OR l.held = 1)
           AND (l.wanted = 0 OR l.candidate = l.target)
           AND l.remaining - sum(l.used) OVER w > l.lowest
           AND l.remaining - l.reserved
               - sum(greatest(l.used + l.wanted - l.old, 0)) OVER w >= 0 AS is_ok
    FROM locked l
    WINDOW w AS (PARTITION BY l.target)
    UNION ALL
    SELECT p.*, NULL, NULL, NULL, NULL, false,
           p.held = 0 AND (p.is_free OR p.used = 0 AND p.wanted = 0)
    FROM placed p
    WHERE p.target IS NULL
),
judged AS MATERIALIZED (
    SELECT m.*,
           bool_and(m.is_ok) OVER r
           AND CASE WHEN NOT m.needs_left OR bool_or(m.is_general) OVER r THEN true
                    ELSE EXISTS (
                        SELECT 1 FROM bucket b
                        WHERE b.account_id = m.account_id AND b.unit = 'octets' AND b.is_plain
                          AND b.rating_groups IS NULL AND b.remaining > 0
                          AND (b.owner_id IS NULL OR b.owner_id = m.line_id)
                          AND b.valid_from <= :now
                          AND (b.valid_until IS NULL OR b.valid_until > :now)) END
           AND CASE WHEN m.kind <> 't' THEN true
                    ELSE count(*) FILTER (WHERE m.is_active) OVER r = (
                        SELECT count(*) FROM session_group o
                        WHERE o.session_id = m.session_id
                          AND (o.granted_units > 0 OR o.held_buckets <> '{}')) END AS is_done
    FROM measured m
    WINDOW r AS (PARTITION BY m.ordinal)
),
done AS MATERIALIZED (
    SELECT * FROM judged WHERE is_done
),
moved AS (
    UPDATE bucket b
    SET remaining = d.remaining - d.used, reserved = d.reserved - d.old + d.wanted
    FROM (SELECT target, max(remaining) AS remaining, max(reserved) AS reserved, sum(used) AS used,
                 sum(old) AS old, sum(wanted) AS wanted
          FROM done WHERE target IS NOT NULL GROUP BY target) d
    WHERE b.bucket_id = d.target
),
grouped AS (
    INSERT INTO session_group (session_id, rating_group, operator_id, account_id, rated_units,
                               granted_units, granted_at, is_final, held_buckets, held_amounts)
    SELECT d.session_id, d.rating_group, d.operator_id, d.account_id, 0, d.wanted,
           CASE WHEN d.wanted > 0 THEN :now END, false,
           CASE WHEN d.wanted > 0 AND d.target IS NOT NULL THEN ARRAY[d.target] ELSE '{}' END,
           CASE WHEN d.wanted > 0 AND d.target IS NOT NULL THEN ARRAY[d.wanted] ELSE '{}' END
    FROM done d WHERE d.rating_group IS NOT NULL
    ON CONFLICT (session_id, rating_group) DO UPDATE
    SET granted_units = excluded.granted_units,
        granted_at = coalesce(excluded.granted_at, session_group.granted_at), is_final = false,
        held_buckets = excluded.held_buckets, held_amounts = excluded.held_amounts
),
begun AS (
    INSERT INTO charging_session (session_id, operator_id, account_id, line_id, core_id, peer, apn,
        visited_plmn, framed_address, plan_id, plan_version, last_number, is_open, opened_at,
        seen_at)
    SELECT d.session_id, d.operator_id, d.account_id, d.line_id, d.core_id, d.peer, d.apn, d.plmn,
           d.address, coalesce(d.plan_id, :basic_plan_id), coalesce(d.plan_version, 1), d.number,
           true, :now, :now
    FROM done d WHERE d.is_first AND d.kind = 'i'
),
gone_on AS (
    UPDATE charging_session s
    SET last_number = d.number, seen_at = :now, is_open = d.kind <> 't',
        closed_at = CASE WHEN d.kind = 't' THEN :now END,
        plan_id = coalesce(d.plan_id, :basic_plan_id), plan_version = coalesce(d.plan_version, 1)
    FROM done d
    WHERE d.is_first AND d.kind <> 'i' AND s.session_id = d.session_id
),
posted AS (
    INSERT INTO ledger (entry_id, posted_at, operator_id, account_id, bucket_id, line_id, kind,
                        unit, amount, used_units, session_id, number, rating_group)
    SELECT d.entry_id, :now, d.operator_id, d.account_id, d.target, d.line_id,
           CASE WHEN d.is_free THEN 'free' ELSE 'debit' END, d.unit,
           CASE WHEN d.is_free THEN 0 ELSE -d.used END, d.used, d.session_id, d.number,
           d.rating_group
    FROM done d WHERE d.used > 0
),
answered AS (
    INSERT INTO charging_request (session_id, number, operator_id, answer, handled_at)
    SELECT d.session_id, d.number, d.operator_id, d.answer, :now
    FROM done d WHERE d.is_first
),
told AS (
    INSERT INTO outbox (event_id, operator_id, account_id, line_id, kind, payload, occurred_at)
    SELECT d.event_id, d.operator_id, d.account_id, d.line_id,
           CASE WHEN d.kind = 'i' THEN 'charging.session_started' ELSE 'charging.session_ended' END,
           d.payload::jsonb, :now
    FROM done d WHERE d.is_first AND d.event_id IS NOT NULL
)
SELECT d.ordinal, NULL::bytea AS answer FROM done d WHERE d.is_first
UNION ALL
SELECT e.ordinal, r.answer
FROM every e
JOIN charging_request r ON r.session_id = e.session_id AND r.number = e.number
WHERE e.is_first AND NOT e.is_fresh;
