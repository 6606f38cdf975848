-- Intent funnel
--
-- Cases opened in the period, by the first intent of the customer. Each step counts a part of the step before it: `cases`; `answered` (with
-- a reply); `contained` (never escalated, without a message from an agent); `ended` (closed); `resolved` (outcome `resolved`).
--
-- Usual: A funnel counts who reaches each step in order, and the drop from step to step. Resolution rate is `resolved` divided by all
-- cases that the machine took part in; many vendors add assumed resolutions, of customers who left after an answer.
--
-- One row per first intent, as the kind names it (NULL: unknown), and one for all. Imported history does not count unless it was
-- imported with `--count`.
SELECT
  grouping(intent) AS total,
  intent,
  count() AS cases,
  countIf(is_answered) AS answered,
  countIf(is_answered AND is_contained) AS contained,
  countIf(is_answered AND is_contained AND is_closed) AS ended,
  countIf(is_answered AND is_contained AND is_closed AND outcome = 'resolved') AS resolved
FROM (
  SELECT
    toNullable(first_intent) AS intent, outcome, isNotNull(first_response_at) AS is_answered, isNotNull(closed_at) AS is_closed,
    isNull(escalated_at) AND agent_msgs = 0 AS is_contained
  FROM cases
  WHERE tenant = {tenant:String} AND (NOT history OR counted)
    AND ({kind:String} = '' OR kind = {kind:String})
    AND opened_at >= {from:DateTime64(3, 'UTC')} AND opened_at < {to:DateTime64(3, 'UTC')}
    AND committed_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR -- leaves older parts unread
)
GROUP BY GROUPING SETS ((intent), ())
ORDER BY total DESC, cases DESC, intent
