-- Tasks that succeeded late
--
-- Tasks that were started in the period and succeeded only after failed attempts, by the error of the last failed attempt.
--
-- Usual: Retry rate is the share of jobs that needed more than one attempt. A job that succeeds in the end counts as a success, and its
-- errors are only in logs; here they are in the tables.
--
-- `error_code` and `example` are the code and a message of the last failed attempt; they are NULL where a runner was lost without one, and
-- for tasks that an earlier version of Colloquy ran. `attempts` is their mean number. `late_share` is the share of the tasks that are done.
-- `duration` times run from the first attempt to the outcome.
-- One row per kind, task and code, the most frequent first; and one for all. Figures are NULL without such tasks.
SELECT * EXCEPT (done, done_of_name)
FROM (
  SELECT
    grouping(name) AS total,
    kind,
    name,
    error_code,
    countIf(is_late) AS tasks,
    avgOrNullIf(tries, is_late) AS attempts,
    count() AS done,
    sum(done) OVER (PARTITION BY total, kind, name) AS done_of_name,
    tasks / nullIf(done_of_name, 0) AS late_share,
    if(countIf(is_late AND isNotNull(ms)) = 0, NULL, quantilesExactIf(0.5, 0.95)(ms, is_late)[1]) AS duration_p50_ms,
    if(countIf(is_late AND isNotNull(ms)) = 0, NULL, quantilesExactIf(0.5, 0.95)(ms, is_late)[2]) AS duration_p95_ms,
    anyIf(message, is_late) AS example
  FROM (
    SELECT
      toNullable(tasks.kind) AS kind, toNullable(tasks.name) AS name, attempt_error_code AS error_code, attempt_error AS message,
      attempts AS tries, duration_ms AS ms, ifNull(tries > 1, false) AS is_late
    FROM tasks
    WHERE tenant = {tenant:String} AND status = 'done'
      AND ({kind:String} = '' OR kind = {kind:String})
      AND started_at >= {from:DateTime64(3, 'UTC')} AND started_at < {to:DateTime64(3, 'UTC')}
  )
  GROUP BY GROUPING SETS ((kind, name, error_code), ())
)
WHERE total = 1 OR tasks > 0
ORDER BY total DESC, tasks DESC, kind, name, error_code
