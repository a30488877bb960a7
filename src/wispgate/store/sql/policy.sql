-- read_policy_subjects
-- Batch: the session of each Gx request, and the line that it belongs to; of a session that is not
-- there, the line that was asked for.
SELECT x.ordinality, l.line_id, l.imsi AS line_imsi, l.msisdn, l.profile, l.profile_version,
       l.is_exhausted,
       s.session_id, s.core_id, s.imsi, s.apn, s.framed_address, s.visited_plmn, s.rat_type, s.qci,
       s.up_bps, s.down_bps, s.last_number, s.is_open, s.last_answer
FROM unnest(:session_ids::text[], :line_ids::uuid[])
     WITH ORDINALITY AS x (session_id, line_id, ordinality)
LEFT JOIN policy_session s ON s.session_id = x.session_id
LEFT JOIN line l ON l.line_id = coalesce(s.line_id, x.line_id);

-- open_policy_sessions
-- Batch: opens sessions that are not there yet, if their line is still what was decided upon; what
-- is not returned must be decided again. An open session of the same address in the same APN has
-- become stale.
WITH asked AS MATERIALIZED (
    SELECT x.*, l.operator_id, l.account_id
    FROM unnest(:session_ids::text[], :line_ids::uuid[], :versions::bigint[],
                :exhausted::boolean[], :core_ids::uuid[], :peers::text[], :hosts::text[],
                :realms::text[], :imsis::text[], :apns::text[], :addresses::text[], :plmns::text[],
                :rat_types::int[], :qcis::int[], :ups::bigint[], :downs::bigint[],
                :numbers::bigint[], :answers::bytea[], :event_ids::uuid[],
                :locations::bytea[])
         WITH ORDINALITY AS x (session_id, line_id, version, is_exhausted, core_id, peer, host,
                               realm, imsi, apn, address, plmn, rat_type, qci, up, down, number,
                               answer, event_id, location, ordinality)
    JOIN line l ON l.line_id = x.line_id AND l.profile_version = x.version
               AND l.is_exhausted = x.is_exhausted
    ORDER BY x.line_id
    FOR SHARE OF l
),
written AS (
    INSERT INTO policy_session (session_id, operator_id, account_id, line_id, core_id, peer,
                                origin_host, origin_realm, imsi, apn, framed_address, visited_plmn,
                                rat_type, qci, up_bps, down_bps, profile_version, last_number,
                                is_open, opened_at, seen_at, last_answer, user_location)
    SELECT session_id, operator_id, account_id, line_id, core_id, peer, host, realm, imsi, apn,
           address, plmn, rat_type, qci, up, down, version, number, true, :now, :now, answer,
           location
    FROM asked
    ON CONFLICT (session_id) DO NOTHING
    RETURNING session_id
),
stale AS (
    UPDATE policy_session s
    SET is_open = false, seen_at = :now, closed_at = :now
    FROM asked a JOIN written w ON w.session_id = a.session_id
    WHERE s.core_id = a.core_id AND s.framed_address = a.address AND s.apn = a.apn
      AND s.session_id <> a.session_id AND s.is_open
),
told AS (
    INSERT INTO outbox (event_id, operator_id, account_id, line_id, kind, payload, occurred_at)
    SELECT a.event_id, a.operator_id, a.account_id, a.line_id,
           'line.session_started',
           jsonb_build_object('session_id', a.session_id, 'apn', a.apn, 'imsi', a.imsi,
                              'address', a.address, 'visited_plmn', a.plmn, 'qci', a.qci,
                              'up_bps', a.up, 'down_bps', a.down, 'peer', a.peer), :now
    FROM asked a JOIN written w ON w.session_id = a.session_id
)
SELECT a.ordinality FROM asked a JOIN written w ON w.session_id = a.session_id;

