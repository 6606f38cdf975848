-- First response time
--
-- Time from the opening of a case to the first message of the machine or an agent, for cases opened in the period in which a customer wrote.
--
-- Usual: First response time runs from the customer's first message to the first reply, often of a person only. Automatic replies are
-- usually left out; here the row of the responder tells the machine's replies from those of people.
--
-- `responder` is the role that replied first (`assistant`: the machine, `agent`: a person).
-- Quantiles are over the cases with a reply. `waiting` counts open cases without a reply, `never` cases that were closed without one.
-- One row per responder, and one for all cases. Imported history does not count unless it was
-- imported with `--count`. Times are NULL if no case has a reply.
WITH quantilesExact(0.5, 0.9, 0.95)(ms) AS wait
SELECT
  grouping(responder) AS total,
  responder,
  count() AS cases,
  countIf(isNotNull(ms)) AS answered,
  countIf(isNull(ms) AND isNull(closed_at)) AS waiting,
  countIf(isNull(ms) AND isNotNull(closed_at)) AS never,
  if(count(ms) = 0, NULL, wait[1]) AS p50_ms,
  if(count(ms) = 0, NULL, wait[2]) AS p90_ms,
  if(count(ms) = 0, NULL, wait[3]) AS p95_ms,
  maxOrNull(ms) AS max_ms
FROM (
  SELECT toNullable(first_responder) AS responder, closed_at, dateDiff('millisecond', opened_at, first_response_at) AS ms
  FROM cases
  WHERE tenant = {tenant:String} AND (NOT history OR counted) AND user_msgs > 0
    AND ({kind:String} = '' OR kind = {kind:String})
    AND opened_at >= {from:DateTime64(3, 'UTC')} AND opened_at < {to:DateTime64(3, 'UTC')}
    AND committed_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR -- leaves older parts unread
)
GROUP BY GROUPING SETS ((responder), ())
ORDER BY total DESC, cases DESC, responder
