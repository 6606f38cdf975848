-- Cost per resolved case
--
-- Cost of models per resolved case: the cost of all cases closed in the period, including unsuccessful ones, divided by the number of
-- resolved ones (outcome `resolved` or `escalated_resolved`).
--
-- Usual: Cost per resolution is all cost of service, including the work of people, divided by the resolved contacts; cost per contact
-- divides by all contacts. Vendors that charge per resolution also count customers who do not come back; here only a stated outcome
-- counts.
--
-- `way` is `escalated` if a person was called in, else `contained`. Costs are in the currency of the installation and do not include the
-- work of people.
-- A case without a reported cost adds 0 to the cost and 1 to `cost_unknown`. If `cost_unknown` is not 0, the cost is a lower bound.
-- `cost` is NULL if no case has a cost. `cost_per_resolved` is NULL also if no case was resolved.
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
    AND ({kind:String} = '' OR kind = {kind:String})
    AND closed_at >= {from:DateTime64(3, 'UTC')} AND closed_at < {to:DateTime64(3, 'UTC')}
    AND last_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR -- leaves older parts unread
)
GROUP BY GROUPING SETS ((way), ())
ORDER BY total DESC, way
