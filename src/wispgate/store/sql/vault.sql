-- note_held_keys
-- A Diameter process says which keys it can open seals of.
INSERT INTO key_holder (holder, key_ids, seen_at) VALUES (:holder, :key_ids::text[], :now)
ON CONFLICT (holder) DO UPDATE SET key_ids = excluded.key_ids, seen_at = excluded.seen_at;

-- list_key_holders
-- Which process can open seals of which keys, and when it said so.
SELECT holder, key_ids, seen_at FROM key_holder ORDER BY holder;
