-- Agents
--
-- What agents were offered and had in the period, by agent: offers, how soon they answered, and how long they had a case.
--
-- Usual: Average handle time is talk, hold and wrap-up together, measured by the telephone system. Here `handle_p50_ms` is the median from
-- when the agent got the case until he had it no longer, with the time in which the customer was silent.
--
-- `lapsed` counts offers without an answer, `withdrawn` those that another agent took or that were over before. `answer_p50_ms` is the
-- median from an offer to its acceptance. `accepted` counts cases that he got, also without an offer. `lost` counts those that were taken
-- from him since he was away or went. `open` counts those that he has now.
-- One row per agent, the one with most cases first, and one for all.
SELECT
  grouping(agent) AS total,
  agent,
  countIf(isNotNull(offered_at)) AS offers,
  countIf(isNotNull(accepted_at)) AS accepted,
  countIf(outcome = 'declined') AS declined,
  countIf(outcome = 'lapsed') AS lapsed,
  countIf(outcome = 'withdrawn') AS withdrawn,
  quantileExactOrNull(0.5)(if(isNull(offered_at), NULL, dateDiff('millisecond', offered_at, accepted_at))) AS answer_p50_ms,
  quantileExactOrNull(0.5)(handle_ms) AS handle_p50_ms,
  countIf(outcome = 'resolved') AS resolved,
  countIf(outcome = 'returned') AS returned,
  countIf(outcome = 'transferred') AS transferred,
  countIf(outcome IN ('away', 'offline')) AS lost,
  countIf(isNotNull(accepted_at) AND isNull(released_at)) AS open
FROM (
  SELECT toNullable(assignments.agent) AS agent, offered_at, accepted_at, released_at, handle_ms, outcome
  FROM assignments
  WHERE tenant = {tenant:String}
    AND ({kind:String} = '' OR kind = {kind:String})
    AND began_at >= {from:DateTime64(3, 'UTC')} AND began_at < {to:DateTime64(3, 'UTC')}
)
GROUP BY GROUPING SETS ((agent), ())
ORDER BY total DESC, accepted DESC, offers DESC, agent
