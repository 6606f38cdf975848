-- Satisfaction
--
-- Ratings of the cases opened in the period, from 1 (bad) to 5 (good). The last rating of a case counts. `csat` is the share of ratings
-- of 4 or more.
--
-- Usual: CSAT is the share of the answers to a survey that are 4 or 5 of 5; it says nothing about customers who do not answer. Some report
-- the mean of the ratings under the same name; here that is `average`.
--
-- `r1` to `r5` count rounded ratings. `rated_share` is the share of cases with a rating: a few ratings say little about all cases.
-- One row per language of the case (NULL: unknown), and one for all. Cases without a rating count only in `cases`.
-- `average` and `csat` are NULL without ratings. Imported history does not count unless it was
-- imported with `--count`.
SELECT
  grouping(lang) AS total,
  lang,
  count() AS cases,
  count(rating) AS rated,
  rated / nullIf(cases, 0) AS rated_share,
  avgOrNull(rating) AS average,
  countIf(rating >= 4) / nullIf(rated, 0) AS csat,
  countIf(floor(rating + 0.5) = 1) AS r1,
  countIf(floor(rating + 0.5) = 2) AS r2,
  countIf(floor(rating + 0.5) = 3) AS r3,
  countIf(floor(rating + 0.5) = 4) AS r4,
  countIf(floor(rating + 0.5) = 5) AS r5
FROM (
  SELECT toNullable(cases.lang) AS lang, rating
  FROM cases
  WHERE tenant = {tenant:String} AND (NOT history OR counted)
    AND ({kind:String} = '' OR kind = {kind:String})
    AND opened_at >= {from:DateTime64(3, 'UTC')} AND opened_at < {to:DateTime64(3, 'UTC')}
    AND committed_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR -- leaves older parts unread
)
GROUP BY GROUPING SETS ((lang), ())
ORDER BY total DESC, cases DESC, lang
