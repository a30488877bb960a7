-- append_event
-- Adds an event to the outbox of the search path: of a partition for events of an account, the
-- public one for all others.
INSERT INTO outbox (event_id, operator_id, account_id, line_id, kind, payload, occurred_at)
VALUES (:event_id, :operator_id, :account_id, :line_id, :kind, :payload::jsonb, :occurred_at);

-- read_events
-- Events after a cursor and below the oldest running transaction, so that none that commits late
-- is ever passed over.
SELECT event_id, xid::text AS xid, operator_id, account_id, line_id, kind, payload, occurred_at
FROM outbox
WHERE (xid, event_id) > (:after_xid::text::xid8, :after_event_id::uuid)
  AND xid < public.settled_before()::text::xid8
ORDER BY xid, event_id
LIMIT :most::int;

-- prune_events
-- Removes the first events of an outbox as far as every consumer has passed them and they are old,
-- a portion at a time. They go in their order: behind one that is kept nothing is looked for.
DELETE FROM outbox
WHERE event_id IN (
    SELECT event_id FROM (
        SELECT event_id, xid, occurred_at FROM outbox ORDER BY outbox.xid, event_id LIMIT :most::int
    ) AS first
    WHERE (xid, event_id) <= (:up_to_xid::text::xid8, :up_to_event_id::uuid)
      AND occurred_at < :before
)
RETURNING event_id;

-- lock_cursor
-- A consumer's place in one outbox, locked so that two workers never deliver the same events. No
-- place can be ahead of the transactions that have ended, unless their count was set back.
SELECT xid::text AS xid, event_id, xid >= public.settled_before()::text::xid8 AS is_ahead
FROM delivery_cursor
WHERE consumer = :consumer AND source = :source
FOR UPDATE SKIP LOCKED;

-- create_cursor
-- A new consumer begins before the first event.
INSERT INTO delivery_cursor (consumer, source, xid, event_id)
VALUES (:consumer, :source, '0', '00000000-0000-0000-0000-000000000000')
ON CONFLICT DO NOTHING;

-- move_cursor
-- Everything up to this event has been delivered.
UPDATE delivery_cursor SET xid = :xid::text::xid8, event_id = :event_id
WHERE consumer = :consumer AND source = :source;

-- list_cursors
-- The places of all consumers in one outbox.
SELECT consumer, xid::text AS xid, event_id FROM delivery_cursor WHERE source = :source;

-- measure_backlog
-- How many events come after a place, at most so many, and when the oldest of them happened.
SELECT count(*) AS waiting, min(occurred_at) AS oldest
FROM (
    SELECT occurred_at FROM outbox
    WHERE (xid, event_id) > (:after_xid::text::xid8, :after_event_id::uuid)
    ORDER BY xid, event_id
    LIMIT :most::int
) AS late;
