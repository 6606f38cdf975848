-- Wait for a person
--
-- How long cases that an agent got in the period had waited since they were escalated, by team.
--
-- Usual: Service level is the share of contacts that a person answers within a bound, such as 80 % in 20 s; average speed of answer is a
-- mean. Both often leave out contacts that nobody answered. Here are quantiles, and `waiting` counts those whom nobody has.
--
-- A case counts once a team, by the first agent whom it got. `offers` counts how often it was offered. `without_offer` counts cases that
-- an agent took by himself. `waiting` counts cases that nobody has taken so far, and that were offered in the period, or asked in it and
-- were never offered.
-- One row per team, and one for all.
SELECT
  grouping(team) AS total,
  team,
  count() AS cases,
  countIf(isNotNull(waited_ms)) AS assigned,
  countIf(isNull(waited_ms) AND is_open) AS waiting,
  sum(offered) AS offers,
  countIf(isNotNull(waited_ms) AND offered = 0) AS without_offer,
  quantileExactOrNull(0.5)(waited_ms) AS p50_ms,
  quantileExactOrNull(0.9)(waited_ms) AS p90_ms,
  quantileExactOrNull(0.95)(waited_ms) AS p95_ms,
  max(waited_ms) AS max_ms
FROM (
  SELECT
    toNullable(actor) AS team,
    argMinIf(toNullable(waited_ms), accepted_at, isNotNull(accepted_at)) AS waited_ms,
    countIf(isNotNull(offered_at)) AS offered,
    argMax(ifNull(outcome, '') != 'withdrawn', last_seq) AS is_open
  FROM assignments
  WHERE tenant = {tenant:String}
    AND ({kind:String} = '' OR kind = {kind:String})
    AND began_at >= {from:DateTime64(3, 'UTC')} AND began_at < {to:DateTime64(3, 'UTC')}
  GROUP BY kind, actor, case_kind, case_actor
  UNION ALL
  SELECT toNullable(argMax(actor, seq)) AS team, NULL AS waited_ms, 0 AS offered, argMax(type, seq) = 'case.waiting' AS is_open
  FROM events
  WHERE tenant = {tenant:String} AND idx = 0 AND outcome = 'committed' AND type IN ('case.waiting', 'case.ended')
    AND ({kind:String} = '' OR kind = {kind:String})
    AND committed_at >= {from:DateTime64(3, 'UTC')} AND committed_at < {to:DateTime64(3, 'UTC')}
    AND (kind, splitByChar('/', source)[3], splitByChar('/', source)[4]) NOT IN (
      SELECT kind, case_kind, case_actor FROM assignments WHERE tenant = {tenant:String}
    )
  GROUP BY kind, source
  HAVING is_open
)
GROUP BY GROUPING SETS ((team), ())
ORDER BY total DESC, cases DESC, team
