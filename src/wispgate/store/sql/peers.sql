-- find_peers
-- The allowed peers of that identity, in every core.
SELECT p.id AS peer_id, p.core_id, c.name AS core, c.plmns, c.unknown_imsi,
       c.origin_host AS local_host, c.origin_realm AS local_realm, p.identity, p.realm,
       p.addresses, p.applications, p.profile, p.transport, p.certificate_authority, p.connect_to,
       p.routed_realms
FROM operators_peer p JOIN operators_core c ON c.id = p.core_id
WHERE p.identity = :identity AND p.is_enabled;

-- list_allowed_peers
-- All allowed peers, for what a node does without being asked: connect, listen for certificates,
-- route, and leave those that are allowed no more.
SELECT p.id AS peer_id, p.core_id, c.name AS core, c.plmns, c.unknown_imsi,
       c.origin_host AS local_host, c.origin_realm AS local_realm, p.identity, p.realm,
       p.addresses, p.applications, p.profile, p.transport, p.certificate_authority, p.connect_to,
       p.routed_realms
FROM operators_peer p JOIN operators_core c ON c.id = p.core_id
WHERE p.is_enabled
ORDER BY p.core_id, p.identity;

-- claim_connection
-- Takes the lease on a pair of identities for a connection that the peer opened, unless another
-- process holds a live one. Where a process of ours is just calling the peer, the election decides
-- (RFC 6733 section 5.6.4): who wins it keeps what the peer opened. `previous_state` is the peer's
-- Origin-State-Id as it was last.
WITH before AS (
    SELECT origin_state_id FROM peer_connection
    WHERE core_id = :core_id AND identity = :identity AND local_identity = :local_identity
)
INSERT INTO peer_connection (core_id, identity, holder, local_identity, remote_address, state,
    product_name, applications, origin_state_id, connected_at, expires_at, transport)
VALUES (:core_id, :identity, :holder, :local_identity, :remote_address, 'open', :product_name,
    :applications::bigint[], :origin_state_id, :now, :expires_at, :transport)
ON CONFLICT (core_id, identity, local_identity) DO UPDATE
SET holder = excluded.holder, remote_address = excluded.remote_address, state = excluded.state,
    product_name = excluded.product_name, applications = excluded.applications,
    origin_state_id = CASE WHEN excluded.origin_state_id = 0 THEN peer_connection.origin_state_id
                           ELSE excluded.origin_state_id END,
    connected_at = excluded.connected_at, expires_at = excluded.expires_at,
    transport = excluded.transport, is_called = false, detail = ''
WHERE peer_connection.expires_at <= :now OR peer_connection.state = 'closed'
   OR (peer_connection.state = 'calling' AND :wins_election::boolean)
   OR (peer_connection.state <> 'calling' AND peer_connection.holder = excluded.holder)
RETURNING holder, (SELECT origin_state_id FROM before) AS previous_state;

-- call_peer
-- Takes the lease before connecting, so that one process calls and the others wait.
INSERT INTO peer_connection (core_id, identity, holder, local_identity, remote_address, state,
    product_name, applications, origin_state_id, connected_at, expires_at, transport, is_called)
VALUES (:core_id, :identity, :holder, :local_identity, :remote_address, 'calling', '', '{}', 0,
    :now, :expires_at, :transport, true)
ON CONFLICT (core_id, identity, local_identity) DO UPDATE
SET holder = excluded.holder, remote_address = excluded.remote_address, state = excluded.state,
    connected_at = excluded.connected_at, expires_at = excluded.expires_at,
    transport = excluded.transport, is_called = true
WHERE peer_connection.expires_at <= :now OR peer_connection.state = 'closed'
   OR (peer_connection.state = 'calling' AND peer_connection.holder = excluded.holder)
RETURNING holder;

-- open_called_connection
-- The peer that we called has answered. Nothing where the election gave the lease to another
-- connection meanwhile.
WITH before AS (
    SELECT origin_state_id FROM peer_connection
    WHERE core_id = :core_id AND identity = :identity AND local_identity = :local_identity
)
UPDATE peer_connection
SET state = 'open', product_name = :product_name, applications = :applications::bigint[],
    remote_address = :remote_address, connected_at = :now, expires_at = :expires_at, detail = '',
    origin_state_id = CASE WHEN :origin_state_id::bigint = 0 THEN origin_state_id
                           ELSE :origin_state_id::bigint END
WHERE core_id = :core_id AND identity = :identity AND local_identity = :local_identity
  AND holder = :holder AND state = 'calling'
RETURNING holder, (SELECT origin_state_id FROM before) AS previous_state;

-- end_call
-- A call came to nothing.
UPDATE peer_connection SET state = 'closed', expires_at = :now, detail = :detail
WHERE core_id = :core_id AND identity = :identity AND local_identity = :local_identity
  AND holder = :holder AND state = 'calling';

