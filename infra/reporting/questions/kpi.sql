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
WITH
  8000 AS budget_ms,
  (
    SELECT (toFloat64OrNull(toString(quantileExactOrNull(0.95)(latency_ms))), count(latency_ms), avgOrNull(quality), count(quality))
    FROM turns
    WHERE tenant = {tenant:String} AND NOT history AND responder = 'assistant'
      AND ({kind:String} = '' OR kind = {kind:String})
      AND asked_at >= {from:DateTime64(3, 'UTC')} AND asked_at < {to:DateTime64(3, 'UTC')}
      AND committed_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR -- leaves older parts unread
  ) AS replies,
  (
    SELECT (countIf(rating >= 4), count(rating))
    FROM cases
    WHERE tenant = {tenant:String} AND NOT history
      AND ({kind:String} = '' OR kind = {kind:String})
      AND opened_at >= {from:DateTime64(3, 'UTC')} AND opened_at < {to:DateTime64(3, 'UTC')}
      AND committed_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR -- leaves older parts unread
  ) AS ratings,
  (
    SELECT (countIf(score = 1), count())
    FROM scores
    WHERE tenant = {tenant:String} AND provenance = 'customer' AND dimension = 'thumbs'
      AND ({kind:String} = '' OR kind = {kind:String})
      AND judged_at >= {from:DateTime64(3, 'UTC')} AND judged_at < {to:DateTime64(3, 'UTC')}
  ) AS thumbs,
  (
    SELECT (countIf(latency_ms <= budget_ms), count())
    FROM (
      SELECT cityHash64(kind, actor, case_no) AS who, asked_at, latency_ms
      FROM turns
      WHERE tenant = {tenant:String} AND NOT history
        AND ({kind:String} = '' OR kind = {kind:String})
        AND asked_at >= {from:DateTime64(3, 'UTC')} AND asked_at < {to:DateTime64(3, 'UTC')}
        AND committed_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR -- leaves older parts unread
        AND (latency_ms <= budget_ms OR asked_at <= (SELECT max(complete_to) FROM freshness) - toIntervalMillisecond(budget_ms))
    ) AS t
    LEFT ANY JOIN (
      SELECT cityHash64(kind, actor, case_no) AS who, escalated_at
      FROM cases
      WHERE tenant = {tenant:String} AND isNotNull(escalated_at) AND escalated_at < {to:DateTime64(3, 'UTC')}
        AND ({kind:String} = '' OR kind = {kind:String})
        AND last_at >= {from:DateTime64(3, 'UTC')}
    ) AS handed ON t.who = handed.who
    WHERE isNull(escalated_at) OR asked_at <= escalated_at
  ) AS messages,
  (
    SELECT (
      uniqExactIf(minute, reached >= 0 AND is_here),
      if(countIf(is_here) = 0, 0, dateDiff('minute', minIf(minute, is_here), maxIf(minute, is_here)) + 1)
    )
    FROM (
      SELECT
        parseDateTime64BestEffortOrNull(JSONExtractString(data_raw, 'before', 'minute'), 3, 'UTC') AS minute,
        JSONExtract(data_raw, 'before', 'reachedMs', 'Nullable(Float64)') AS reached,
        minute >= {from:DateTime64(3, 'UTC')} AND minute < {to:DateTime64(3, 'UTC')} AS is_here
      FROM events
      WHERE tenant = 'colloquy' AND kind = 'canary' AND type = 'canary.sent' AND outcome = 'committed'
        AND committed_at >= {from:DateTime64(3, 'UTC')} -- leaves older parts unread
    )
  ) AS minutes,
  (
    SELECT count()
    FROM events
    WHERE tenant = {tenant:String} AND idx = 0 AND NOT history AND NOT match(type, '^(task|timer|dead)\.') AND type != 'answer.judged'
      AND ({kind:String} = '' OR kind = {kind:String})
      AND committed_at >= {from:DateTime64(3, 'UTC')} AND committed_at < {to:DateTime64(3, 'UTC')}
  ) AS inputs,
  (
    SELECT count()
    FROM dead_letters
    WHERE tenant = {tenant:String} AND ({kind:String} = '' OR kind = {kind:String})
      AND at >= {from:DateTime64(3, 'UTC')} AND at < {to:DateTime64(3, 'UTC')}
  ) AS failures
SELECT
  figure.1 AS figure,
  figure.2 AS value,
  figure.3 AS aim,
  if(isNull(value), NULL, if(figure.1 IN ('reply_p95_ms', 'errors'), value <= aim, value >= aim)) AS met,
  figure.4 AS counted
FROM (
  SELECT arrayJoin([
    ('reply_p95_ms', replies.1, 2000., replies.2),
    ('quality', replies.3, 0.8, replies.4),
    ('satisfaction', (ratings.1 + thumbs.1) / nullIf(ratings.2 + thumbs.2, 0), 0.85, ratings.2 + thumbs.2),
    ('answered_in_time', messages.1 / nullIf(messages.2, 0), 0.999, messages.2),
    ('canary_minutes', minutes.1 / nullIf(minutes.2, 0), 0.999, toUInt64(minutes.2)),
    ('errors', failures / nullIf(inputs, 0), 0.01, inputs)
  ]) AS figure
)
