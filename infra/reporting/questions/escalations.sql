-- Escalation reasons
--
-- Cases that were first escalated to a person in the period, by the reason that the machine gave.
--
-- Usual: Escalation (handover) rate is the share of conversations that a person takes over, often by a reason that a person tags
-- afterwards. Here the reason is the one that the machine gave at that moment.
--
-- `share` is the share of all escalated cases. `p50_ms` is the median time from the opening of the case to the escalation. `resolved`
-- counts cases closed as `resolved` or `escalated_resolved`. `open` counts cases that are not closed yet.
-- One row per reason, and one for all. Imported history does not count.
SELECT
  grouping(reason) AS total,
  reason,
  count() AS cases,
  cases / nullIf(maxIf(cases, total = 1) OVER (), 0) AS share,
  quantileExactOrNull(0.5)(ms) AS p50_ms,
  countIf(outcome IN ('resolved', 'escalated_resolved')) AS resolved,
  countIf(isNull(closed_at)) AS open
FROM (
  SELECT
    toNullable(escalation_reason) AS reason, outcome, closed_at,
    dateDiff('millisecond', opened_at, assumeNotNull(escalated_at)) AS ms
  FROM cases
  WHERE tenant = {tenant:String} AND NOT history
    AND ({kind:String} = '' OR kind = {kind:String})
    AND escalated_at >= {from:DateTime64(3, 'UTC')} AND escalated_at < {to:DateTime64(3, 'UTC')}
    AND last_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR -- leaves older parts unread
)
GROUP BY GROUPING SETS ((reason), ())
ORDER BY total DESC, cases DESC, reason
