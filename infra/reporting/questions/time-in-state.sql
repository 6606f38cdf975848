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
-- One row per kind and state with a stay or a drop-off. Imported history does not count. Nor does time in which nobody waits. A stay between
-- two cases of an actor (it ends with the opening of the next case) or after the last case (unfinished) is left out whole. A stay that a
-- timer ends by closing the case, where every question of the case has its reply, ends in silence: it counts from its start to the last
-- message in it, of either side, and only the silence after that is left out. Where no message came in it, it is nothing but silence, and is
-- left out whole.
-- Stays in parallel states of an actor count separately. Times are NULL if no stay ended. The query finds these stays by 64-bit hashes. This
-- is fast, and wrong for about one stay in a billion.
WITH reopened AS (
  SELECT committed_at AS at, cityHash64(kind, actor, case_no - 1) AS id FROM cases
  WHERE tenant = {tenant:String} AND case_no > 1
    AND ({kind:String} = '' OR kind = {kind:String})
    AND committed_at >= {from:DateTime64(3, 'UTC')} AND committed_at < {to:DateTime64(3, 'UTC')}
), timed AS (
  SELECT cityHash64(kind, actor, case_no) FROM state_intervals
  WHERE tenant = {tenant:String} AND NOT history AND startsWith(cause, 'timer:')
    AND ({kind:String} = '' OR kind = {kind:String})
    AND left_at >= {from:DateTime64(3, 'UTC')} AND left_at < {to:DateTime64(3, 'UTC')}
), served AS (
  SELECT cityHash64(kind, actor, case_no) AS id, committed_at AS opened, assumeNotNull(closed_at) AS closed FROM cases
  WHERE tenant = {tenant:String} AND NOT history AND turns > 0 AND turns_answered >= turns
    AND ({kind:String} = '' OR kind = {kind:String})
    AND closed_at >= {from:DateTime64(3, 'UTC')} AND closed_at < {to:DateTime64(3, 'UTC')}
    AND last_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR -- leaves older parts unread
    AND id IN timed
), silence AS (
  SELECT served.id AS id, served.closed AS closed, max(messages.committed_at) AS last_act
  FROM messages
  INNER JOIN served ON served.id = cityHash64(messages.kind, messages.actor, messages.case_no)
  WHERE messages.tenant = {tenant:String} AND NOT messages.history
    AND ({kind:String} = '' OR messages.kind = {kind:String})
    -- No partition is read from before the first of these cases.
    AND messages.committed_at >= (SELECT minOrNull(opened) FROM served) AND messages.committed_at < {to:DateTime64(3, 'UTC')}
    AND messages.committed_at < served.closed
  GROUP BY id, closed
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
    any(stay_kind) AS kind, any(stay_state) AS state,
    count() AS stays, arrayMap(time -> toNullable(time), quantilesExact(0.5, 0.95)(length)) AS times,
    sum(length) / 3600000 AS hours, 0 AS here, 0 AS lost
  FROM (
    SELECT
      stay_kind, stay_state, is_timed AND closed = left_at AS is_silent,
      if(is_silent, toUInt64(greatest(0, dateDiff('millisecond', entered_at, last_act))), ms) AS length
    FROM (
      SELECT
        kind AS stay_kind, state AS stay_state, entered_at, left_at, ms,
        startsWith(cause, 'timer:') AS is_timed, left_at IN (SELECT at FROM reopened) AS may_reopen,
        if(is_timed OR may_reopen, cityHash64(kind, actor, case_no), 0) AS id -- few stays need it
      FROM state_intervals
      WHERE tenant = {tenant:String} AND NOT history
        AND ({kind:String} = '' OR kind = {kind:String})
        AND left_at >= {from:DateTime64(3, 'UTC')} AND left_at < {to:DateTime64(3, 'UTC')}
    ) AS stays
    LEFT JOIN silence ON silence.id = stays.id
    WHERE NOT (may_reopen AND (left_at, stays.id) IN reopened) AND NOT (is_silent AND length = 0)
  )
  GROUP BY 3 * cityHash64(stay_kind) + cityHash64(stay_state) -- one number takes a third of the time of two texts
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
    AND last_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR -- leaves older parts unread
  GROUP BY kind, drop_state
)
GROUP BY kind, state
ORDER BY hours DESC, kind, state
