-- Backlog by hour
--
-- Cases that were open at the end of each hour of the period, in the time zone `tz`, and cases that were opened, closed and escalated in
-- the hour.
--
-- Usual: Backlog is the number of unresolved tickets at a moment, often without those that wait for the customer. Here every open case
-- counts.
--
-- `waiting_for_person` are open cases that have been escalated. A case that was opened and closed in the same hour counts in both columns.
-- One row per hour of the period, including hours without cases, at most the first 10,000. The rows end at the time up to which the
-- tables are complete. The hour in which the period starts counts as a whole. Imported history does not count unless it was
-- imported with `--count`.
WITH
  toTimeZone(toStartOfHour({from:DateTime64(3, 'UTC')}, {tz:String}), 'UTC') AS first_hour,
  assumeNotNull((SELECT max(complete_to) FROM freshness)) AS complete_to,
  least({to:DateTime64(3, 'UTC')}, complete_to) AS until,
  -- Steps of half an hour find every hour, also where a clock is put forward or back by half an hour.
  toUInt32(greatest(0, least(20000, intDiv(dateDiff('second', first_hour, until) + 1799, 1800)))) AS halves,
  toTimeZone(toStartOfHour(first_hour + toIntervalMinute(30 * (halves - 1)), {tz:String}), 'UTC') AS last_hour,
  toTimeZone(toStartOfHour(last_hour + INTERVAL 1 HOUR, {tz:String}), 'UTC') AS end
SELECT hour, opened, closed, escalated, open, waiting_for_person
FROM (
  SELECT
    hour,
    sum(what = 1) AS opened,
    sum(what = 2) AS closed,
    sum(what = 3) AS escalated,
    sum(toInt64(opened) - toInt64(closed)) OVER (ORDER BY hour) AS open,
    sum(toInt64(escalated) - toInt64(sum(what = 4))) OVER (ORDER BY hour) AS waiting_for_person
  FROM (
    SELECT toTimeZone(toStartOfHour(first_hour + toIntervalMinute(30 * number), {tz:String}), 'UTC') AS hour, 0 AS what
    FROM numbers(halves)
    UNION ALL
    SELECT greatest(toTimeZone(toStartOfHour(assumeNotNull(at), {tz:String}), 'UTC'), first_hour - INTERVAL 1 HOUR) AS hour, what
    FROM cases
    ARRAY JOIN
      [toNullable(opened_at), closed_at, escalated_at, if(isNull(escalated_at), NULL, closed_at)] AS at,
      [1, 2, 3, 4] AS what
    WHERE tenant = {tenant:String} AND (NOT history OR counted) AND opened_at < end AND (isNull(closed_at) OR closed_at >= first_hour)
      AND ({kind:String} = '' OR kind = {kind:String})
      AND at < end
  )
  GROUP BY hour
)
WHERE hour >= first_hour
ORDER BY hour
