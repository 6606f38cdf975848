-- Strategies
--
-- What strategies for texts chose and learned in the period, by strategy and arm: choices, rewards with the 95 % interval of their mean, and
-- what the texts cost.
--
-- Usual: A/B tests give each variant a fixed share of all users until somebody ends them. A bandit gives more and more to the arm that does
-- better, so that poor arms have few rewards and wide intervals.
--
-- `rewarded` counts choices with a reward, `by_feedback` those whose reward was feedback. `reward` is the mean, between `reward_low` and
-- `reward_high` by the normal distribution, NULL below two rewards. `failed` counts texts that were not written. `cost_per_text` is the mean
-- over the texts whose cost is known. An arm that was changed under the same id counts once, with both forms.
-- One row per strategy and arm, and one for all. Where intervals of two arms do not overlap, they differ; where they do, `colloquy experiment`
-- can tell more with fewer texts, since it gives both arms the same briefs.
WITH
  countIf(action = 'rewarded') AS n,
  avgOrNullIf(value, action = 'rewarded') AS mean,
  1.96 * stddevSampStableIf(value, action = 'rewarded') / sqrt(n) AS half
SELECT
  grouping(strategy) AS total,
  strategy,
  arm,
  countIf(action = 'made') AS chosen,
  n AS rewarded,
  countIf(action = 'rewarded' AND reason = 'feedback') AS by_feedback,
  mean AS reward,
  if(n < 2, NULL, greatest(0, mean - half)) AS reward_low,
  if(n < 2, NULL, least(1, mean + half)) AS reward_high,
  countIf(action = 'written') AS texts,
  countIf(action = 'failed') AS failed,
  avgOrNullIf(value, action = 'written') AS cost_per_text
FROM (
  SELECT toNullable(choices.actor) AS strategy, choices.arm AS arm, choices.action AS action, choices.reason AS reason, choices.reward AS value
  FROM choices
  WHERE tenant = {tenant:String} AND action IN ('made', 'rewarded')
    AND ({kind:String} = '' OR kind = {kind:String})
    AND committed_at >= {from:DateTime64(3, 'UTC')} AND committed_at < {to:DateTime64(3, 'UTC')}
  UNION ALL
  SELECT
    toNullable(texts.purpose) AS strategy, toNullable(texts.arm) AS arm, if(isNull(texts.code), 'written', 'failed') AS action,
    NULL AS reason, texts.cost AS value
  FROM texts
  WHERE tenant = {tenant:String}
    AND ({kind:String} = '' OR kind = {kind:String})
    AND committed_at >= {from:DateTime64(3, 'UTC')} AND committed_at < {to:DateTime64(3, 'UTC')}
)
GROUP BY GROUPING SETS ((strategy, arm), ())
ORDER BY total DESC, strategy, reward DESC NULLS LAST, chosen DESC, arm
