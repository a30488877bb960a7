-- lock_line
-- Holds one line while its pushes are decided: two processes that heard of the same change take
-- turns, and the second finds nothing left to do.
SELECT line_id FROM line WHERE line_id = :line_id FOR UPDATE;

-- read_enforced_lines
-- Batch: what the network is to do for these lines, what enforcement acted upon last, and when
-- their cards were last asked for vectors.
SELECT l.line_id, l.operator_id, l.account_id, l.core_id, l.imsi, l.msisdn, l.profile::text,
       l.profile_version, l.is_exhausted, l.enforced_profile::text, l.enforced_exhausted,
       a.last_requested_at
FROM line l
LEFT JOIN authentication a ON a.core_id = l.core_id AND a.imsi = l.imsi
WHERE l.line_id = ANY (:line_ids::uuid[]);

-- read_line_registrations
-- Batch: where the cards of these lines are or were registered.
SELECT line_id, core_id, imsi, node, mme_host, mme_realm, visited_plmn, rat_type, feature_list_1,
       feature_list_2, known_profile_version, registered_at, seen_at, purged_at
FROM registration WHERE line_id = ANY (:line_ids::uuid[]);

-- read_line_gx_sessions
-- Batch: policy sessions of these lines that are open, or ended not long ago.
SELECT line_id, session_id, core_id, peer, origin_host, origin_realm, imsi, apn, visited_plmn, qci,
       up_bps, down_bps, profile_version, is_open, opened_at, seen_at, closed_at
FROM policy_session
WHERE line_id = ANY (:line_ids::uuid[]) AND (is_open OR closed_at >= :since);

-- read_line_gy_sessions
-- Batch: charging sessions of these lines that are open, or ended not long ago.
SELECT line_id, session_id, core_id, peer, apn, is_open, opened_at, seen_at, closed_at
FROM charging_session
WHERE line_id = ANY (:line_ids::uuid[]) AND (is_open OR closed_at >= :since);

-- read_open_pushes
-- Batch: pushes of these lines that are not ended, in the order in which they were asked for.
SELECT push_id, operator_id, account_id, line_id, core_id, effect, means, rung, wanted_version,
       cause, imsi, session_id, target_host, target_realm, next_hop, state, attempts, result,
       first_attempt, sent_host, sent_realm, asked_at, sent_at, acknowledged_at, deadline, contexts
FROM push
WHERE line_id = ANY (:line_ids::uuid[])
  AND state IN ('asked', 'waiting_for_peer', 'sent', 'acknowledged')
ORDER BY push_id;

-- list_lines_with_pushes
-- Of these lines, those that something is under way for: of all that is seen on the network, next
-- to nothing is evidence of anything.
SELECT DISTINCT line_id FROM push
WHERE line_id = ANY (:line_ids::uuid[])
  AND state IN ('asked', 'waiting_for_peer', 'sent', 'acknowledged');

-- add_pushes
-- Batch: new pushes; one that is there already stays as it is.
INSERT INTO push (push_id, operator_id, account_id, line_id, core_id, effect, means, rung,
                  wanted_version, cause, imsi, session_id, target_host, target_realm, next_hop,
                  state, evidence, asked_at, ended_at, deadline, contexts)
SELECT push_id, :operator_id::uuid, :account_id::uuid, :line_id::uuid, core_id, effect, means,
       rung, :wanted_version::bigint, cause, imsi, session_id, target_host, target_realm,
       next_hop, state, evidence, :now::timestamptz,
       CASE WHEN state = 'in_effect' THEN :now::timestamptz END, deadline,
       string_to_array(contexts, ' ')::bigint[]
FROM unnest(:push_ids::uuid[], :core_ids::uuid[], :effects::text[], :means::text[], :rungs::int[],
            :causes::text[], :imsis::text[], :session_ids::text[], :hosts::text[], :realms::text[],
            :hops::text[], :states::text[], :evidences::text[], :deadlines::timestamptz[],
            :contexts::text[])
     AS x (push_id, core_id, effect, means, rung, cause, imsi, session_id, target_host,
           target_realm, next_hop, state, evidence, deadline, contexts)
ON CONFLICT (push_id) DO NOTHING
RETURNING push_id;

-- supersede_pushes
-- What was wanted of a card before is wanted no more. That a node forgets a phone which has left
-- it stays wanted.
UPDATE push SET state = 'superseded', evidence = :reason, ended_at = :now
WHERE line_id = :line_id AND imsi = :imsi AND effect <> 'leave_node'
  AND state IN ('asked', 'waiting_for_peer', 'sent', 'acknowledged')
RETURNING push_id;

-- set_enforced
-- From now on the network is taken to know, or to be told, this profile.
UPDATE line SET enforced_profile = :profile::jsonb, enforced_exhausted = :is_exhausted
WHERE line_id = :line_id;

-- take_pushes
-- The pushes that may leave now through these hops: of a line and hop only the first, and none
-- while another is under way. One that found its peer busy waits a little, and one whose sender went
-- silent is taken again. They are marked as sent before they are. One that is without an answer
-- keeps the name under which it left first: it is a repetition.
WITH taken AS MATERIALIZED (
    SELECT p.push_id, h.host, h.realm
    FROM push p
    JOIN unnest(:core_ids::uuid[], :identities::text[], :hosts::text[], :realms::text[])
         AS h (core_id, identity, host, realm)
      ON p.core_id = h.core_id AND p.next_hop = h.identity
    WHERE (p.state = 'waiting_for_peer'
           OR (p.state = 'asked'
               AND (p.sent_at IS NULL OR p.sent_at <= :busy_since::timestamptz))
           OR (p.state = 'sent' AND p.sent_at < :silent_since::timestamptz))
      AND NOT EXISTS (
          SELECT 1 FROM push q
          WHERE q.line_id = p.line_id AND q.next_hop = p.next_hop AND q.push_id < p.push_id
            AND q.state IN ('asked', 'waiting_for_peer', 'sent'))
    ORDER BY p.push_id
    LIMIT :most::int
    FOR UPDATE OF p SKIP LOCKED
)
UPDATE push
SET state = 'sent', sent_at = :now, attempts = attempts + 1,
    first_attempt = CASE WHEN sent_host = '' THEN attempts + 1 ELSE first_attempt END,
    sent_host = CASE WHEN sent_host = '' THEN taken.host ELSE sent_host END,
    sent_realm = CASE WHEN sent_host = '' THEN taken.realm ELSE sent_realm END
