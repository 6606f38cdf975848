-- Cost by model
--
-- What the language models cost that answered questions of the period, by model and tier (NULL: not reported), for one tenant.
--
-- Usual: Bills of providers count all requests, also those for judgements, for tests and for answers that nobody got. Here only answers
-- count, with what other models took that were asked for them before.
--
-- `fallbacks` counts the answers that another model should have given, which failed or was not good enough. `complexity` is
-- the mean over the questions with one. An answer without a known cost adds 0 to `cost` and 1 to `cost_unknown`. If `cost_unknown` is not
-- 0, the cost may be a lower bound: an answer to several questions has its tokens and cost with the newest, and none with the others.
-- One row per model and tier, and one for all. Only answers of the machine that name a model count. Imported history does not count.
SELECT
  grouping(model) AS total,
  model,
  tier,
  count() AS answers,
  countIf(reason = 'fallback') AS fallbacks,
  avgOrNull(score) AS complexity,
  sum(tin) AS tokens_in,
  sum(tout) AS tokens_out,
  toFloat64(sum(price)) AS cost,
  countIf(isNull(price)) AS cost_unknown
FROM (
  SELECT
    toNullable(turns.model) AS model, toNullable(turns.tier) AS tier, toNullable(turns.tier_reason) AS reason,
    turns.complexity AS score, turns.tokens_in AS tin, turns.tokens_out AS tout, turns.cost AS price
  FROM turns
  WHERE tenant = {tenant:String} AND NOT history AND isNotNull(turns.model)
    AND ({kind:String} = '' OR kind = {kind:String})
    AND asked_at >= {from:DateTime64(3, 'UTC')} AND asked_at < {to:DateTime64(3, 'UTC')}
    AND committed_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR -- leaves older parts unread
)
GROUP BY GROUPING SETS ((model, tier), ())
ORDER BY total DESC, cost DESC NULLS LAST, answers DESC, model, tier
