-- note_held_keys
-- A Diameter process says which keys it can open seals of.
INSERT INTO key_holder (holder, key_ids, seen_at) VALUES (:holder, :key_ids::text[], :now)
ON CONFLICT (holder) DO UPDATE SET key_ids = excluded.key_ids, seen_at = excluded.seen_at;

-- list_key_holders
-- Which process can open seals of which keys, and when it said so.
SELECT holder, key_ids, seen_at FROM key_holder ORDER BY holder;

-- list_puk_requests
-- Questions for PUKs that nobody has answered yet.
SELECT id, iccid, sealed_codes, recipient FROM inventory_pukrequest
WHERE answer IS NULL AND failure = '' ORDER BY asked_at LIMIT 20;

-- answer_puk_request
-- The answer, sealed for who asked, or why there is none.
UPDATE inventory_pukrequest SET answer = :answer, failure = :failure WHERE id = :id;

-- forget_puk_requests
-- Questions whose answers nobody fetched in time.
DELETE FROM inventory_pukrequest WHERE asked_at < :before;
