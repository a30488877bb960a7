-- put_authentication
-- Gives a card's sealed key to the authentication function. A sequence number, once there, stays:
-- the card has seen it.
INSERT INTO authentication (core_id, imsi, operator_id, account_id, line_id, iccid, sealed_key,
                            sqn, consecutive_resyncs)
VALUES (:core_id, :imsi, :operator_id, :account_id, :line_id, :iccid, :sealed_key, :sqn, 0)
ON CONFLICT (core_id, imsi) DO UPDATE
SET operator_id = excluded.operator_id, account_id = excluded.account_id,
    line_id = excluded.line_id, iccid = excluded.iccid, sealed_key = excluded.sealed_key;

-- remove_authentication
-- Takes a card from the authentication function; its sequence number goes back to the stock.
DELETE FROM authentication WHERE line_id = :line_id RETURNING core_id, imsi, sqn;

-- find_authentication
-- A card's sealed key, for the rare request that must be checked before it is counted.
SELECT core_id, imsi, iccid, sealed_key, sqn, line_id, operator_id, account_id
FROM authentication WHERE core_id = :core_id AND imsi = :imsi;

-- note_resynchronisation
-- A card asked for resynchronisation: counted in the hour that began with the first of them, and
-- told by the event that belongs to it, if one does. `kind` is '' where it is none; the event of a
-- wrong proof is told with the hour's first, the one of a suspicion (`alarm_kind`) with the
-- `alarm_at`th of either sort.
WITH counted AS (
    UPDATE authentication a
    SET resyncs_since = CASE WHEN a.resyncs_since > :since THEN a.resyncs_since ELSE :now END,
        resyncs_counted = CASE WHEN a.resyncs_since > :since THEN a.resyncs_counted ELSE 0 END
                          + (NOT :is_forged::bool)::int,
        mac_failures = CASE WHEN a.resyncs_since > :since THEN a.mac_failures ELSE 0 END
                       + :is_forged::bool::int
    WHERE a.core_id = :core_id AND a.imsi = :imsi
    RETURNING a.operator_id, a.account_id, a.line_id, a.resyncs_counted, a.mac_failures
)
INSERT INTO outbox (event_id, operator_id, account_id, line_id, kind, payload, occurred_at)
SELECT e.event_id, c.operator_id, c.account_id, c.line_id, e.kind, e.payload, :now
FROM counted c
CROSS JOIN LATERAL (VALUES
    (:event_id::uuid, :kind::text, :payload::jsonb,
     :kind <> '' AND (NOT :is_forged::bool OR c.mac_failures = 1)),
    (:alarm_id::uuid, :alarm_kind::text, :alarm_payload::jsonb,
     NOT :is_forged::bool AND c.resyncs_counted = :alarm_at::int)
) AS e (event_id, kind, payload, is_told)
WHERE e.is_told
RETURNING kind;

-- issue_sequence_numbers
-- Batch: locks the cards in order, steps each sequence number by its vectors, and returns the
-- first new one with all that decides whether the vectors may be handed out. A
-- resynchronisation (resync_sqns is not null) takes the card's number, unless ours is ahead of it
-- by no more than the card accepts (TS 33.102 sections 6.3.5 and C.2.1: delta 2^28; 43 bits). A
-- first number of more than 48 bits means that the card is used up.
WITH asked AS MATERIALIZED (
    SELECT x.ordinality, x.vectors, x.ind, x.resync_sqn, x.node, x.plmn, a.core_id, a.imsi, a.sqn,
           a.sealed_key, a.iccid, a.line_id, a.operator_id, a.account_id, a.consecutive_resyncs
    FROM unnest(:core_ids::uuid[], :imsis::text[], :vectors::int[], :inds::int[],
                :resync_sqns::bigint[], :nodes::text[], :plmns::text[])
         WITH ORDINALITY AS x (core_id, imsi, vectors, ind, resync_sqn, node, plmn, ordinality)
    JOIN authentication a ON a.core_id = x.core_id AND a.imsi = x.imsi
    ORDER BY a.core_id, a.imsi
    FOR UPDATE OF a
),
based AS (
    SELECT asked.*,
           CASE WHEN resync_sqn IS NULL
                  OR ((sqn >> 5) + 1 - (resync_sqn >> 5) BETWEEN 1 AND 268435456
                      AND (sqn >> 5) < 8796093022207)
                THEN sqn >> 5 ELSE resync_sqn >> 5 END AS seq,
           CASE WHEN resync_sqn IS NULL THEN 0 ELSE consecutive_resyncs + 1 END AS resyncs
    FROM asked
),
stepped AS (
    UPDATE authentication a
    SET sqn = least(((b.seq + b.vectors) << 5) | b.ind, 281474976710655),
        consecutive_resyncs = b.resyncs, last_requested_at = :now,
        first_requested_at = coalesce(a.first_requested_at, :now),
        last_serving_node = b.node, last_visited_plmn = b.plmn, last_refusal = ''
    FROM based b
    WHERE a.core_id = b.core_id AND a.imsi = b.imsi
)
SELECT b.ordinality, ((b.seq + 1) << 5) | b.ind AS first_sqn, b.iccid, b.sealed_key,
       b.resyncs, b.line_id, l.imsi AS line_imsi, l.msisdn, l.profile, l.profile_version,
       l.is_exhausted
FROM based b
LEFT JOIN line l ON l.line_id = b.line_id;
