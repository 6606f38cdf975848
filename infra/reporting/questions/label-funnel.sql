-- Funnel by a label
--
-- Cases opened in the period, by a value of the label of their actor: `path` names it, such as `topic` or `plan.name`. Each step counts a
-- part of the step before it, as in the intent funnel.
--
-- Usual: Segmentation splits a funnel by an attribute of the customer or the contact, as it was at the time. Here the value is that of the
-- label as it stands, since the tables keep no earlier ones.
--
-- `value` is the text or number at the path; it is NULL where the label has none, and for a case whose actor has opened another one since.
-- `colloquy questions label-funnel --label plan.name` sets `path`; the default is `topic`.
-- One row per value, the most frequent first, at most 100; and one for all. Imported history does not count unless it was imported with
-- `--count`.
SELECT
  grouping(value) AS total,
  value,
  count() AS cases,
  countIf(is_answered) AS answered,
  countIf(is_answered AND is_contained) AS contained,
  countIf(is_answered AND is_contained AND is_closed) AS ended,
  countIf(is_answered AND is_contained AND is_closed AND outcome = 'resolved') AS resolved
FROM (
  SELECT
    nullIf(l.text, '') AS value, outcome, isNotNull(first_response_at) AS is_answered, isNotNull(closed_at) AS is_closed,
    isNull(escalated_at) AND agent_msgs = 0 AS is_contained
  FROM (
    SELECT cityHash64(kind, actor, case_no) AS who, outcome, first_response_at, closed_at, escalated_at, agent_msgs
    FROM cases
    WHERE tenant = {tenant:String} AND (NOT history OR counted)
      AND ({kind:String} = '' OR kind = {kind:String})
      AND opened_at >= {from:DateTime64(3, 'UTC')} AND opened_at < {to:DateTime64(3, 'UTC')}
      AND committed_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR -- leaves older parts unread
  ) AS c
  LEFT JOIN (
    SELECT cityHash64(kind, actor, case_no) AS who, toString(getSubcolumn(label, {path:String})) AS text
    FROM actors
    WHERE tenant = {tenant:String} AND ({kind:String} = '' OR kind = {kind:String})
      AND last_at >= {from:DateTime64(3, 'UTC')}
  ) AS l ON c.who = l.who
)
GROUP BY GROUPING SETS ((value), ())
ORDER BY total DESC, cases DESC, value
LIMIT 101