-- put_policy_sessions
-- Batch: writes the next number of open sessions, if their line is still what was decided upon; what
-- is not returned must be decided again. An open session of the same address in the same APN has
-- become stale.
WITH asked AS MATERIALIZED (
    SELECT x.*, l.operator_id, l.account_id
    FROM unnest(:session_ids::text[], :line_ids::uuid[], :versions::bigint[],
                :exhausted::boolean[], :core_ids::uuid[], :peers::text[], :hosts::text[],
                :realms::text[], :imsis::text[], :apns::text[], :addresses::text[], :plmns::text[],
                :rat_types::int[], :qcis::int[], :ups::bigint[], :downs::bigint[],
                :numbers::bigint[], :answers::bytea[], :event_ids::uuid[],
                :locations::bytea[])
         WITH ORDINALITY AS x (session_id, line_id, version, is_exhausted, core_id, peer, host,
                               realm, imsi, apn, address, plmn, rat_type, qci, up, down, number,
                               answer, event_id, location, ordinality)
    JOIN line l ON l.line_id = x.line_id AND l.profile_version = x.version
               AND l.is_exhausted = x.is_exhausted
    ORDER BY x.line_id
    FOR SHARE OF l
),
written AS (
    UPDATE policy_session s
    SET peer = a.peer, framed_address = a.address, visited_plmn = a.plmn, rat_type = a.rat_type,
        qci = a.qci, up_bps = a.up, down_bps = a.down, profile_version = a.version,
        last_number = a.number, seen_at = :now, last_answer = a.answer,
        user_location = coalesce(a.location, s.user_location)
    FROM asked a
    WHERE s.session_id = a.session_id AND s.is_open AND s.last_number < a.number
    RETURNING s.session_id
),
stale AS (
    UPDATE policy_session s
    SET is_open = false, seen_at = :now, closed_at = :now
    FROM asked a JOIN written w ON w.session_id = a.session_id
    WHERE s.core_id = a.core_id AND s.framed_address = a.address AND s.apn = a.apn
      AND s.session_id <> a.session_id AND s.is_open
),
told AS (
    INSERT INTO outbox (event_id, operator_id, account_id, line_id, kind, payload, occurred_at)
    SELECT a.event_id, a.operator_id, a.account_id, a.line_id,
           'line.session_updated',
           jsonb_build_object('session_id', a.session_id, 'apn', a.apn, 'imsi', a.imsi,
                              'address', a.address, 'visited_plmn', a.plmn, 'qci', a.qci,
                              'up_bps', a.up, 'down_bps', a.down, 'peer', a.peer), :now
    FROM asked a JOIN written w ON w.session_id = a.session_id
)
SELECT a.ordinality FROM asked a JOIN written w ON w.session_id = a.session_id;

-- close_policy_sessions
-- Batch: ends sessions; what is not returned was ended already.
WITH closed AS (
    UPDATE policy_session s
    SET is_open = false, last_number = x.number, last_answer = x.answer, seen_at = :now,
        closed_at = :now
    FROM unnest(:session_ids::text[], :core_ids::uuid[], :numbers::bigint[], :answers::bytea[],
                :event_ids::uuid[])
         WITH ORDINALITY AS x (session_id, core_id, number, answer, event_id, ordinality)
    WHERE s.session_id = x.session_id AND s.core_id = x.core_id AND s.is_open
    RETURNING s.*, x.event_id, x.ordinality
),
told AS (
    INSERT INTO outbox (event_id, operator_id, account_id, line_id, kind, payload, occurred_at)
    SELECT event_id, operator_id, account_id, line_id, 'line.session_ended',
           jsonb_build_object('session_id', session_id, 'apn', apn, 'imsi', imsi,
                              'address', framed_address), :now
    FROM closed
)
SELECT ordinality FROM closed;

-- note_refused_sessions
-- Batch: lines got no session. What was to stop them has done so, unless another session goes on.
UPDATE push SET state = 'in_effect', evidence = 'a new session was refused', ended_at = :now
WHERE line_id = ANY (:line_ids::uuid[]) AND effect = 'stop'
  AND (state IN ('sent', 'acknowledged') OR (state = 'asked' AND means = 'next_attach'))
  AND NOT EXISTS (SELECT 1 FROM policy_session s WHERE s.line_id = push.line_id AND s.is_open);
