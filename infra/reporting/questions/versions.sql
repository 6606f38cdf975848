-- Cases by machine version
--
-- Cases opened in the period, by the version of the machine that decided their first record, with those that a newer version went on with
-- apart.
--
-- Usual: A cohort is the cases that began under one version; a case that crosses versions is left out or counted for the one it began
-- with. Here it is in a row of its own.
--
-- `machine` is the `kind@version` of the first committed record of a case, `last_machine` that of its last record: where both are the same,
-- the whole case belongs to one version, and where not, `crossed` is true. `containment_rate` is the share of the
-- closed or escalated cases that the machine finished alone, `resolution_rate` that of the closed ones with the outcome `resolved` or
-- `escalated_resolved`. `p50_ms` is the median time from opening to closing.
-- One row per pair of versions, and one for all. Imported history does not count. The query joins cases by 64-bit hashes.
-- This is fast, and wrong for about one case in a billion.
SELECT
  grouping(machine) AS total,
  machine,
  last_machine,
  ifNull(machine != last_machine, false) AS crossed,
  count() AS cases,
  countIf(is_closed) AS closed,
  countIf(isNotNull(escalated_at)) AS escalated,
  countIf(is_closed AND outcome = 'abandoned') AS abandoned,
  countIf(is_closed AND isNull(escalated_at) AND agent_msgs = 0) / nullIf(countIf(is_closed OR isNotNull(escalated_at)), 0) AS containment_rate,
  countIf(is_closed AND outcome IN ('resolved', 'escalated_resolved')) / nullIf(closed, 0) AS resolution_rate,
  avgOrNull(rating) AS average,
  quantileExactOrNull(0.5)(ms) AS p50_ms
FROM (
  SELECT
    toNullable(if(f.first_machine = '', c.machine, f.first_machine)) AS machine, toNullable(c.machine) AS last_machine,
    escalated_at, agent_msgs, outcome, rating, isNotNull(closed_at) AS is_closed, dateDiff('millisecond', opened_at, closed_at) AS ms
  FROM (
    SELECT cityHash64(kind, actor, case_no) AS who, cases.machine AS machine, opened_at, closed_at, escalated_at, agent_msgs, outcome, rating
    FROM cases
    WHERE tenant = {tenant:String} AND NOT history
      AND ({kind:String} = '' OR kind = {kind:String})
      AND opened_at >= {from:DateTime64(3, 'UTC')} AND opened_at < {to:DateTime64(3, 'UTC')}
      AND committed_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR -- leaves older parts unread
  ) AS c
  LEFT JOIN (
    SELECT cityHash64(kind, actor, case_no) AS who, argMin(events.machine, seq) AS first_machine
    FROM events
    WHERE tenant = {tenant:String} AND idx = 0 AND NOT history AND outcome = 'committed'
      AND ({kind:String} = '' OR kind = {kind:String})
      AND committed_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR -- leaves older parts unread
    GROUP BY who
  ) AS f ON c.who = f.who
)
GROUP BY GROUPING SETS ((machine, last_machine), ())
ORDER BY total DESC, cases DESC, machine, last_machine
