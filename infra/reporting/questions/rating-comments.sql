-- Comments of ratings
--
-- What customers wrote with the ratings that they gave in the period (`comment` of `feedback.given`).
--
-- Usual: Survey verbatims are listed with the score and the contact that they belong to. A later rating of the same contact replaces an
-- earlier one; here each comment stays, since it was written.
--
-- `rating` is the number that came with the comment, in the scale of the kind. `outcome`, `intent` and `lang` are those of the case.
-- One row per comment, the newest first, at most 100; and one with the number of all `comments` of the period and their mean rating. Empty
-- comments, rejected ratings and imported history do not count.
WITH given AS (
  SELECT seq FROM events
  WHERE tenant = {tenant:String} AND idx = 0 AND type = 'feedback.given' AND outcome = 'committed' AND NOT history
    AND ({kind:String} = '' OR kind = {kind:String})
    AND committed_at >= {from:DateTime64(3, 'UTC')} AND committed_at < {to:DateTime64(3, 'UTC')}
)
SELECT
  grouping(seq) AS total,
  count() AS comments,
  avgOrNull(stars) AS rating,
  if(total = 1, NULL, any(words)) AS comment,
  if(total = 1, NULL, any(at)) AS given_at,
  if(total = 1, NULL, any(of_kind)) AS kind,
  if(total = 1, NULL, any(of_actor)) AS actor,
  if(total = 1, NULL, any(case_outcome)) AS outcome,
  if(total = 1, NULL, any(case_intent)) AS intent,
  if(total = 1, NULL, any(case_lang)) AS lang
FROM (
  SELECT
    toNullable(e.seq) AS seq, toNullable(e.at) AS at, toNullable(e.kind) AS of_kind, toNullable(e.actor) AS of_actor,
    toNullable(e.words) AS words, e.stars AS stars, c.outcome AS case_outcome, c.first_intent AS case_intent, c.lang AS case_lang
  FROM (
    SELECT
      seq, kind, actor, committed_at AS at, cityHash64(kind, actor, case_no) AS who,
      substringUTF8(trimBoth(JSONExtractString(data_raw, 'comment')), 1, 500) AS words,
      if(JSONType(data_raw, 'rating') IN ('Int64', 'UInt64', 'Double'), JSONExtractFloat(data_raw, 'rating'), NULL) AS stars
    FROM events
    -- Texts are read of these only.
    WHERE tenant = {tenant:String} AND idx = 0 AND seq IN (SELECT seq FROM given)
      AND committed_at >= {from:DateTime64(3, 'UTC')} AND committed_at < {to:DateTime64(3, 'UTC')}
      AND words != ''
  ) AS e
  LEFT JOIN (
    SELECT cityHash64(kind, actor, case_no) AS who, outcome, first_intent, cases.lang AS lang
    FROM cases
    WHERE tenant = {tenant:String} AND ({kind:String} = '' OR kind = {kind:String})
      AND last_at >= {from:DateTime64(3, 'UTC')}
  ) AS c ON e.who = c.who
)
GROUP BY GROUPING SETS ((seq), ())
ORDER BY total DESC, given_at DESC, seq DESC
LIMIT 101
