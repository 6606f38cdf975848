-- Freshness of answers that are given again
--
-- Answers to questions of the period, in conversations and to the kind `question`, that were made for an earlier question, by the time from
-- a change of what they could rest on to the start of the task that gave them. `late` must be 0: no answer rests on what changed more than a
-- second before its task started.
--
-- Usual: A cache is called fresh if its entries are younger than their time to live. Here an answer is fresh if nothing that it rests on has
-- changed, however old it is.
--
-- Changes are `knowledge.changed`, `intents.changed`, `tenant.changed` and, for the prompt of the answer, `prompt.rolled_out` of the tenant. An
-- answer is `stale` if such an event was committed before its task started, and is newer than what it rests on: for knowledge
-- `cached_knowledge_seq`, else `cached_seq`, in the sequence of LOG. `late` counts those of them that are older than a second, and
-- `max_stale_ms` is the longest. `age` is the time from the first such change or, for an answer that is not stale, from the newest change
-- before it; `none` where nothing has changed within the last eight days, longer than any entry lives.
-- The task is the one whose end gave the answer; an answer that came later counts with its own time. Times are those of the processes that
-- decided: with clocks apart, they are as wrong as these.
-- One row per age, and one for all. An answer to several questions counts once. Imported history does not count.
WITH changes AS (
  SELECT
    multiIf(
      type = 'knowledge.changed', 'knowledge', type = 'intents.changed', 'intents', type = 'tenant.changed', 'settings',
      concat('prompt ', toString(actor))
    ) AS what,
    seq,
    committed_at AS at
  FROM events
  WHERE tenant = {tenant:String} AND idx > 0
    AND (kind, type) IN (
      ('source', 'knowledge.changed'), ('intents', 'intents.changed'), ('tenant', 'tenant.changed'), ('prompt', 'prompt.rolled_out')
    )
    AND committed_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 8 DAY
)
SELECT
  grouping(age) AS total,
  age,
  count() AS answers,
  countIf(isNotNull(stale_ms)) AS stale,
  countIf(ifNull(stale_ms > 1000, false)) AS late,
  maxOrNull(stale_ms) AS max_stale_ms
FROM (
  SELECT
    maxOrNull(missed_ms) AS stale_ms,
    ifNull(stale_ms, minOrNull(since_ms)) AS ms,
    toNullable(
      multiIf(isNull(ms), 'none', ms <= 100, '0-100 ms', ms <= 250, '100-250 ms', ms <= 500, '250-500 ms', ms <= 1000, '500-1000 ms', 'over 1 s')
    ) AS age
  FROM (
    SELECT
      known.answered_seq AS answered_seq, known.answered_idx AS answered_idx, known.missed_ms AS missed_ms,
      if(newest.seq > 0, toUnixTimestamp64Milli(known.started) - toUnixTimestamp64Milli(newest.at), NULL) AS since_ms
    FROM (
      SELECT
        rests.answered_seq AS answered_seq, rests.answered_idx AS answered_idx, rests.started AS started, rests.what AS what,
        if(
          missed.seq > 0 AND missed.at <= rests.started,
          toUnixTimestamp64Milli(rests.started) - toUnixTimestamp64Milli(missed.at),
          NULL
        ) AS missed_ms
      FROM (
        SELECT answered_seq, answered_idx, started, rest.1 AS what, rest.2 AS base
        FROM (
          SELECT
            assumeNotNull(turns.answered_seq) AS answered_seq,
            assumeNotNull(turns.answered_idx) AS answered_idx,
            if(given.last_seq = 0, assumeNotNull(turns.answered_at), given.started_at) AS started,
            [
              ('knowledge', assumeNotNull(turns.cached_knowledge_seq)),
              ('intents', assumeNotNull(turns.cached_seq)),
              ('settings', assumeNotNull(turns.cached_seq)),
              (concat('prompt ', splitByChar('@', ifNull(toString(turns.prompt_version), ''))[1]), assumeNotNull(turns.cached_seq))
            ] AS rests
          FROM (
            SELECT answered_seq, answered_idx, answered_at, cached_seq, cached_knowledge_seq, toNullable(toString(prompt_version)) AS prompt_version
            FROM turns
            WHERE tenant = {tenant:String} AND NOT history AND isNotNull(cached_seq) AND isNotNull(answered_seq)
              AND ({kind:String} = '' OR kind = {kind:String})
              AND asked_at >= {from:DateTime64(3, 'UTC')} AND asked_at < {to:DateTime64(3, 'UTC')}
              AND committed_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR -- leaves older parts unread
            UNION ALL
            SELECT
              seq, idx, committed_at, JSONExtract(data_raw, 'cachedFrom', 'seq', 'Nullable(UInt64)'),
              JSONExtract(data_raw, 'cachedFrom', 'knowledgeSeq', 'Nullable(UInt64)'), JSONExtract(data_raw, 'promptVersion', 'Nullable(String)')
            FROM events
            WHERE tenant = {tenant:String} AND type = 'question.answered' AND idx > 0 AND JSONHas(data_raw, 'cachedFrom')
              AND ({kind:String} = '' OR kind = {kind:String})
              AND committed_at >= {from:DateTime64(3, 'UTC')} AND committed_at < {to:DateTime64(3, 'UTC')}
          ) AS turns
          LEFT ANY JOIN (
            SELECT last_seq, started_at
            FROM tasks
            WHERE tenant = {tenant:String} AND status = 'done'
              AND ({kind:String} = '' OR kind = {kind:String})
              AND started_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR -- leaves older parts unread
          ) AS given ON turns.answered_seq = given.last_seq
          LIMIT 1 BY answered_seq, answered_idx
        )
        ARRAY JOIN rests AS rest
      ) AS rests
      ASOF LEFT JOIN changes AS missed ON rests.what = missed.what AND rests.base < missed.seq
    ) AS known
    ASOF LEFT JOIN changes AS newest ON known.what = newest.what AND known.started >= newest.at
  )
  GROUP BY answered_seq, answered_idx
)
GROUP BY GROUPING SETS ((age), ())
ORDER BY total DESC, age
