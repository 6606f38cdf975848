-- Repeat contact within 72 hours
--
-- The share of the cases closed in the period after which the same customer opened another case within 72 hours.
--
-- Usual: Repeat contact rate is the share of contacts that the same customer makes again about the same matter, within 1 to 30 days, often
-- 7; its complement is first contact resolution. Here any matter counts, because the tables do not know which matter a case is about.
--
-- The customer is the case's `customer`. If that is unknown, it is the actor, so that reopening a conversation counts.
-- A case counts as soon as its 72 hours are over or its customer is back. Until then it is `pending`, and no rate includes it.
-- The current time is the time up to which the tables are complete (`freshness.complete_to`), not the time of a clock.
-- One row per first intent (NULL: unknown), and one for all. Imported history does not count, neither as a case nor as a return,
-- unless it was imported with `--count`. With a `kind`, only returns to this kind count.
-- The query compares customers by 64-bit hashes. This is fast, and wrong for about one return in a billion.
SELECT
  grouping(first_intent) AS total,
  first_intent,
  count() AS closed,
  countIf(is_back) AS repeated,
  countIf(NOT is_back AND NOT is_observed) AS pending,
  repeated / nullIf(closed - pending, 0) AS repeat_rate
FROM (
  SELECT
    toNullable(c.first_intent) AS first_intent,
    c.ended_at + INTERVAL 72 HOUR <= (SELECT assumeNotNull(max(complete_to)) FROM freshness) AS is_observed,
    ifNull(o.back_at <= c.ended_at + INTERVAL 72 HOUR, false) AS is_back
  FROM (
    SELECT cityHash64(ifNull(customer, concat(kind, '/', actor))) AS who, first_intent, assumeNotNull(closed_at) AS ended_at
    FROM cases
    WHERE tenant = {tenant:String} AND (NOT history OR counted)
      AND ({kind:String} = '' OR kind = {kind:String})
      AND closed_at >= {from:DateTime64(3, 'UTC')} AND closed_at < {to:DateTime64(3, 'UTC')}
      AND (history OR last_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR) -- leaves older parts unread
  ) AS c
  ASOF LEFT JOIN (
    SELECT cityHash64(ifNull(customer, concat(kind, '/', actor))) AS who, toNullable(if(history, opened_at, committed_at)) AS back_at
    FROM cases
    WHERE tenant = {tenant:String} AND (NOT history OR counted)
      AND ({kind:String} = '' OR kind = {kind:String})
      AND committed_at >= {from:DateTime64(3, 'UTC')}
      AND back_at >= {from:DateTime64(3, 'UTC')} AND back_at < {to:DateTime64(3, 'UTC')} + INTERVAL 72 HOUR
  ) AS o ON c.who = o.who AND c.ended_at < o.back_at
)
GROUP BY GROUPING SETS ((first_intent), ())
ORDER BY total DESC, closed DESC, first_intent
