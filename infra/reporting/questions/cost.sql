-- Cost per resolved case
--
-- Cost of models per resolved case: the cost of all cases closed in the period, including unsuccessful ones, divided by the number of
-- resolved ones (outcome `resolved` or `escalated_resolved`). `way` says whether people were called in (`escalated`) or not (`contained`).
-- In the currency of the installation.
-- A case without a reported cost counts as 0 and in `cost_unknown`: where that is not 0, the cost is a lower bound.
-- `cost` is NULL where no case has one, `cost_per_resolved` also where no case was resolved. It does not include the work of people.
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
