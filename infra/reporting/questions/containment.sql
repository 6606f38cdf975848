-- Containment rate
--
-- The share of the cases closed in the period that the machine finished without a person: never escalated, and without a message from an
-- agent. `contained_abandoned` counts the contained cases whose customer left without a solution (outcome `abandoned`). They count as
-- contained, but they are no success.
-- One row per day of closing, in the time zone `tz`, and one for the whole period. Open cases do not count, nor does
-- imported history unless it was imported with `--count`.
-- `containment_rate` is NULL if no case was closed.
SELECT
  grouping(day) AS total,
  day,
  count() AS closed,
  countIf(escalated_at IS NULL AND agent_msgs = 0) AS contained,
  countIf(escalated_at IS NULL AND agent_msgs = 0 AND outcome = 'abandoned') AS contained_abandoned,
  contained / nullIf(closed, 0) AS containment_rate
FROM (
  SELECT toNullable(toDate(closed_at, {tz:String})) AS day, escalated_at, agent_msgs, outcome
  FROM cases
  WHERE tenant = {tenant:String} AND (NOT history OR counted)
    AND ({kind:String} = '' OR kind = {kind:String})
    AND closed_at >= {from:DateTime64(3, 'UTC')} AND closed_at < {to:DateTime64(3, 'UTC')}
)
GROUP BY GROUPING SETS ((day), ())
ORDER BY total DESC, day
