-- claim_posting_key
-- Takes a key for a posting; no row if it was used before: then nothing is to be done.
INSERT INTO posting_key (account_id, key, operator_id, entry_id, posted_at)
VALUES (:account_id, :key, :operator_id, :entry_id, :now)
ON CONFLICT (account_id, key) DO NOTHING
RETURNING entry_id;

-- post_entry
-- One movement of a bucket that no session caused, with who did it and why.
INSERT INTO ledger (entry_id, posted_at, operator_id, account_id, bucket_id, line_id, kind, unit,
                    currency, amount, used_units, reason, actor)
VALUES (:entry_id, :now, :operator_id, :account_id, :bucket_id, :line_id, :kind, :unit,
        :currency, :amount, 0, :reason, :actor);

-- move_bucket
-- Adds to (or takes from) a locked bucket by hand.
UPDATE bucket
SET remaining = remaining + :amount::numeric, initial = initial + :added::numeric,
    notify_below = :notify_below
WHERE bucket_id = :bucket_id
RETURNING remaining, reserved;

-- end_buckets
-- Closes what a line holds of a source at an instant: a plan that is replaced.
UPDATE bucket SET valid_until = :now
WHERE account_id = :account_id AND owner_id = :owner_id AND source = :source
  AND (valid_until IS NULL OR valid_until > :now)
RETURNING bucket_id;

-- list_buckets
-- What an account holds, for people: the ended ones only where they still hold something.
SELECT bucket_id, owner_id, unit, currency, name, source, initial, remaining, reserved, floor,
       priority, valid_from, valid_until, created_at
FROM bucket
WHERE account_id = :account_id AND (valid_until IS NULL OR valid_until > :now)
ORDER BY priority, valid_until NULLS LAST, created_at, bucket_id;

-- list_ledger
-- The newest movements of an account.
SELECT entry_id, posted_at, bucket_id, line_id, kind, unit, currency, amount, used_units,
       session_id, number, rating_group, reason, actor
FROM ledger
WHERE account_id = :account_id
ORDER BY posted_at DESC, entry_id DESC
LIMIT :most::int;

-- find_posting_key
-- What was posted under a key.
SELECT entry_id, posted_at FROM posting_key WHERE account_id = :account_id AND key = :key;
