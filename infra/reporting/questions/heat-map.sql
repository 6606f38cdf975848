-- Heat map by hour of the week
--
-- Cases opened in the period by the weekday and hour of their opening, in the time zone `tz`, with those of them that a person was called
-- into, and the customers' messages of that hour.
--
-- Usual: Contact volume by interval (arrival pattern) counts contacts by hour and weekday, often as a mean per week, to plan the staff. Here
-- the figures are sums over the period: take whole weeks.
--
-- `weekday` is 1 (Monday) to 7 (Sunday), `hour_of_day` is 0 to 23. `escalated` counts the cases that were ever escalated.
-- One row per weekday and hour with a case or a message, and one for all. Imported history does not count unless it was imported with
-- `--count`; its messages do not count.
SELECT
  grouping(weekday) AS total,
  weekday,
  hour_of_day,
  sum(is_case) AS cases,
  sum(is_escalated) AS escalated,
  sum(is_message) AS messages
FROM (
  SELECT
    toNullable(toDayOfWeek(opened_at, 0, {tz:String})) AS weekday, toNullable(toHour(opened_at, {tz:String})) AS hour_of_day,
    1 AS is_case, isNotNull(escalated_at) AS is_escalated, 0 AS is_message
  FROM cases
  WHERE tenant = {tenant:String} AND (NOT history OR counted)
    AND ({kind:String} = '' OR kind = {kind:String})
    AND opened_at >= {from:DateTime64(3, 'UTC')} AND opened_at < {to:DateTime64(3, 'UTC')}
    AND committed_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR -- leaves older parts unread
  UNION ALL
  SELECT toNullable(toDayOfWeek(asked_at, 0, {tz:String})), toNullable(toHour(asked_at, {tz:String})), 0, 0, 1
  FROM turns
  WHERE tenant = {tenant:String} AND NOT history
    AND ({kind:String} = '' OR kind = {kind:String})
    AND asked_at >= {from:DateTime64(3, 'UTC')} AND asked_at < {to:DateTime64(3, 'UTC')}
    AND committed_at >= {from:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR -- leaves older parts unread
)
GROUP BY GROUPING SETS ((weekday, hour_of_day), ())
ORDER BY total DESC, weekday, hour_of_day
