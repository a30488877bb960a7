-- read_unsealed_audit
-- Digests of audit entries after a place and below the oldest running transaction, in the order in
-- which they are sealed: no entry that commits late can come before one of these.
SELECT e.xid, e.id, e.operator_id, e.at,
    sha256(convert_to(audit_sealed(e, :form::int), 'UTF8')) AS digest
FROM audit_auditentry e
WHERE e.xid >= :after_xid::bigint
  AND (e.xid, e.id) > (:after_xid::bigint, :after_id::bigint)
  AND e.xid < public.settled_before()
ORDER BY e.xid, e.id
LIMIT :most::int;

-- read_unsealed_ledger
-- The same of a partition's ledger.
SELECT e.xid, e.entry_id AS id, e.operator_id, e.posted_at AS at,
    sha256(convert_to(ledger_sealed(e, :form::int), 'UTF8')) AS digest
FROM ledger e
WHERE e.xid >= :after_xid::bigint
  AND (e.xid, e.entry_id) > (:after_xid::bigint, :after_id::uuid)
  AND e.xid < public.settled_before()
ORDER BY e.xid, e.entry_id
LIMIT :most::int;

-- oldest_unsealed_audit
-- When the oldest entry after a place was written, whatever transaction keeps it from being sealed.
SELECT min(at) AS at FROM audit_auditentry
WHERE xid >= :after_xid::bigint AND (xid, id) > (:after_xid::bigint, :after_id::bigint);

-- oldest_unsealed_ledger
-- The same of a partition's ledger.
SELECT min(posted_at) AS at FROM ledger
WHERE xid >= :after_xid::bigint AND (xid, entry_id) > (:after_xid::bigint, :after_id::uuid);

-- read_chain_audit
-- One operator's entries after one place up to another, as they are now: digests and texts.
SELECT e.xid, e.id, sha256(convert_to(audit_sealed(e, :form::int), 'UTF8')) AS digest,
    CASE WHEN :with_text::bool THEN audit_sealed(e, :form::int) END AS text
FROM audit_auditentry e
WHERE e.operator_id IS NOT DISTINCT FROM :operator_id::uuid
  AND e.xid >= :after_xid::bigint AND e.xid <= :through_xid::bigint
  AND (e.xid, e.id) > (:after_xid::bigint, :after_id::bigint)
  AND (e.xid, e.id) <= (:through_xid::bigint, :through_id::bigint)
ORDER BY e.xid, e.id
LIMIT :most::int;

-- read_chain_ledger
-- The same of a partition's ledger.
SELECT e.xid, e.entry_id AS id, sha256(convert_to(ledger_sealed(e, :form::int), 'UTF8')) AS digest,
    CASE WHEN :with_text::bool THEN ledger_sealed(e, :form::int) END AS text
FROM ledger e
WHERE e.operator_id IS NOT DISTINCT FROM :operator_id::uuid
  AND e.xid >= :after_xid::bigint AND e.xid <= :through_xid::bigint
  AND (e.xid, e.entry_id) > (:after_xid::bigint, :after_id::uuid)
  AND (e.xid, e.entry_id) <= (:through_xid::bigint, :through_id::uuid)
ORDER BY e.xid, e.entry_id
LIMIT :most::int;

-- find_sealed_audit
-- Where an entry of that id stands now, whatever its operator.
SELECT e.xid, e.id, sha256(convert_to(audit_sealed(e, :form::int), 'UTF8')) AS digest
FROM audit_auditentry e WHERE e.id = :id::bigint;

-- find_sealed_ledger
-- The same of a partition's ledger.
SELECT e.xid, e.entry_id AS id, sha256(convert_to(ledger_sealed(e, :form::int), 'UTF8')) AS digest
FROM ledger e WHERE e.entry_id = :id::uuid;

-- count_chains_audit
-- How many entries each operator has up to a place: those of an operator without a chain, too.
SELECT operator_id, count(*) AS rows FROM audit_auditentry
WHERE (xid, id) <= (:through_xid::bigint, :through_id::bigint) GROUP BY operator_id;

-- count_chains_ledger
-- The same of a partition's ledger.
SELECT operator_id, count(*) AS rows FROM ledger
WHERE (xid, entry_id) <= (:through_xid::bigint, :through_id::uuid) GROUP BY operator_id;

-- read_audit_texts
-- The sealed texts of some entries, for an export that can be proved.
SELECT e.xid, e.id, e.operator_id, audit_sealed(e, :form::int) AS text
FROM audit_auditentry e WHERE e.id = ANY(:ids::bigint[]) ORDER BY e.xid, e.id;

-- is_place_ahead
-- Whether a place is ahead of the transactions that have ended: their count was set back.
SELECT :xid::bigint >= public.settled_before() AS is_ahead;
