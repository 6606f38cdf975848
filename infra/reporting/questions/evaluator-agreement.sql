-- Agreement of evaluators
--
-- How two evaluators judge the same answers, for the answers of the period, per pair of evaluators with their versions.
--
-- Usual: Agreement between raters is reported as a share of equal judgements, as Cohen's kappa, or as a correlation of their scores. Here the
-- share is of judgements on the same side of 0.7, from which an answer is good.
--
-- `one` and `other` are evaluators with their versions; `customer@1` is the thumbs of customers, and `reviewer@<name>` that of a colleague: up is 1,
-- down is 0. `mean_difference` is
-- the mean of the score by `one` less that by `other`. `agree_share` is the share of answers that both find good, or both not.
-- `correlation` is Pearson's, NULL where one of them gave all answers the same score. One row per pair. Thumbs count whenever they were
-- given after the start of the period. The query joins answers by 64-bit hashes. This is fast, and wrong for about one answer in a billion.
SELECT
  pair.1.1 AS one,
  pair.2.1 AS other,
  count() AS answers,
  avg(pair.1.2 - pair.2.2) AS mean_difference,
  countIf((pair.1.2 >= 0.7) = (pair.2.2 >= 0.7)) / count() AS agree_share,
  if(min(pair.1.2) = max(pair.1.2) OR min(pair.2.2) = max(pair.2.2), NULL, corrStable(pair.1.2, pair.2.2)) AS correlation
FROM (
  SELECT arrayJoin(arrayFlatten(arrayMap(a -> arrayMap(b -> (a, b), arrayFilter(b -> a.1 < b.1, judged)), judged))) AS pair
  FROM (
    SELECT groupArray((concat(evaluator, '@', version), score)) AS judged
    FROM scores
    WHERE tenant = {tenant:String} AND ({kind:String} = '' OR kind = {kind:String})
      AND (
        dimension = 'overall' AND committed_at >= {from:DateTime64(3, 'UTC')} AND committed_at < {to:DateTime64(3, 'UTC')}
        OR dimension = 'thumbs' AND judged_at >= {from:DateTime64(3, 'UTC')}
      )
    GROUP BY cityHash64(kind, actor, answer)
    HAVING length(judged) > 1
  )
)
GROUP BY one, other
ORDER BY answers DESC, one, other
