-- Key figures
--
-- Speed, quality, satisfaction, availability and errors of the period, each with its aim.
--
-- Usual: Availability is the share of time in which a service answers its health check; it says nothing about whether customers get an
-- answer. Here both are counted: customers' messages, and minutes.
--
-- `met` says whether the value reaches the aim; both are NULL where `counted`, the number of cases behind the value, is 0. The figures:
-- `reply_p95_ms`: 95 % of the answers of the machine take at most so long. `quality`: mean of the quality of these answers, by its newest
-- judgement. `satisfaction`: share of 4 and 5 among the ratings of the cases opened in the period, and of `up` among the thumbs given in it.
-- `answered_in_time`: share of customers' messages with an answer within 8 seconds, the default of the reply budget; one that came after
-- the case was handed to a person, or less than 8 seconds before the end of the tables, does not count. `canary_minutes`: share of the
-- minutes in which the canary of the cluster reached OUT, from the first canary to the last that is recorded; it is that of the whole
-- cluster, whatever the tenant, and a cluster that was stopped has missed its minutes. `errors`: rejected inputs, and tasks that failed for
-- good, per input of a producer. Imported history does not count.
SELECT
  figure,
  value,
  aim,
  if(isNull(value), NULL, if(is_limit, value <= aim, value >= aim)) AS met,
  counted
FROM (
  SELECT
    1 AS place, 'reply_p95_ms' AS figure, toFloat64(quantileExactOrNull(0.95)(latency_ms)) AS value, 2000. AS aim, true AS is_limit,
    count(latency_ms) AS counted
  FROM turns
  WHERE tenant = {tenant:String} AND NOT history AND responder = 'assistant'
    AND ({kind:String} = '' OR kind = {kind:String})
    AND asked_at >= {from:DateTime64(3, 'UTC')} AND asked_at < {to:DateTime64(3, 'UTC')}
    AND committed_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR -- leaves older parts unread
  UNION ALL
  SELECT 2, 'quality', avgOrNull(quality), 0.8, false, count(quality)
  FROM turns
  WHERE tenant = {tenant:String} AND NOT history AND responder = 'assistant'
    AND ({kind:String} = '' OR kind = {kind:String})
    AND asked_at >= {from:DateTime64(3, 'UTC')} AND asked_at < {to:DateTime64(3, 'UTC')}
    AND committed_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR -- leaves older parts unread
  UNION ALL
  SELECT 3, 'satisfaction', countIf(is_satisfied) / nullIf(count(), 0), 0.85, false, count()
  FROM (
    SELECT rating >= 4 AS is_satisfied
    FROM cases
    WHERE tenant = {tenant:String} AND NOT history AND isNotNull(rating)
      AND ({kind:String} = '' OR kind = {kind:String})
      AND opened_at >= {from:DateTime64(3, 'UTC')} AND opened_at < {to:DateTime64(3, 'UTC')}
      AND committed_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR -- leaves older parts unread
    UNION ALL
    SELECT score = 1
    FROM scores
    WHERE tenant = {tenant:String} AND provenance = 'customer' AND dimension = 'thumbs'
      AND ({kind:String} = '' OR kind = {kind:String})
      AND judged_at >= {from:DateTime64(3, 'UTC')} AND judged_at < {to:DateTime64(3, 'UTC')}
  )
  UNION ALL
  SELECT 4, 'answered_in_time', countIf(latency_ms <= 8000) / nullIf(count(), 0), 0.999, false, count()
  FROM (
    SELECT cityHash64(kind, actor, case_no) AS who, asked_at, latency_ms
    FROM turns
    WHERE tenant = {tenant:String} AND NOT history
      AND ({kind:String} = '' OR kind = {kind:String})
      AND asked_at >= {from:DateTime64(3, 'UTC')} AND asked_at < {to:DateTime64(3, 'UTC')}
      AND committed_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR -- leaves older parts unread
      AND (latency_ms <= 8000 OR asked_at <= (SELECT max(complete_to) FROM freshness) - INTERVAL 8 SECOND)
  ) AS asked
  LEFT ANY JOIN (
    SELECT cityHash64(kind, actor, case_no) AS who, escalated_at
    FROM cases
    WHERE tenant = {tenant:String} AND escalated_at < {to:DateTime64(3, 'UTC')}
      AND ({kind:String} = '' OR kind = {kind:String})
      AND last_at >= {from:DateTime64(3, 'UTC')}
  ) AS handed ON asked.who = handed.who
  WHERE isNull(escalated_at) OR asked_at <= escalated_at
  UNION ALL
  SELECT 5, 'canary_minutes', reached / nullIf(minutes, 0), 0.999, false, minutes
  FROM (
    SELECT
      uniqExactIf(minute, isNotNull(reached_ms)) AS reached,
      if(count() = 0, 0, toUInt64(ifNull(dateDiff('minute', min(minute), max(minute)), 0) + 1)) AS minutes
    FROM (
      SELECT
        parseDateTime64BestEffortOrNull(JSONExtractString(data_raw, 'before', 'minute'), 3, 'UTC') AS minute,
        JSONExtract(data_raw, 'before', 'reachedMs', 'Nullable(Float64)') AS reached_ms
      FROM events
      WHERE tenant = 'colloquy' AND kind = 'canary' AND type = 'canary.sent' AND outcome = 'committed'
        AND committed_at >= {from:DateTime64(3, 'UTC')} -- leaves older parts unread
    )
    WHERE minute >= {from:DateTime64(3, 'UTC')} AND minute < {to:DateTime64(3, 'UTC')}
  )
  UNION ALL
  SELECT 6, 'errors', failures / nullIf(inputs, 0), 0.01, true, inputs
  FROM (
    SELECT
      (
        SELECT count()
        FROM dead_letters
        WHERE tenant = {tenant:String} AND ({kind:String} = '' OR kind = {kind:String})
          AND at >= {from:DateTime64(3, 'UTC')} AND at < {to:DateTime64(3, 'UTC')}
      ) AS failures,
      (
        SELECT count()
        FROM events
        WHERE tenant = {tenant:String} AND idx = 0 AND NOT history AND NOT match(type, '^(task|timer|dead)[.]') AND type != 'answer.judged'
          AND ({kind:String} = '' OR kind = {kind:String})
          AND committed_at >= {from:DateTime64(3, 'UTC')} AND committed_at < {to:DateTime64(3, 'UTC')}
      ) AS inputs
  )
)
ORDER BY place
