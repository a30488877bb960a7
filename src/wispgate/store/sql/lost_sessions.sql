-- list_lost_policy_sessions
-- Open policy sessions with a peer that has lost them.
SELECT session_id FROM policy_session
WHERE core_id = :core_id AND peer = :identity AND is_open AND opened_at < :now
ORDER BY session_id;

-- close_lost_policy_sessions
-- Batch: ends them, and tells who follows the line.
WITH closed AS (
    UPDATE policy_session s SET is_open = false, seen_at = :now, closed_at = :now
    FROM unnest(:session_ids::text[], :event_ids::uuid[]) AS x (session_id, event_id)
    WHERE s.session_id = x.session_id AND s.is_open
    RETURNING s.*, x.event_id
),
told AS (
    INSERT INTO outbox (event_id, operator_id, account_id, line_id, kind, payload, occurred_at)
    SELECT event_id, operator_id, account_id, line_id, 'line.session_ended',
           jsonb_build_object('session_id', session_id, 'apn', apn, 'imsi', imsi,
                              'address', framed_address), :now
    FROM closed
)
SELECT session_id FROM closed;

-- list_lost_charging_lines
-- Lines with open charging sessions at a peer that has lost them.
SELECT DISTINCT line_id FROM charging_session
WHERE core_id = :core_id AND peer = :identity AND is_open AND opened_at < :now
ORDER BY line_id;

-- lock_lost_charging_sessions
-- Locks them, so that `settle_lost_charging_sessions`, which comes next in the same transaction,
-- sees what they hold as it is after all charging that was under way.
SELECT session_id FROM charging_session
WHERE line_id = :line_id AND core_id = :core_id AND peer = :identity AND is_open
  AND opened_at < :now
ORDER BY session_id FOR UPDATE;

-- settle_lost_charging_sessions
-- Ends them: what they hold is given back, caps included. What was reported stays charged.
WITH open_ones AS MATERIALIZED (
    SELECT session_id, groups FROM charging_session
    WHERE line_id = :line_id AND core_id = :core_id AND peer = :identity AND is_open
      AND opened_at < :now
),
held AS MATERIALIZED (
    SELECT u.bucket_id, sum(u.amount) AS amount
    FROM open_ones o
    CROSS JOIN LATERAL unnest(o.groups) AS g
    CROSS JOIN LATERAL unnest(g.held_buckets, g.held_amounts) AS u (bucket_id, amount)
    GROUP BY u.bucket_id
),
locked AS MATERIALIZED (
    SELECT b.bucket_id, b.unit, b.reserved, b.caps, h.amount
    FROM held h
    JOIN bucket b ON b.bucket_id = h.bucket_id
    ORDER BY b.account_id, b.bucket_id
    FOR UPDATE OF b
),
freed AS (
    UPDATE bucket b
    SET reserved = l.reserved - l.amount,
        caps = CASE WHEN l.caps IS NULL THEN NULL ELSE (
            SELECT jsonb_agg(
                CASE WHEN c.cap->>'line_id' <> :line_id::text THEN c.cap
                     WHEN l.unit = 'money' THEN c.cap || jsonb_build_object(
                         'reserved', ((c.cap->>'reserved')::numeric - l.amount)::text)
                     ELSE c.cap || jsonb_build_object(
                         'reserved', ((c.cap->>'reserved')::numeric - l.amount)::bigint) END)
            FROM jsonb_array_elements(l.caps) AS c (cap)) END
    FROM locked l
    WHERE b.bucket_id = l.bucket_id
)
UPDATE charging_session s
SET is_open = false, closed_at = :now, seen_at = :now,
    groups = ARRAY(
        SELECT ROW(g.rating_group, g.rated_units, 0, g.granted_at, g.is_final, '{}',
                   '{}')::charging_group
        FROM unnest(o.groups) AS g)
FROM open_ones o
WHERE s.session_id = o.session_id
RETURNING s.session_id;
