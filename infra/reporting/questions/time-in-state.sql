-- Time in state, and where people drop off
--
-- How long the stays in each state were that ended in the period, and at which state people dropped off: where the cases stood
-- (`drop_state`) that were closed in the period without being resolved because their customer fell silent or gave up. `drop_share` is
-- the share of all that dropped off. `now` are the stays that have not ended yet, of those that began before the end of the period.
-- One row per kind and state that has any of these. Between the cases of an actor nobody waits: a stay that ends with the opening of the
-- next case does not count, nor does one that has not ended where the case is closed or imported history.
-- The stays of one actor in parallel states count each for itself. Times are NULL where no stay ended. What does not count is told by
-- 64-bit hashes, which is fast, and may mistake one stay in some thousand million.
WITH reopened AS (
  SELECT cityHash64(kind, actor, case_no - 1, committed_at) FROM cases WHERE tenant = {tenant:String} AND case_no > 1
), over AS (
  SELECT cityHash64(kind, actor, case_no) FROM cases WHERE tenant = {tenant:String} AND (history OR isNotNull(closed_at))
)
SELECT
  kind,
  state,
  sum(stays) AS stays,
  max(times[1]) AS p50_ms,
  max(times[2]) AS p95_ms,
  sum(hours) AS hours,
  sum(here) AS now,
  sum(lost) AS dropped,
  dropped / nullIf(sum(dropped) OVER (), 0) AS drop_share
FROM (
  SELECT
    kind, state, count() AS stays, arrayMap(time -> toNullable(time), quantilesExact(0.5, 0.95)(ms)) AS times,
    sum(ms) / 3600000 AS hours, 0 AS here, 0 AS lost
  FROM state_intervals
  WHERE tenant = {tenant:String} AND NOT history
    AND left_at >= {from:DateTime64(3, 'UTC')} AND left_at < {to:DateTime64(3, 'UTC')}
    AND cityHash64(kind, actor, case_no, left_at) NOT IN reopened
  GROUP BY kind, state
  UNION ALL
  SELECT kind, stay.state AS state, 0, [NULL, NULL], 0, count(), 0
  FROM actors
  ARRAY JOIN open_states AS stay
  WHERE tenant = {tenant:String} AND stay.entered_at < {to:DateTime64(3, 'UTC')}
    AND cityHash64(kind, actor, case_no) NOT IN over
  GROUP BY kind, state
  UNION ALL
  SELECT kind, assumeNotNull(drop_state), 0, [NULL, NULL], 0, 0, count()
  FROM cases
  WHERE tenant = {tenant:String} AND NOT history AND isNotNull(drop_state)
    AND ifNull(outcome, '') NOT IN ('resolved', 'escalated_resolved')
    AND closed_at >= {from:DateTime64(3, 'UTC')} AND closed_at < {to:DateTime64(3, 'UTC')}
  GROUP BY kind, drop_state
)
GROUP BY kind, state
ORDER BY hours DESC, kind, state
