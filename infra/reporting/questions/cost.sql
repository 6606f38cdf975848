-- Cost per resolved case
--
-- What the models cost for each case that was resolved: the cost of all cases closed in the period, the failed ones included,
-- over the number of those that were resolved (outcome `resolved` or `escalated_resolved`). `way` says whether people were called
-- in (`escalated`) or not (`contained`). In the currency of the installation.
-- A case whose cost nobody reported has none here and is counted in `cost_unknown`: where that is not 0, the cost is a lower bound.
-- `cost` is NULL where no case has one, `cost_per_resolved` also where none was resolved. Work of people is not in it.
-- One row per way, and one for all. Open cases and imported history do not count.
SELECT
  grouping(way) AS total,
  way,
  count() AS closed,
  countIf(outcome IN ('resolved', 'escalated_resolved')) AS resolved,
  toFloat64(sum(cost_of_case)) AS cost,
  countIf(isNull(cost_of_case)) AS cost_unknown,
  cost / nullIf(resolved, 0) AS cost_per_resolved
FROM (
  SELECT toNullable(if(isNull(escalated_at), 'contained', 'escalated')) AS way, outcome, cases.cost AS cost_of_case
  FROM cases
  WHERE tenant = {tenant:String} AND NOT history
    AND closed_at >= {from:DateTime64(3, 'UTC')} AND closed_at < {to:DateTime64(3, 'UTC')}
)
GROUP BY GROUPING SETS ((way), ())
ORDER BY total DESC, way
