-- list_running_traces
-- What is to be recorded now. Few rows, by an index that holds no others.
SELECT id, core_id, kind, subject, sessions, ends_at, max_messages - messages AS room
FROM tracing_trace
WHERE stopped_at IS NULL AND ends_at > :now AND messages < max_messages AND octets < max_octets
ORDER BY started_at, id;

-- record_traced_messages
-- Keeps messages as far as their traces want more, and counts them. A repetition is harmless.
WITH given AS (
    SELECT x.*, row_number() OVER (PARTITION BY x.trace_id ORDER BY x.id) AS place
    FROM unnest(:ids::uuid[], :trace_ids::uuid[], :instants::timestamptz[], :directions::boolean[],
        :peers::text[], :transports::text[], :local_addresses::text[], :remote_addresses::text[],
        :remote_ports::int[], :latencies::bigint[], :messages::bytea[])
        AS x (id, trace_id, at, is_sent, peer, transport, local_address, remote_address,
              remote_port, latency_us, raw)
),
kept AS (
    INSERT INTO tracing_tracemessage (id, trace_id, operator_id, at, is_sent, peer, transport,
        local_address, remote_address, remote_port, latency_us, raw)
    SELECT g.id, g.trace_id, t.operator_id, g.at, g.is_sent, g.peer, g.transport,
        g.local_address, g.remote_address, g.remote_port, g.latency_us, g.raw
    FROM given AS g JOIN tracing_trace AS t ON t.id = g.trace_id
    WHERE t.stopped_at IS NULL AND g.place <= t.max_messages - t.messages
      AND t.octets < t.max_octets
    ON CONFLICT (id) DO NOTHING
    RETURNING trace_id, octet_length(raw) AS octets
),
sums AS (
    SELECT trace_id, count(*) AS messages, sum(octets) AS octets FROM kept GROUP BY trace_id
)
UPDATE tracing_trace AS t
SET messages = t.messages + s.messages, octets = t.octets + s.octets
FROM sums AS s WHERE t.id = s.trace_id;
