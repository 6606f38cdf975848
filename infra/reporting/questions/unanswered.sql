-- Unanswered questions
--
-- Questions of the period to which the customer has no answer: the search found nothing for them, or nobody has replied. Those that mean
-- the same are one row.
--
-- Usual: Topic mining of unanswered queries clusters them by the similarity of their vectors, and names each cluster by a typical query. The
-- number of clusters follows from a threshold that somebody chose; so does it here.
--
-- The query groups questions that differ only in case, outer blanks or the final mark. `colloquy questions unanswered` and the report then
-- join groups whose meaning is near, by the vectors of the search index (in ClickHouse or in Qdrant; without an index the groups stay).
-- `example` is the most frequent wording, `wordings` counts the groups that were joined, `no_reply` the questions that got no reply at all.
-- `text_key` is the key of the example's latest message in the search index.
-- One row per group, the most frequent first, at most 500; and one for all. Imported history does not count.
SELECT
  grouping(question) AS total,
  question,
  if(total = 1, NULL, argMax(words, asked_seq)) AS example,
  count() AS asked,
  uniqExact(question) AS wordings,
  countIf(isNull(answered_at)) AS no_reply,
  if(total = 1, NULL, argMax(intent_of_turn, asked_seq)) AS intent,
  maxOrNull(asked_at) AS last_at,
  if(total = 1, NULL, argMax(key, asked_seq)) AS text_key
FROM (
  SELECT
    toNullable(replaceRegexpOne(lowerUTF8(trimBoth(m.words)), '[\\s?？!！.。…~～]+$', '')) AS question,
    toNullable(m.words) AS words, t.intent AS intent_of_turn, t.answered_at AS answered_at, t.asked_at AS asked_at, t.seq AS asked_seq,
    toNullable(concat({tenant:String}, '/', t.kind, '/', t.actor, '/', toString(e.n), '/0/', m.id)) AS key
  FROM (
    SELECT seq, id, substringUTF8(text, 1, 500) AS words
    FROM messages
    WHERE tenant = {tenant:String} AND idx = 0 AND committed_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR
      AND ({kind:String} = '' OR kind = {kind:String})
  ) AS m
  JOIN (
    SELECT assumeNotNull(asked_seq) AS seq, turns.kind AS kind, actor, intent, answered_at, asked_at
    FROM turns
    WHERE tenant = {tenant:String} AND NOT history AND (hits = 0 OR isNull(answered_at)) AND isNotNull(asked_seq)
      AND ({kind:String} = '' OR kind = {kind:String})
      AND asked_at >= {from:DateTime64(3, 'UTC')} AND asked_at < {to:DateTime64(3, 'UTC')}
      AND committed_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR -- leaves older parts unread
  ) AS t ON m.seq = t.seq
  JOIN (
    SELECT seq, n
    FROM events
    WHERE tenant = {tenant:String} AND idx = 0 AND committed_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR
      AND ({kind:String} = '' OR kind = {kind:String})
  ) AS e ON m.seq = e.seq
)
GROUP BY GROUPING SETS ((question), ())
ORDER BY total DESC, asked DESC, last_at DESC, question
LIMIT 501
