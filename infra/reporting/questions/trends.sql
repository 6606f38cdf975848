-- Trends
--
-- What rises, what is unusual, and what is to be expected: events of the period by kind and type in each hour, of the last day against the same
-- hours of up to four earlier weeks, of the last week against a forecast from the weeks before, and a forecast of the next week.
--
-- Usual: Trending lists compare counts with those of the period before, which finds every Monday rising. Forecasts by hour are judged against the
-- seasonal naive one, which repeats the hour of the week before.
--
-- The query gives the counts, and `colloquy questions trends` the rest. An event is an input or an emitted event of a committed record. It counts
-- at the time that its producer states, so that what is sent later counts when it happened, or at its commit if that is earlier: clocks ahead
-- do not count in the future. Imported history does not count. Hours begin at full hours of UTC. Only hours that are over and that the tables have
-- whole count: the period ends with the last one, and has at most the 12 weeks before that.
-- One row per kind and type, at most the 50 with most events, and one for all, with `start`, the first hour, and `counts`, one an hour.
--
-- The command has three sorts of rows, which `about` tells apart:
-- - `series`, one per kind and type, and one for all, the one that rises most first. `events` are those of the last 24 hours, `usual` what
--   the same hours of earlier weeks had. `rise` is the logarithm of the two with 20 events added to each, so that few events do not lead: 0 is as
--   usual, 0.69 twice as much. `error_to_naive` and `covered` judge the forecast of the last week: its mean absolute error relative to
--   that of the seasonal naive one, and the share of the hours in the band. Both are NULL with less than three weeks since the first event.
-- - `unusual`, an hour of the last week that is far outside of its band, the most surprising first, at most 50. `surprise` is the distance from
--   the mean in deviations of such hours, on a scale on which these are alike; above 0 is more than expected.
-- - `forecast`, an hour of the next week, of all events that were asked for. There is none with less than two weeks since the first event.
-- `expected` is the median, which is 0 where most such hours have no event; `mean` is for sums. `band_low` to `band_high` is the band of 80 %.
WITH
  toStartOfHour(least({to:DateTime64(3, 'UTC')}, assumeNotNull((SELECT max(complete_to) FROM freshness)))) AS end,
  toStartOfHour(greatest({from:DateTime64(3, 'UTC')}, end - INTERVAL 2016 HOUR) + toIntervalMillisecond(3599999)) AS first_hour,
  toUInt32(greatest(0, dateDiff('hour', first_hour, end))) AS hours
SELECT
  grouping(kind) AS total,
  kind,
  type,
  any(first_hour) AS start,
  arraySlice(countResample(0, 2016, 1)(hour, hour), 1, any(hours)) AS counts
FROM (
  SELECT toNullable(events.kind) AS kind, toNullable(events.type) AS type, toUInt32(dateDiff('hour', first_hour, least(time, committed_at))) AS hour
  FROM events
  WHERE tenant = {tenant:String} AND NOT history AND outcome = 'committed'
    AND ({kind:String} = '' OR events.kind = {kind:String})
    AND ({type:String} = '' OR events.type = {type:String})
    AND committed_at >= first_hour -- leaves older parts unread
    AND least(time, committed_at) >= first_hour AND least(time, committed_at) < end
)
GROUP BY GROUPING SETS ((kind, type), ())
ORDER BY total DESC, count() DESC, kind, type
LIMIT 51
