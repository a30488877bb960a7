-- lock_charging_sessions
-- Locks the sessions that a batch of requests names; what else belongs to them is read afterwards.
SELECT session_id, operator_id, account_id, line_id, core_id, peer, apn, visited_plmn,
       framed_address, plan_id, plan_version, last_number, is_open, opened_at, closed_at
FROM charging_session
WHERE session_id = ANY(:session_ids::text[])
ORDER BY session_id
FOR UPDATE;

-- find_charging_session
-- Whose session it is, where the directory does not know the subscriber any more.
SELECT session_id, operator_id, account_id, line_id, core_id
FROM charging_session WHERE session_id = :session_id AND core_id = :core_id;

-- read_charging_lines
-- What charging must know of lines. Not locked: their state may change until the buckets are.
SELECT line_id, operator_id, account_id, core_id, profile, profile_version, plan_id, plan_version,
       time_zone, is_exhausted
FROM line WHERE line_id = ANY(:line_ids::uuid[]);

-- lock_buckets
-- Locks the buckets of accounts, always in this order. Those long ended that hold nothing are left
-- out; they are read by the next statement, since one that was bought while this one waited for
-- its locks is not seen by it.
SELECT bucket_id FROM bucket
WHERE account_id = ANY(:account_ids::uuid[])
  AND (valid_until IS NULL OR valid_until > :ended_after OR reserved <> 0)
ORDER BY account_id, bucket_id
FOR UPDATE;

-- read_buckets
-- The locked buckets as they are now.
SELECT bucket_id, operator_id, account_id, owner_id, unit, currency, initial, remaining,
       reserved, floor, priority, valid_from, valid_until, rating_groups, zones, time_window, caps,
       top_up_count, created_at
FROM bucket
WHERE account_id = ANY(:account_ids::uuid[])
  AND (valid_until IS NULL OR valid_until > :ended_after OR reserved <> 0);

-- read_session_groups
-- The rating groups of locked sessions.
SELECT s.session_id, g.rating_group, g.rated_units, g.granted_units, g.granted_at, g.is_final,
       g.held_buckets, g.held_amounts
FROM charging_session s CROSS JOIN LATERAL unnest(s.groups) AS g
WHERE s.session_id = ANY(:session_ids::text[]);

-- read_charging_requests
-- Answers already given to requests of a batch.
SELECT session_id, number, answer FROM charging_request
WHERE (session_id, number) IN (SELECT * FROM unnest(:session_ids::text[], :numbers::bigint[]));

-- insert_charging_sessions
-- New sessions. Fails on the primary key if another process opened one meanwhile. Groups stand in
-- arrays that name their session's place, what they hold in arrays that name the group's.
INSERT INTO charging_session (session_id, operator_id, account_id, line_id, core_id, peer, apn,
    visited_plmn, framed_address, plan_id, plan_version, last_number, is_open, opened_at, seen_at,
    closed_at, groups)
SELECT x.session_id, x.operator_id, x.account_id, x.line_id, x.core_id, x.peer, x.apn, x.plmn,
       x.address, x.plan_id, x.plan_version, x.last_number, x.is_open, x.opened_at, :now,
       x.closed_at, coalesce(y.groups, '{}')
FROM unnest(:session_ids::text[], :operator_ids::uuid[], :account_ids::uuid[], :line_ids::uuid[],
            :core_ids::uuid[], :peers::text[], :apns::text[], :plmns::text[], :addresses::text[],
            :plan_ids::uuid[], :plan_versions::int[], :last_numbers::bigint[], :are_open::bool[],
            :opened_ats::timestamptz[], :closed_ats::timestamptz[])
     WITH ORDINALITY AS x (session_id, operator_id, account_id, line_id, core_id, peer, apn, plmn,
                           address, plan_id, plan_version, last_number, is_open, opened_at,
                           closed_at, place)
LEFT JOIN LATERAL (
    SELECT array_agg(ROW(g.rating_group, g.rated_units, g.granted_units, g.granted_at, g.is_final,
                         coalesce(h.buckets, '{}'), coalesce(h.amounts, '{}'))::charging_group)
               AS groups
    FROM unnest(:group_of::int[], :rating_groups::bigint[], :rated_units::bigint[],
                :granted_units::bigint[], :granted_ats::timestamptz[], :are_final::bool[])
         WITH ORDINALITY AS g (session, rating_group, rated_units, granted_units, granted_at,
                               is_final, place)
    LEFT JOIN LATERAL (
        SELECT array_agg(u.bucket_id) AS buckets, array_agg(u.amount) AS amounts
        FROM unnest(:held_by::int[], :held_buckets::uuid[], :held_amounts::numeric[])
             AS u (place, bucket_id, amount)
        WHERE u.place = g.place
    ) h ON true
    WHERE g.session = x.place
) y ON true;

-- update_charging_sessions
-- Sessions after a batch of requests; a client that began one anew has new facts for it too, and
-- groups that it does not name any more are gone.
UPDATE charging_session s
SET peer = x.peer, apn = x.apn, visited_plmn = x.plmn, framed_address = x.address,
    plan_id = x.plan_id, plan_version = x.plan_version, last_number = x.last_number,
    is_open = x.is_open, opened_at = x.opened_at, seen_at = :now, closed_at = x.closed_at,
    groups = coalesce(y.groups, '{}')
FROM unnest(:session_ids::text[], :peers::text[], :apns::text[], :plmns::text[],
            :addresses::text[], :plan_ids::uuid[], :plan_versions::int[], :last_numbers::bigint[],
            :are_open::bool[], :opened_ats::timestamptz[], :closed_ats::timestamptz[])
     WITH ORDINALITY AS x (session_id, peer, apn, plmn, address, plan_id, plan_version,
                           last_number, is_open, opened_at, closed_at, place)
