-- charge_simple
-- Batch: charges all requests whose outcome follows from the plan alone: everything wanted is
-- granted, from one plain bucket per rating group, and nobody is to be told of anything. One row
-- of the arrays is one rating group of a request (a request without groups has one row without).
-- What rows have in common (`shape`) stands once, in arrays of its own; a shape that is a
-- request's first has its answer. Requests that are done come back in one array without an answer,
-- duplicates with the stored one; those that do not come back are flagged: nothing of them was
-- written. Locks: sessions by their id, then buckets by account and id. A session's groups stand
-- in the row that is locked, so they are as the last one left them. A bucket is judged by the
-- worst that its requests can do in any order; so they need no order.
-- Plans: `= ANY (ARRAY[…])` leaves no way into a table but its index, whatever is known of its
-- size, and LIMIT makes one plan for all sizes of batch good enough to be kept
-- (docs/why/charging-path.md).
WITH asked AS MATERIALIZED (
    SELECT x.*, (:kinds::text[])[x.shape] AS kind,
           (:rating_groups::bigint[])[x.shape] AS rating_group,
           (:wanted::bigint[])[x.shape] AS wanted, (:are_free::bool[])[x.shape] AS is_free,
           (:answers::bytea[])[x.shape] IS NOT NULL AS is_first
    FROM unnest(:requests::int[], :shapes::int[], :events::int[], :session_ids::text[],
                :numbers::bigint[], :line_ids::uuid[], :profile_versions::bigint[],
                :used::bigint[])
         WITH ORDINALITY AS x (request, shape, event, session_id, number, line_id,
                               profile_version, used, place)
    LIMIT :count::int
),
live AS MATERIALIZED (
    SELECT a.*, l.operator_id, l.account_id, l.plan_id, l.plan_version,
           CASE WHEN (s.groups[1]).rating_group = a.rating_group THEN s.groups[1]
                ELSE (SELECT g FROM unnest(s.groups) g WHERE g.rating_group = a.rating_group) END
               AS before,
           CASE WHEN cardinality(s.groups) > 1
                     OR (s.groups[1]).rating_group IS DISTINCT FROM a.rating_group
                THEN s.groups END AS others,
           s.is_open AND a.number > s.last_number AND s.line_id = l.line_id
           AND s.account_id = l.account_id AND s.core_id = (:core_ids::uuid[])[a.shape]
           AND l.core_id = s.core_id AND l.profile_version = a.profile_version
           AND NOT l.is_exhausted AS is_fresh
    FROM asked a
    JOIN charging_session s ON s.session_id = ANY (ARRAY[a.session_id])
    JOIN line l ON l.line_id = ANY (ARRAY[a.line_id])
    WHERE a.kind <> 'i'
    ORDER BY a.session_id
    FOR UPDATE OF s
),
opening AS MATERIALIZED (
    SELECT a.*, l.operator_id, l.account_id, l.plan_id, l.plan_version,
           NULL::charging_group AS before, NULL::charging_group[] AS others,
           NOT EXISTS (SELECT FROM charging_session s
                       WHERE s.session_id = ANY (ARRAY[a.session_id]))
           AND l.core_id = (:core_ids::uuid[])[a.shape]
           AND l.profile_version = a.profile_version AND NOT l.is_exhausted AS is_fresh
    FROM asked a
    JOIN line l ON l.line_id = ANY (ARRAY[a.line_id])
    WHERE a.kind = 'i'
),
every AS MATERIALIZED (
    SELECT * FROM live UNION ALL SELECT * FROM opening
),
placed AS MATERIALIZED (
    SELECT e.place, e.request, e.shape, e.event, e.session_id, e.number, e.line_id, e.used,
           e.kind, e.rating_group, e.wanted, e.is_free, e.is_first, e.operator_id, e.account_id,
           e.plan_id, e.plan_version, e.others, coalesce((e.before).rated_units, 0) AS rated_units,
           (e.before).granted_at, coalesce((e.before).held_amounts[1], 0) AS old,
           coalesce(cardinality((e.before).held_buckets), 0) AS held,
           CASE WHEN e.is_free THEN NULL
                ELSE coalesce((e.before).held_buckets[1], c.bucket_id) END AS target,
           c.bucket_id AS candidate
    FROM every e
    LEFT JOIN LATERAL (
        SELECT b.bucket_id FROM bucket b
        WHERE b.account_id = e.account_id
          AND (b.unit = (:units::text[])[e.shape]
               OR b.unit = 'money' AND b.currency = (:currencies::text[])[e.shape])
          AND (b.owner_id IS NULL OR b.owner_id = e.line_id)
          AND (b.rating_groups IS NULL OR e.rating_group = ANY (b.rating_groups))
          AND (b.zones IS NULL OR (:zones::text[])[e.shape] = ANY (b.zones))
          AND b.valid_from <= :now AND (b.valid_until IS NULL OR b.valid_until > :now)
        ORDER BY b.priority, b.valid_until NULLS LAST, b.created_at, b.bucket_id
        LIMIT 1
    ) c ON e.wanted > 0 AND NOT e.is_free
    WHERE e.is_fresh
),
locked AS MATERIALIZED (
    SELECT p.*, b.remaining, b.reserved, greatest(b.notify_below, 0) AS lowest,
           b.is_plain AND b.unit = (:units::text[])[p.shape]
           AND (p.wanted = 0 OR b.valid_until IS NULL
                OR b.valid_until
                   >= :now + (:validities::int[])[p.shape] * interval '1 second') AS is_good,
           b.rating_groups IS NULL AND b.unit = 'octets' AND b.valid_from <= :now
           AND (b.valid_until IS NULL OR b.valid_until > :now) AS is_general
    FROM placed p
    JOIN bucket b ON b.bucket_id = ANY (ARRAY[p.target])
                 AND b.account_id = ANY (ARRAY[p.account_id])
    ORDER BY p.account_id, p.target
    FOR UPDATE OF b
),
measured AS (
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
judged AS (
    SELECT m.*, bool_and(m.is_ok) OVER r AS are_ok, bool_or(m.is_general) OVER r AS has_general,
           coalesce(array_agg(m.rating_group) FILTER (WHERE m.rating_group IS NOT NULL) OVER r,
                    '{}') AS named,
           coalesce(array_agg(
               ROW(m.rating_group, m.rated_units, m.wanted,
                   CASE WHEN m.wanted > 0 THEN :now ELSE m.granted_at END, false,
                   CASE WHEN m.wanted > 0 AND m.target IS NOT NULL THEN ARRAY[m.target]
                        ELSE '{}' END,
                   CASE WHEN m.wanted > 0 AND m.target IS NOT NULL
                        THEN ARRAY[m.wanted::numeric] ELSE '{}' END)::charging_group
           ) FILTER (WHERE m.rating_group IS NOT NULL) OVER r, '{}') AS groups
    FROM measured m
    WINDOW r AS (PARTITION BY m.request)
),
done AS MATERIALIZED (
    SELECT j.*
    FROM judged j
    WHERE j.are_ok
      AND (NOT (:need_left::bool[])[j.shape] OR j.has_general
           OR EXISTS (
               SELECT FROM bucket b
               WHERE b.account_id = j.account_id AND b.unit = 'octets' AND b.is_plain
                 AND b.rating_groups IS NULL AND b.remaining > 0
                 AND (b.owner_id IS NULL OR b.owner_id = j.line_id)
                 AND b.valid_from <= :now
                 AND (b.valid_until IS NULL OR b.valid_until > :now)))
      AND (j.kind <> 't' OR j.others IS NULL
           OR NOT EXISTS (
               SELECT FROM unnest(j.others) o
               WHERE (o.granted_units > 0 OR o.held_buckets <> '{}')
                 AND NOT o.rating_group = ANY (j.named)))
),
moved AS (
    UPDATE bucket b
    SET remaining = d.remaining - d.used, reserved = d.reserved - d.old + d.wanted
    FROM (SELECT target, max(remaining) AS remaining, max(reserved) AS reserved, sum(used) AS used,
                 sum(old) AS old, sum(wanted) AS wanted
          FROM done WHERE target IS NOT NULL GROUP BY target) d
    WHERE b.bucket_id = ANY (ARRAY[d.target])
),
begun AS (
    INSERT INTO charging_session (session_id, operator_id, account_id, line_id, core_id, peer, apn,
        visited_plmn, framed_address, plan_id, plan_version, last_number, is_open, opened_at,
        seen_at, groups)
    SELECT d.session_id, d.operator_id, d.account_id, d.line_id, (:core_ids::uuid[])[d.shape],
           (:peers::text[])[d.event], (:apns::text[])[d.event], (:plmns::text[])[d.event],
           (:addresses::text[])[d.event], coalesce(d.plan_id, :basic_plan_id),
           coalesce(d.plan_version, 1), d.number, true, :now, :now, d.groups
    FROM done d WHERE d.is_first AND d.kind = 'i'
),
gone_on AS (
    UPDATE charging_session s
    SET last_number = d.number, seen_at = :now, is_open = d.kind <> 't',
        closed_at = CASE WHEN d.kind = 't' THEN :now END,
        plan_id = coalesce(d.plan_id, :basic_plan_id), plan_version = coalesce(d.plan_version, 1),
        groups = CASE WHEN d.others IS NULL THEN d.groups
                      ELSE d.groups || ARRAY(
                          SELECT o FROM unnest(d.others) o
                          WHERE NOT o.rating_group = ANY (d.named)) END
    FROM done d
    WHERE d.is_first AND d.kind <> 'i' AND s.session_id = ANY (ARRAY[d.session_id])
),
posted AS (
    INSERT INTO ledger (entry_id, posted_at, operator_id, account_id, bucket_id, line_id, kind,
                        unit, amount, used_units, session_id, number, rating_group)
    SELECT (:entry_ids::uuid[])[d.place], :now, d.operator_id, d.account_id, d.target, d.line_id,
           CASE WHEN d.is_free THEN 'free' ELSE 'debit' END, (:units::text[])[d.shape],
           CASE WHEN d.is_free THEN 0 ELSE -d.used END, d.used, d.session_id, d.number,
           d.rating_group
    FROM done d WHERE d.used > 0
),
answered AS (
    INSERT INTO charging_request (session_id, number, operator_id, answer, handled_at)
    SELECT d.session_id, d.number, d.operator_id, (:answers::bytea[])[d.shape], :now
    FROM done d WHERE d.is_first
),
told AS (
    INSERT INTO outbox (event_id, operator_id, account_id, line_id, kind, payload, occurred_at)
    SELECT (:event_ids::uuid[])[d.event], d.operator_id, d.account_id, d.line_id,
           CASE WHEN d.kind = 'i' THEN 'charging.session_started' ELSE 'charging.session_ended' END,
           CASE WHEN d.kind = 'i'
                THEN jsonb_build_object(
                    'session_id', d.session_id, 'apn', (:apns::text[])[d.event],
                    'visited_plmn', (:plmns::text[])[d.event],
                    'framed_address', coalesce((:addresses::text[])[d.event], ''))
                ELSE jsonb_build_object('session_id', d.session_id) END, :now
    FROM done d WHERE d.is_first AND d.kind <> 'u'
)
SELECT array_agg(d.request) AS requests, NULL::bytea AS answer FROM done d WHERE d.is_first
UNION ALL
SELECT ARRAY[e.request], r.answer
FROM every e
JOIN charging_request r ON r.session_id = ANY (ARRAY[e.session_id]) AND r.number = e.number
WHERE e.is_first AND NOT e.is_fresh;
