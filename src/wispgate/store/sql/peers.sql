-- find_peers
-- The allowed peers of that identity, in every core.
SELECT p.id AS peer_id, p.core_id, c.name AS core, c.plmns, c.unknown_imsi, p.identity, p.realm,
       p.addresses, p.applications, p.profile
FROM operators_peer p JOIN operators_core c ON c.id = p.core_id
WHERE p.identity = :identity AND p.is_enabled;

-- claim_connection
-- Takes the lease on a remote identity unless another process holds a live one.
INSERT INTO peer_connection (core_id, identity, holder, local_identity, remote_address, state,
    product_name, applications, origin_state_id, connected_at, expires_at)
VALUES (:core_id, :identity, :holder, :local_identity, :remote_address, 'open', :product_name,
    :applications::bigint[], :origin_state_id, :now, :expires_at)
ON CONFLICT (core_id, identity) DO UPDATE
SET holder = excluded.holder, local_identity = excluded.local_identity,
    remote_address = excluded.remote_address, state = excluded.state,
    product_name = excluded.product_name, applications = excluded.applications,
    origin_state_id = excluded.origin_state_id, connected_at = excluded.connected_at,
    expires_at = excluded.expires_at
WHERE peer_connection.holder = excluded.holder OR peer_connection.expires_at <= :now
   OR peer_connection.state = 'closed'
RETURNING holder;

-- renew_connections
-- Keeps the leases of a node's open connections alive. Those not returned are another node's now.
UPDATE peer_connection AS c SET expires_at = :expires_at
FROM unnest(:core_ids::uuid[], :identities::text[]) AS x (core_id, identity)
WHERE c.core_id = x.core_id AND c.identity = x.identity AND c.holder = :holder
  AND c.state <> 'closed'
RETURNING c.core_id, c.identity;

-- set_connection_state
-- What the watchdog thinks of a connection of ours.
UPDATE peer_connection SET state = :state
WHERE core_id = :core_id AND identity = :identity AND holder = :holder;

-- release_connection
-- Gives a lease up: the connection is gone.
UPDATE peer_connection SET state = 'closed', expires_at = :now
WHERE core_id = :core_id AND identity = :identity AND holder = :holder;

-- release_connections
-- A node that begins or ends has no connection: whatever leases it left are free.
UPDATE peer_connection SET state = 'closed', expires_at = :now
WHERE holder = :holder AND state <> 'closed';

-- record_refused_connection
-- Somebody was turned away.
INSERT INTO refused_connection (identity, remote_address, reason, attempts, last_at)
VALUES (:identity, :remote_address, :reason, 1, :now)
ON CONFLICT (identity, remote_address) DO UPDATE
SET reason = excluded.reason, attempts = refused_connection.attempts + 1,
    last_at = excluded.last_at;

-- keep_origin_state
-- Our Origin-State-Id: kept over restarts, since our sessions are kept too.
INSERT INTO origin_state (local_identity, value) VALUES (:local_identity, :value)
ON CONFLICT (local_identity) DO UPDATE SET value = origin_state.value
RETURNING value;