LEFT JOIN LATERAL (
    SELECT array_agg(ROW(g.rating_group, g.rated_units, g.granted_units, g.granted_at, g.is_final,
                         coalesce(h.buckets, '{}'), coalesce(h.amounts, '{}'))::charging_group)
               AS groups
    FROM unnest(:group_of::int[], :rating_groups::bigint[], :rated_units::bigint[],
                :granted_units::bigint[], :granted_ats::timestamptz[], :are_final::bool[])
         WITH ORDINALITY AS g (session, rating_group, rated_units, granted_units, granted_at,
                               is_final, place)
    LEFT JOIN LATERAL (
        SELECT array_agg(u.bucket_id) AS buckets, array_agg(u.amount) AS amounts
        FROM unnest(:held_by::int[], :held_buckets::uuid[], :held_amounts::numeric[])
             AS u (place, bucket_id, amount)
        WHERE u.place = g.place
    ) h ON true
    WHERE g.session = x.place
) y ON true
WHERE s.session_id = x.session_id;

-- update_buckets
-- Buckets that were locked, after a batch of requests.
UPDATE bucket b
SET remaining = x.remaining, reserved = x.reserved, caps = x.caps::jsonb,
    top_up_count = x.top_up_count, notify_below = x.notify_below
FROM unnest(:bucket_ids::uuid[], :remaining::numeric[], :reserved::numeric[], :caps::text[],
            :top_up_counts::int[], :notify_below::numeric[])
     AS x (bucket_id, remaining, reserved, caps, top_up_count, notify_below)
WHERE b.bucket_id = x.bucket_id;

-- insert_bucket
-- A new bucket: an allowance, a top-up. The primary key keeps one from being bought twice.
INSERT INTO bucket (bucket_id, operator_id, account_id, owner_id, unit, currency, name, source,
    initial, remaining, reserved, floor, priority, valid_from, valid_until, rating_groups, zones,
    time_window, caps, top_up_count, is_plain, notify_below, created_at)
VALUES (:bucket_id, :operator_id, :account_id, :owner_id, :unit, :currency, :name, :source,
        :initial, :remaining, :reserved, :floor, :priority, :valid_from, :valid_until,
        :rating_groups::bigint[], :zones::text[], :time_window::jsonb, :caps::jsonb, :top_up_count,
        :is_plain, :notify_below, :created_at);

-- insert_ledger_entries
-- Movements of buckets, and usage that none of them paid for.
INSERT INTO ledger (entry_id, posted_at, operator_id, account_id, bucket_id, line_id, kind, unit,
                    currency, amount, used_units, session_id, number, rating_group)
SELECT x.entry_id, :now, x.operator_id, x.account_id, x.bucket_id, x.line_id, x.kind, x.unit,
       x.currency, x.amount, x.used_units, x.session_id, x.number, x.rating_group
FROM unnest(:entry_ids::uuid[], :operator_ids::uuid[], :account_ids::uuid[], :bucket_ids::uuid[],
            :line_ids::uuid[], :kinds::text[], :units::text[], :currencies::text[],
            :amounts::numeric[], :used_units::bigint[], :session_ids::text[], :numbers::bigint[],
            :rating_groups::bigint[])
     AS x (entry_id, operator_id, account_id, bucket_id, line_id, kind, unit, currency, amount,
           used_units, session_id, number, rating_group);

-- insert_charging_requests
-- What was answered. Fails on the primary key if another process answered meanwhile.
INSERT INTO charging_request (session_id, number, operator_id, answer, handled_at)
SELECT x.session_id, x.number, x.operator_id, x.answer, :now
FROM unnest(:session_ids::text[], :numbers::bigint[], :operator_ids::uuid[], :answers::bytea[])
     AS x (session_id, number, operator_id, answer);

-- set_exhausted
-- Turns the flag of lines that ran out of data, or have some again.
UPDATE line l SET is_exhausted = x.is_exhausted
FROM unnest(:line_ids::uuid[], :are_exhausted::bool[]) AS x (line_id, is_exhausted)
WHERE l.line_id = x.line_id;

-- append_events
-- Several events at once, in the transaction that made them true.
INSERT INTO outbox (event_id, operator_id, account_id, line_id, kind, payload, occurred_at)
SELECT x.event_id, x.operator_id, x.account_id, x.line_id, x.kind, x.payload::jsonb, :now
FROM unnest(:event_ids::uuid[], :operator_ids::uuid[], :account_ids::uuid[], :line_ids::uuid[],
            :kinds::text[], :payloads::text[])
     AS x (event_id, operator_id, account_id, line_id, kind, payload);

-- prune_charging_requests
-- Forgets answers that nobody can ask for again, a portion at a time.
DELETE FROM charging_request
WHERE (session_id, number) IN (
    SELECT session_id, number FROM charging_request
    WHERE handled_at < :before LIMIT :most::int
)
RETURNING number;

-- lock_open_sessions
-- Locks the open sessions of a line, so that `settle_open_sessions`, which comes next in the same
-- transaction, sees what they hold as it is after all charging that was under way.
SELECT session_id FROM charging_session
WHERE line_id = :line_id AND is_open ORDER BY session_id FOR UPDATE;

-- settle_open_sessions
-- Ends the open sessions of a line that moves to another account, or leaves: what they hold is
-- given back, caps included. What the phone reports afterwards is charged as late usage.
WITH open_ones AS MATERIALIZED (
    SELECT session_id, groups FROM charging_session WHERE line_id = :line_id AND is_open
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
