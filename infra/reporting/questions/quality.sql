-- Quality by model and prompt version
--
-- Quality, speed and cost of the answers to questions of the period, per model, model version and prompt version (NULL: not reported).
--
-- Usual: Answer quality is the mean of the scores that graders or a judging model give to a sample of answers, on a scale of their own.
--
-- `judged` counts the answers with a quality, which is from 0 to 1. `low` counts the answers with a quality under 0.7. `cost` is the sum
-- over the answers with a known cost, and `cost_per_answer` is their mean.
-- One row per model, version and prompt, and one for all. Only answers of the machine that name a model count. Its fixed sentences and
-- imported history do not count. Figures are NULL if no answer was judged, timed or priced.
WITH quantilesExact(0.5, 0.95)(latency_ms) AS latency
SELECT
  grouping(model) AS total,
  model,
  model_version,
  prompt_version,
  count() AS answers,
  count(quality) AS judged,
  avgOrNull(quality) AS average,
  quantileExactOrNull(0.1)(quality) AS p10,
  countIf(quality < 0.7) AS low,
  if(count(latency_ms) = 0, NULL, latency[1]) AS p50_ms,
  if(count(latency_ms) = 0, NULL, latency[2]) AS p95_ms,
  toFloat64(sum(price)) AS cost,
  cost / nullIf(count(price), 0) AS cost_per_answer
FROM (
  SELECT
    toNullable(turns.model) AS model, toNullable(turns.model_version) AS model_version, toNullable(turns.prompt_version) AS prompt_version,
    quality, latency_ms, turns.cost AS price
  FROM turns
  WHERE tenant = {tenant:String} AND NOT history AND isNotNull(turns.model)
    AND ({kind:String} = '' OR kind = {kind:String})
    AND asked_at >= {from:DateTime64(3, 'UTC')} AND asked_at < {to:DateTime64(3, 'UTC')}
    AND committed_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR -- leaves older parts unread
)
GROUP BY GROUPING SETS ((model, model_version, prompt_version), ())
ORDER BY total DESC, answers DESC, model, model_version, prompt_version
