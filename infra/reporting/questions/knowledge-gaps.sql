-- Knowledge gaps
--
-- Questions of the period that the knowledge does not cover: turns that searched the knowledge without a hit.
--
-- Usual: Unanswered (no-match, fallback) queries are the questions to which the bot gave its fallback; the fallback rate is their share.
-- Here a question counts if the search found nothing relevant, whatever the reply was.
--
-- `hits` is 0 in these turns; it is NULL in turns without a search. Questions that differ only in case, outer blanks or the final mark
-- count as one; only their first 500 characters are compared. `example` is the latest wording. `unanswered` counts the questions that got
-- no reply.
-- One row per question, the most frequent first, at most 100; and one for all. Imported history does not count.
SELECT
  grouping(question) AS total,
  question,
  argMaxOrNull(words, asked_seq) AS example,
  argMaxOrNull(intent_of_turn, asked_seq) AS intent,
  count() AS asked,
  countIf(isNull(answered_at)) AS unanswered,
  maxOrNull(asked_at) AS last_at
FROM (
  SELECT
    toNullable(replaceRegexpOne(lowerUTF8(trimBoth(m.words)), '[\\s?？!！.。…~～]+$', '')) AS question,
    m.words AS words, t.intent AS intent_of_turn, t.answered_at AS answered_at, t.asked_at AS asked_at, t.seq AS asked_seq
  FROM (
    SELECT seq, substringUTF8(text, 1, 500) AS words
    FROM messages
    WHERE tenant = {tenant:String} AND idx = 0 AND committed_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR
      AND ({kind:String} = '' OR kind = {kind:String})
  ) AS m
  JOIN (
    SELECT assumeNotNull(asked_seq) AS seq, intent, answered_at, asked_at
    FROM turns
    WHERE tenant = {tenant:String} AND NOT history AND hits = 0 AND isNotNull(asked_seq)
      AND ({kind:String} = '' OR kind = {kind:String})
      AND asked_at >= {from:DateTime64(3, 'UTC')} AND asked_at < {to:DateTime64(3, 'UTC')}
      AND committed_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR -- leaves older parts unread
  ) AS t ON m.seq = t.seq
)
GROUP BY GROUPING SETS ((question), ())
ORDER BY total DESC, asked DESC, last_at DESC, question
LIMIT 101
