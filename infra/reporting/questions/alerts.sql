-- Alerts
--
-- Alerts that triggers raised in the period, by series, with the times until somebody had seen them and until they were over.
--
-- Usual: Mean time to acknowledge (MTTA) and mean time to resolve (MTTR) are means over incidents. A few that stay open for days decide
-- them; here they are medians.
--
-- `open` counts alerts that are not over yet. `escalated` counts those of which nobody had taken notice before the second step of their
-- escalation chain. `acknowledged_p50_ms` and `cleared_p50_ms` run from the moment at which the alert was raised; they are NULL where none
-- was acknowledged, or is over.
-- One row per series, the one with most alerts first, and one for all.
SELECT
  grouping(series) AS total,
  series,
  count() AS alerts,
  countIf(isNull(cleared_at)) AS open,
  countIf(isNotNull(acknowledged_at)) AS acknowledged,
  countIf(steps > 0) AS escalated,
  quantileExactOrNull(0.5)(dateDiff('millisecond', raised_at, acknowledged_at)) AS acknowledged_p50_ms,
  quantileExactOrNull(0.5)(dateDiff('millisecond', raised_at, cleared_at)) AS cleared_p50_ms
FROM (
  SELECT toNullable(alerts.series) AS series, raised_at, acknowledged_at, cleared_at, steps
  FROM alerts
  WHERE tenant = {tenant:String}
    AND ({kind:String} = '' OR kind = {kind:String})
    AND raised_at >= {from:DateTime64(3, 'UTC')} AND raised_at < {to:DateTime64(3, 'UTC')}
)
GROUP BY GROUPING SETS ((series), ())
ORDER BY total DESC, alerts DESC, series
