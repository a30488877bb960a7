-- keep_access_log
-- Batch: refusals and resynchronisations of phones, added to the row of their kind. An IMSI that no
-- line has belongs to the operator whose range holds it.
INSERT INTO access_log (core_id, imsi, procedure, result, peer, visited_plmn, apn, operator_id,
    line_id, times, first_at, last_at)
SELECT x.core_id, x.imsi, x.procedure, x.result, x.peer, x.plmn, x.apn,
       coalesce(x.operator_id, s.operator_id), x.line_id, x.times, x.first_at, x.last_at
FROM unnest(:core_ids::uuid[], :imsis::text[], :procedures::text[], :results::text[],
            :peers::text[], :plmns::text[], :apns::text[], :operator_ids::uuid[],
            :line_ids::uuid[], :times::bigint[], :firsts::timestamptz[], :lasts::timestamptz[])
     AS x (core_id, imsi, procedure, result, peer, plmn, apn, operator_id, line_id, times,
           first_at, last_at)
LEFT JOIN operators_coreservice s
       ON s.core_id = x.core_id AND rpad(x.imsi, 15, '0') BETWEEN s.first_imsi AND s.last_imsi
ON CONFLICT (core_id, imsi, procedure, result, peer, visited_plmn, apn) DO UPDATE
SET times = access_log.times + excluded.times, operator_id = excluded.operator_id,
    line_id = excluded.line_id, last_at = greatest(access_log.last_at, excluded.last_at);

-- note_last_refusals
-- Batch: why cards were refused when they authenticated last, unless they were asked for again since.
UPDATE authentication a SET last_refusal = x.result
FROM unnest(:core_ids::uuid[], :imsis::text[], :results::text[], :lasts::timestamptz[])
     AS x (core_id, imsi, result, last_at)
WHERE a.core_id = x.core_id AND a.imsi = x.imsi AND a.last_requested_at <= x.last_at;

-- forget_access_log
-- What is old, and all but the newest hundred thousand: strangers can invent IMSIs without end.
DELETE FROM access_log
WHERE last_at < :before OR last_at < (
    SELECT min(last_at) FROM (
        SELECT last_at FROM access_log ORDER BY last_at DESC LIMIT 100000) AS newest
);
