-- Containment rate
--
-- The share of the cases closed or escalated in the period that the machine finished without a person: never escalated, and without a
-- message from an agent. A case counts as soon as a person is called in, also while it is open; each case counts once.
--
-- Usual: Containment (also automation or deflection rate) is the share of conversations that end without a handover to a person, out of all
-- that ended or were handed over. Contact centres differ in whether an abandoned conversation counts as contained; here it does, and is told
-- apart. A rate over closed cases alone is too high while escalated ones are still open.
--
-- `contained_abandoned` counts the contained cases whose customer left without a solution (outcome `abandoned`). They count as
-- contained, but they are no success. `escalated` counts the cases in which a person was called in, before or during the period, and `closed`
-- those closed in the period.
-- One row per day in the time zone `tz`, and one for the whole period. The day is the one of the first of the two, escalation or closing,
-- that is in the period. Open cases without an escalation do not count, nor does imported history unless it was imported with `--count`.
-- `containment_rate` is NULL if there are no cases.
SELECT
  grouping(day) AS total,
  day,
  count() AS cases,
  countIf(is_closed) AS closed,
  countIf(isNotNull(escalated_at)) AS escalated,
  countIf(is_contained) AS contained,
  countIf(is_contained AND outcome = 'abandoned') AS contained_abandoned,
  contained / nullIf(cases, 0) AS containment_rate
FROM (
  SELECT
    ifNull(closed_at >= {from:DateTime64(3, 'UTC')} AND closed_at < {to:DateTime64(3, 'UTC')}, false) AS is_closed,
    ifNull(escalated_at >= {from:DateTime64(3, 'UTC')} AND escalated_at < {to:DateTime64(3, 'UTC')}, false) AS is_escalated,
    toNullable(toDate(if(is_escalated AND NOT (is_closed AND closed_at < escalated_at), escalated_at, closed_at), {tz:String})) AS day,
    is_closed AND isNull(escalated_at) AND agent_msgs = 0 AS is_contained,
    escalated_at, outcome
  FROM cases
  WHERE tenant = {tenant:String} AND (NOT history OR counted) AND (is_closed OR is_escalated)
    AND ({kind:String} = '' OR kind = {kind:String})
    AND (history OR last_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR) -- leaves older parts unread
)
GROUP BY GROUPING SETS ((day), ())
ORDER BY total DESC, day
