-- Task failures and queueing
--
-- Outcomes of the tasks that were started in the period. `failed` and `expired` (past the deadline) are failures. `failure_rate` is the
-- share of failures among the tasks that are done, failed or expired.
--
-- Usual: Error rate is the share of jobs, or of attempts, that failed; queue time (latency) runs from the enqueueing to the start. Here a
-- task that succeeded after failed attempts is no failure.
--
-- `stopped` tasks were no longer needed. `running` tasks are not finished. `retried` tasks needed more than one attempt. `queue` times run
-- from the start to the first attempt, `duration` times from the first attempt to the outcome. `top_error` is the most frequent code of a
-- failure.
-- One row per kind and task, and one for all. Times are NULL if no task has one.
WITH quantilesExact(0.5, 0.95)(queue_ms) AS queue, quantilesExact(0.5, 0.95)(duration_ms) AS duration
SELECT
  grouping(name) AS total,
  kind,
  name,
  count() AS tasks,
  countIf(status = 'done') AS done,
  countIf(status = 'failed') AS failed,
  countIf(status = 'expired') AS expired,
  countIf(status = 'stopped') AS stopped,
  countIf(status = 'running') AS running,
  (failed + expired) / nullIf(done + failed + expired, 0) AS failure_rate,
  countIf(attempts > 1) AS retried,
  if(count(queue_ms) = 0, NULL, queue[1]) AS queue_p50_ms,
  if(count(queue_ms) = 0, NULL, queue[2]) AS queue_p95_ms,
  if(count(duration_ms) = 0, NULL, duration[1]) AS duration_p50_ms,
  if(count(duration_ms) = 0, NULL, duration[2]) AS duration_p95_ms,
  arrayElementOrNull(topK(1)(error_code), 1) AS top_error
FROM (
  SELECT toNullable(tasks.kind) AS kind, toNullable(tasks.name) AS name, status, attempts, queue_ms, duration_ms, error_code
  FROM tasks
  WHERE tenant = {tenant:String}
    AND ({kind:String} = '' OR tasks.kind = {kind:String})
    AND started_at >= {from:DateTime64(3, 'UTC')} AND started_at < {to:DateTime64(3, 'UTC')}
)
GROUP BY GROUPING SETS ((kind, name), ())
ORDER BY total DESC, tasks DESC, kind, name
