-- Repeat contact within 72 hours
--
-- Of the cases closed in the period, the share after which the same customer opened another case within 72 hours of the closing.
-- The customer is the case's `customer`, or the actor where that is unknown, so that reopening a conversation counts.
-- A case counts once its 72 hours are over or its customer is back; until then it is `pending` and in no rate.
-- The current time is that of the tables (`freshness.complete_to`), not the clock's.
-- One row per first intent (NULL: unknown), and one for all. Imported history does not count, neither as a case nor as a return.
-- Customers are distinguished by 64-bit hashes: fast, and wrong for about one return in a billion.
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
    WHERE tenant = {tenant:String} AND NOT history
      AND closed_at >= {from:DateTime64(3, 'UTC')} AND closed_at < {to:DateTime64(3, 'UTC')}
  ) AS c
  ASOF LEFT JOIN (
    SELECT cityHash64(ifNull(customer, concat(kind, '/', actor))) AS who, toNullable(committed_at) AS back_at
    FROM cases
    WHERE tenant = {tenant:String} AND NOT history
      AND committed_at >= {from:DateTime64(3, 'UTC')} AND committed_at < {to:DateTime64(3, 'UTC')} + INTERVAL 72 HOUR
  ) AS o ON c.who = o.who AND c.ended_at < o.back_at
)
GROUP BY GROUPING SETS ((first_intent), ())
ORDER BY total DESC, closed DESC, first_intent