FROM taken WHERE push.push_id = taken.push_id
RETURNING push.push_id, operator_id, account_id, line_id, core_id, effect, means, rung,
          wanted_version, cause, imsi, session_id, target_host, target_realm, next_hop, state,
          attempts, result, first_attempt, sent_host, sent_realm, asked_at, sent_at,
          acknowledged_at, deadline, contexts;

-- settle_push
-- What became of a push that was sent; nothing if it was ended meanwhile. What may have arrived
-- and is without an answer keeps its name and number for when it is sent again.
UPDATE push
SET state = :state::text, result = :result,
    acknowledged_at = CASE WHEN :state::text = 'acknowledged' THEN :now ELSE acknowledged_at END,
    ended_at = CASE WHEN :state::text IN ('failed', 'superseded') THEN :now::timestamptz END,
    evidence = :evidence,
    sent_host = CASE WHEN :is_unanswered THEN sent_host ELSE '' END
WHERE push_id = :push_id AND state = 'sent' AND attempts = :attempts
RETURNING push_id;

-- end_push
-- Closes a push by what was seen, or by its deadline. Only one who asks gets it back.
UPDATE push SET state = :state, evidence = :evidence, ended_at = :now
WHERE push_id = :push_id AND state IN ('asked', 'waiting_for_peer', 'sent', 'acknowledged')
RETURNING push_id;

-- extend_push
-- A push goes on waiting for its peer, while another means is tried as well.
UPDATE push SET deadline = :deadline
WHERE push_id = :push_id AND state IN ('asked', 'waiting_for_peer') AND deadline < :deadline
RETURNING push_id;

-- wait_for_peers
-- Whose next hop nobody holds waits for it.
UPDATE push SET state = 'waiting_for_peer'
WHERE state = 'asked' AND next_hop > '' AND (core_id, next_hop) NOT IN
    (SELECT * FROM unnest(:core_ids::uuid[], :identities::text[]))
RETURNING push_id;

-- list_lines_under_way
-- Lines of pushes that left and have not shown their effect.
SELECT DISTINCT line_id FROM push
WHERE state IN ('sent', 'acknowledged') AND next_hop > ''
LIMIT :most::int;

-- list_overdue_lines
-- Lines of pushes that are past their deadline. Those for a hop come after '', before which stand
-- the many that only wait for their phone.
SELECT DISTINCT line_id FROM push
WHERE state IN ('asked', 'waiting_for_peer', 'sent', 'acknowledged') AND next_hop >= :least_hop
  AND deadline < :now
LIMIT :most::int;

-- forget_registration
-- A node gave the phone up, unless it came back there since we asked.
UPDATE registration SET purged_at = :now
WHERE core_id = :core_id AND imsi = :imsi AND mme_host = :host AND purged_at IS NULL
  AND seen_at <= :sent_at;

-- know_profile
-- A node has taken over this version of the profile.
UPDATE registration SET known_profile_version = :version
WHERE core_id = :core_id AND imsi = :imsi AND mme_host = :host AND purged_at IS NULL
  AND known_profile_version < :version;

-- lose_policy_session
-- A gateway says that it has no such session.
UPDATE policy_session SET is_open = false, closed_at = :now
WHERE session_id = :session_id AND is_open;

-- read_events_ahead
-- Events after a cursor, those too that are not below the oldest running transaction: they may be
-- acted upon, but a cursor may only move to settled ones, lest a late commit be passed over.
SELECT event_id, xid::text AS xid, line_id, kind, payload,
       xid < public.settled_before()::text::xid8 AS is_settled
FROM outbox
WHERE (xid, event_id) > (:after_xid::text::xid8, :after_event_id::uuid)
ORDER BY outbox.xid, event_id
LIMIT :most::int;

-- read_delivery_place
-- How far a consumer has read one outbox.
SELECT xid::text AS xid, event_id, xid >= public.settled_before()::text::xid8 AS is_ahead
FROM delivery_cursor
WHERE consumer = :consumer AND source = :source;

-- advance_delivery
-- Everything up to this event was acted upon; a slower process never turns the cursor back.
UPDATE delivery_cursor SET xid = :xid::text::xid8, event_id = :event_id
WHERE consumer = :consumer AND source = :source
  AND (xid, event_id) < (:xid::text::xid8, :event_id::uuid);

-- list_enforcing_peers
-- The nodes that may be told something, what kind of core each is, and which realms are reached
-- through it.
SELECT p.core_id, p.identity, p.realm, p.profile, p.routed_realms,
       EXISTS (SELECT 1 FROM peer_connection c
               WHERE c.core_id = p.core_id AND c.identity = p.identity
                 AND c.state NOT IN ('closed', 'calling') AND c.expires_at > :now) AS is_connected
FROM operators_peer p WHERE p.is_enabled;

-- list_held_connections
-- The nodes that some process of ours is connected with now.
SELECT DISTINCT core_id, identity FROM peer_connection
WHERE state NOT IN ('closed', 'calling') AND expires_at > :now;
