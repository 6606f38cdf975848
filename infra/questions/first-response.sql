-- First response time
--
-- How long customers waited for the first reply: from the opening of a case to the first thing that the machine or an agent
-- said in it, for the cases opened in the period. `responder` is who replied first (`assistant`: the machine, `agent`: a person).
-- Quantiles are over the cases that have a reply; `waiting` are open cases without one, `never` were closed without one.
-- One row per responder, and one for all cases. Imported history does not count. Times are NULL where nobody replied.
SELECT
  grouping(responder) AS total,
  responder,
  count() AS cases,
  countIf(isNotNull(ms)) AS answered,
  countIf(isNull(ms) AND isNull(closed_at)) AS waiting,
  countIf(isNull(ms) AND isNotNull(closed_at)) AS never,
  quantileExactOrNull(0.5)(ms) AS p50_ms,
  quantileExactOrNull(0.9)(ms) AS p90_ms,
  quantileExactOrNull(0.95)(ms) AS p95_ms,
  maxOrNull(ms) AS max_ms
FROM (
  SELECT toNullable(first_responder) AS responder, closed_at, dateDiff('millisecond', opened_at, first_response_at) AS ms
  FROM cases
  WHERE tenant = {tenant:String} AND NOT history
    AND opened_at >= {from:DateTime64(3, 'UTC')} AND opened_at < {to:DateTime64(3, 'UTC')}
    AND committed_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR -- leaves older parts unread
)
GROUP BY GROUPING SETS ((responder), ())
ORDER BY total DESC, cases DESC, responder
