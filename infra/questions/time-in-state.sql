-- Time in state, and where people drop off
--
-- How long the stays in each state were that ended in the period, and at which state people dropped off: where the cases stood
-- (`drop_state`) that were closed in the period without being resolved because their customer fell silent or gave up. `drop_share` is
-- the share of all that dropped off. `now` are the stays that have not ended yet, of those that began before the end of the period.
-- One row per kind and state that has any of these. A stay that began with the closing of its case is no part of the case and does
-- not count; nor does a machine that waits for somebody to go on after imported history.
-- The stays of one actor in parallel states count each for itself. Times are NULL where no stay ended.
WITH closings AS (
  SELECT kind, actor, case_no, assumeNotNull(closed_at) AS ended_at
  FROM cases
  WHERE tenant = {tenant:String} AND NOT history AND isNotNull(closed_at) AND closed_at < {to:DateTime64(3, 'UTC')}
), past AS (
  SELECT kind, actor, case_no FROM cases WHERE tenant = {tenant:String} AND history
)
SELECT
  kind,
  state,
  sum(stays) AS stays,
  max(p50) AS p50_ms,
  max(p95) AS p95_ms,
  sum(hours) AS hours,
  sum(here) AS now,
  sum(lost) AS dropped,
  dropped / nullIf(sum(dropped) OVER (), 0) AS drop_share
FROM (
  SELECT
    kind, state, count() AS stays, quantileExactOrNull(0.5)(ms) AS p50, quantileExactOrNull(0.95)(ms) AS p95,
    sum(ms) / 3600000 AS hours, 0 AS here, 0 AS lost
  FROM state_intervals
  WHERE tenant = {tenant:String} AND NOT history
    AND left_at >= {from:DateTime64(3, 'UTC')} AND left_at < {to:DateTime64(3, 'UTC')}
    AND (kind, actor, case_no, entered_at) NOT IN closings AND (kind, actor, case_no) NOT IN past
  GROUP BY kind, state
  UNION ALL
  SELECT kind, state, 0, NULL, NULL, 0, count(), 0
  FROM states
  WHERE tenant = {tenant:String} AND isNull(left_at) AND entered_at < {to:DateTime64(3, 'UTC')}
    AND (kind, actor, case_no, entered_at) NOT IN closings AND (kind, actor, case_no) NOT IN past
  GROUP BY kind, state
  UNION ALL
  SELECT kind, assumeNotNull(drop_state), 0, NULL, NULL, 0, 0, count()
  FROM cases
  WHERE tenant = {tenant:String} AND NOT history AND isNotNull(drop_state)
    AND ifNull(outcome, '') NOT IN ('resolved', 'escalated_resolved')
    AND closed_at >= {from:DateTime64(3, 'UTC')} AND closed_at < {to:DateTime64(3, 'UTC')}
  GROUP BY kind, drop_state
)
GROUP BY kind, state
ORDER BY hours DESC, kind, state
