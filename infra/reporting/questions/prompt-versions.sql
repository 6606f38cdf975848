-- Turns by prompt version
--
-- Questions of the period that a model answered, by the version of the prompt: quality, cost, and how many were handed to a person, each with
-- its 95 % interval.
--
-- Usual: A/B tests compare conversion rates of groups of users. Here the groups are the conversations that each version was released to, and
-- the rates are of their turns.
--
-- `judged` counts the answers with a quality, whose mean is `average`. `handed` counts the turns whose case was handed to a person at the
-- question or after it, before the period's end. Intervals: of means by the normal distribution, NULL below two values; of shares Wilson's.
-- Where intervals of two versions do not overlap, they differ; where they do, `colloquy experiment` can tell more with fewer answers, since it
-- asks both the same questions. Turns of one conversation are not independent, so that true intervals are somewhat wider.
-- One row per version, and one for all. Only turns whose answer names a prompt count. Imported history does not count. The query joins cases by
-- 64-bit hashes. This is fast, and wrong for about one case in a billion.
WITH
  countIf(is_handed) / nullIf(count(), 0) AS handed_share,
  1.96 * sqrt((handed_share * (1 - handed_share) + 0.9604 / count()) / count()) AS half
SELECT
  grouping(prompt_version) AS total,
  prompt_version,
  count() AS turns,
  count(quality) AS judged,
  avgOrNull(quality) AS average,
  if(judged < 2, NULL, greatest(0, average - 1.96 * stddevSampStable(quality) / sqrt(judged))) AS average_low,
  if(judged < 2, NULL, least(1, average + 1.96 * stddevSampStable(quality) / sqrt(judged))) AS average_high,
  avgOrNull(price) AS cost_per_turn,
  if(count(price) < 2, NULL, greatest(0, cost_per_turn - 1.96 * stddevSampStable(price) / sqrt(count(price)))) AS cost_low,
  if(count(price) < 2, NULL, cost_per_turn + 1.96 * stddevSampStable(price) / sqrt(count(price))) AS cost_high,
  countIf(is_handed) AS handed,
  handed_share,
  round((handed_share + 1.9208 / turns - half) / (1 + 3.8416 / turns), 12) AS handed_low,
  round((handed_share + 1.9208 / turns + half) / (1 + 3.8416 / turns), 12) AS handed_high
FROM (
  SELECT asked.prompt_version AS prompt_version, quality, price, ifNull(escalated_at >= asked_at, false) AS is_handed
  FROM (
    SELECT
      cityHash64(kind, actor, case_no) AS who, toNullable(turns.prompt_version) AS prompt_version, asked_at, quality,
      toFloat64(turns.cost) AS price
    FROM turns
    WHERE tenant = {tenant:String} AND NOT history AND isNotNull(turns.prompt_version)
      AND ({kind:String} = '' OR kind = {kind:String})
      AND asked_at >= {from:DateTime64(3, 'UTC')} AND asked_at < {to:DateTime64(3, 'UTC')}
      AND committed_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR -- leaves older parts unread
  ) AS asked
  LEFT ANY JOIN (
    SELECT cityHash64(kind, actor, case_no) AS who, escalated_at
    FROM cases
    WHERE tenant = {tenant:String} AND NOT history AND escalated_at >= {from:DateTime64(3, 'UTC')} AND escalated_at < {to:DateTime64(3, 'UTC')}
      AND ({kind:String} = '' OR kind = {kind:String})
      AND last_at >= {from:DateTime64(3, 'UTC')} -- leaves older parts unread
  ) AS handed ON asked.who = handed.who
)
GROUP BY GROUPING SETS ((prompt_version), ())
ORDER BY total DESC, turns DESC, prompt_version
