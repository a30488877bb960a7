-- read_plans
-- Plans by id and version.
SELECT plan_id, version, plan FROM compiled_plan
WHERE (plan_id, version) IN (SELECT * FROM unnest(:plan_ids::uuid[], :versions::int[]));

-- put_plan
-- A version that was launched. It never changes: the same again is no error, another is kept out.
INSERT INTO compiled_plan (plan_id, version, operator_id, plan)
VALUES (:plan_id, :version, :operator_id, :plan::jsonb)
ON CONFLICT (plan_id, version) DO NOTHING;