-- renew_connections
-- Keeps the leases of a node's open connections alive. Those not returned are another node's now.
UPDATE peer_connection AS c SET expires_at = :expires_at
FROM unnest(:core_ids::uuid[], :identities::text[]) AS x (core_id, identity)
WHERE c.core_id = x.core_id AND c.identity = x.identity AND c.holder = :holder
  AND c.state NOT IN ('closed', 'calling')
RETURNING c.core_id, c.identity;

-- set_connection_state
-- What the watchdog thinks of a connection of ours.
UPDATE peer_connection SET state = :state
WHERE core_id = :core_id AND identity = :identity AND holder = :holder
  AND state NOT IN ('closed', 'calling');

-- note_origin_state
-- The peer said another Origin-State-Id on its open connection.
UPDATE peer_connection SET origin_state_id = :origin_state_id
WHERE core_id = :core_id AND identity = :identity AND holder = :holder
  AND state NOT IN ('closed', 'calling');

-- release_connection
-- Gives a lease up: the connection is gone.
UPDATE peer_connection SET state = 'closed', expires_at = :now, detail = :detail
WHERE core_id = :core_id AND identity = :identity AND holder = :holder
  AND state NOT IN ('closed', 'calling');

-- release_connections
-- A node that begins or ends has no connection: whatever leases it left are free.
UPDATE peer_connection SET state = 'closed', expires_at = :now, detail = 'the node ended'
WHERE holder = :holder AND state <> 'closed';

-- record_refused_connection
-- Somebody was turned away. `cause` is one word for programs, `reason` says it to people.
INSERT INTO refused_connection (identity, remote_address, cause, reason, attempts, last_at)
VALUES (:identity, :remote_address, :cause, :reason, :attempts, :now)
ON CONFLICT (identity, remote_address) DO UPDATE
SET cause = excluded.cause, reason = excluded.reason, attempts = refused_connection.attempts + excluded.attempts,
    last_at = excluded.last_at;

-- keep_origin_state
-- Our Origin-State-Id: kept over restarts, since our sessions are kept too.
INSERT INTO origin_state (local_identity, value) VALUES (:local_identity, :value)
ON CONFLICT (local_identity) DO UPDATE SET value = origin_state.value
RETURNING value;

-- read_origin_states
-- Of all our identities: they grow while nodes run, after a backup was restored.
SELECT local_identity, value FROM origin_state;

-- grow_origin_states
-- Sessions were lost: every peer is to drop those that it has with us.
UPDATE origin_state SET value = greatest(value + 1, :value::bigint)
RETURNING local_identity, value;

-- list_resets_due
-- Batch: nodes that were connected before we lost state, and have not been told of it since. A node
-- that is new knows nothing that could be lost.
SELECT x.core_id, x.identity, x.local_identity, s.value
FROM unnest(:core_ids::uuid[], :identities::text[], :local_identities::text[])
     AS x (core_id, identity, local_identity)
JOIN origin_state s USING (local_identity)
JOIN peer_reset r USING (core_id, identity, local_identity)
WHERE r.origin_state_id < s.value;

-- note_resets
-- Batch: these nodes know our state, or have never known another.
INSERT INTO peer_reset (core_id, identity, local_identity, origin_state_id)
SELECT x.core_id, x.identity, x.local_identity, s.value
FROM unnest(:core_ids::uuid[], :identities::text[], :local_identities::text[])
     AS x (core_id, identity, local_identity)
JOIN origin_state s USING (local_identity)
ON CONFLICT (core_id, identity, local_identity) DO UPDATE
SET origin_state_id = excluded.origin_state_id
WHERE peer_reset.origin_state_id < excluded.origin_state_id;

-- keep_peer_statistics
-- Batch: what passed over a node's connections since they opened.
INSERT INTO peer_statistics (core_id, identity, local_identity, application_id, is_ours, holder,
    requests, results, per_second, median_ms, slowest_ms, updated_at)
SELECT core_id, identity, local_identity, application_id, is_ours, :holder::text, requests, results,
       per_second, median_ms, slowest_ms, :now::timestamptz
FROM unnest(:core_ids::uuid[], :identities::text[], :local_identities::text[],
            :application_ids::bigint[], :whose::boolean[], :requests::bigint[], :results::jsonb[],
            :rates::float8[], :medians::float8[], :slowest::float8[])
     AS x (core_id, identity, local_identity, application_id, is_ours, requests, results,
           per_second, median_ms, slowest_ms)
ON CONFLICT (core_id, identity, local_identity, application_id, is_ours) DO UPDATE
SET holder = excluded.holder, requests = excluded.requests, results = excluded.results,
    per_second = excluded.per_second, median_ms = excluded.median_ms,
    slowest_ms = excluded.slowest_ms, updated_at = excluded.updated_at;

-- forget_refused_connections
-- Who knocked long ago, and all but the newest thousand: strangers can invent names without end.
DELETE FROM refused_connection
WHERE last_at < :before OR last_at < (
    SELECT min(last_at) FROM (
        SELECT last_at FROM refused_connection ORDER BY last_at DESC LIMIT 1000) AS newest
);
