-- Time in state, and where people drop off
--
-- How long actors stayed in each state, for stays that ended in the period, and the states in which people dropped off. A drop-off is a
-- case that was closed in the period because its customer left without an answer: its outcome is `abandoned`, or a timer closed it with an
-- outcome of the kind's own (none of `resolved`, `escalated_resolved`, `answered`). `dropped` counts it in its `drop_state`.
--
-- Usual: Time in status is the time between entering and leaving a status, with the time of waiting for the customer shown apart or stopped.
-- Drop-off (also abandonment) counts conversations that customers left without a solution, by the last step they reached.
--
-- `drop_share` is the share of all drop-offs. `now` counts stays that started before the end of the period and have not ended.
-- One row per kind and state with a stay or a drop-off. Imported history does not count. Nor does a stay in which nobody waits: between two
-- cases of an actor (it ends with the opening of the next case), after the last case (unfinished), and the silence after the last answer (a
-- timer ends it by closing the case, and every question of the case has its reply): its length is that of the timer.
-- Stays in parallel states of an actor count separately. Times are NULL if no stay ended. The query finds the stays to leave out by 64-bit
-- hashes. This is fast, and wrong for about one stay in a billion.
WITH reopened AS (
  SELECT cityHash64(kind, actor, case_no - 1, committed_at) FROM cases
  WHERE tenant = {tenant:String} AND case_no > 1
    AND ({kind:String} = '' OR kind = {kind:String})
), silence AS (
  SELECT cityHash64(kind, actor, case_no, assumeNotNull(closed_at)) FROM cases
  WHERE tenant = {tenant:String} AND turns > 0 AND turns_answered >= turns
    AND ({kind:String} = '' OR kind = {kind:String})
    AND closed_at >= {from:DateTime64(3, 'UTC')} AND closed_at < {to:DateTime64(3, 'UTC')}
), over AS (
  SELECT cityHash64(kind, actor, case_no) FROM cases
  WHERE tenant = {tenant:String} AND (history OR isNotNull(closed_at))
    AND ({kind:String} = '' OR kind = {kind:String})
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
    AND ({kind:String} = '' OR kind = {kind:String})
    AND left_at >= {from:DateTime64(3, 'UTC')} AND left_at < {to:DateTime64(3, 'UTC')}
    AND cityHash64(kind, actor, case_no, left_at) NOT IN reopened
    AND NOT (startsWith(cause, 'timer:') AND cityHash64(kind, actor, case_no, left_at) IN silence)
  GROUP BY kind, state
  UNION ALL
  SELECT kind, stay.state AS state, 0, [NULL, NULL], 0, count(), 0
  FROM actors
  ARRAY JOIN open_states AS stay
  WHERE tenant = {tenant:String} AND stay.entered_at < {to:DateTime64(3, 'UTC')}
    AND ({kind:String} = '' OR kind = {kind:String})
    AND cityHash64(kind, actor, case_no) NOT IN over
  GROUP BY kind, state
  UNION ALL
  SELECT kind, assumeNotNull(drop_state), 0, [NULL, NULL], 0, 0, count()
  FROM cases
  WHERE tenant = {tenant:String} AND NOT history AND isNotNull(drop_state)
    AND ({kind:String} = '' OR kind = {kind:String})
    AND closed_at >= {from:DateTime64(3, 'UTC')} AND closed_at < {to:DateTime64(3, 'UTC')}
  GROUP BY kind, drop_state
)
GROUP BY kind, state
ORDER BY hours DESC, kind, state
