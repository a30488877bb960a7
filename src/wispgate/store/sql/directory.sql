-- read_installation
-- What was fixed when this installation was made.
SELECT partitions FROM installation;

-- is_at_home
-- Whether this server is the one that the database's numbers of transactions fit.
SELECT system_identifier IN ('', (SELECT c.system_identifier::text FROM pg_control_system() c))
    AS is_at_home
FROM installation;

-- add_account
-- Writes where a new account lives.
INSERT INTO account (account_id, operator_id, partition)
VALUES (:account_id, :operator_id, :partition);

-- find_account
-- The partition of an account.
SELECT account_id, operator_id, partition FROM account WHERE account_id = :account_id;

-- add_identity
-- Points an identity of a core at its line. Fails on the primary key if another line has it.
INSERT INTO identity (core_id, kind, value, operator_id, account_id, partition, line_id)
VALUES (:core_id, :kind, :value, :operator_id, :account_id, :partition, :line_id);

-- remove_identities
-- Takes all identities of one kind from a line; nothing remains to be found by them.
DELETE FROM identity WHERE line_id = :line_id AND kind = :kind RETURNING core_id, value;

-- find_identities
-- Batch: where the identities of one kind point, for those that exist.
SELECT core_id, value, operator_id, account_id, partition, line_id
FROM identity
WHERE kind = :kind
  AND (core_id, value) IN (SELECT * FROM unnest(:core_ids::uuid[], :values::text[]));

-- has_accounts
-- Whether anybody has an account, of those that the transaction sees.
SELECT account_id FROM account LIMIT 1;
