-- SLA
--
-- Promises of time that desks missed in the period, by team and promise: the first reply, the next reply, and the resolution.
--
-- Usual: SLA compliance is the share of tickets whose promises were kept, counted when they are closed. Here a promise counts at the moment
-- at which it is missed, so that an open case shows at once.
--
-- `missed` counts cases that missed the promise in the period, each once, however many messages waited too long. `nobody` counts those that no agent had at that moment. `share` is
-- `missed` over `cases`: all cases that were offered, taken or late at the desk in the period. Clocks stand still outside office hours.
-- One row per team and promise, and one for all; its `missed` counts cases of a team that missed any promise.
WITH
  (
    SELECT groupArray((desk_kind, team, cases))
    FROM (
      SELECT kind AS desk_kind, actor AS team, uniqExact(JSONExtractString(data_raw, 'case')) AS cases
      FROM events
      WHERE tenant = {tenant:String} AND idx > 0 AND JSONHas(data_raw, 'case')
        AND type IN ('case.offered', 'case.assigned', 'case.overdue')
        AND ({kind:String} = '' OR kind = {kind:String})
        AND committed_at >= {from:DateTime64(3, 'UTC')} AND committed_at < {to:DateTime64(3, 'UTC')}
      GROUP BY kind, actor
    )
  ) AS desks
SELECT
  grouping(team) AS total,
  team,
  promise,
  if(total = 1, arraySum(desk -> desk.3, desks), any(of_team)) AS cases,
  uniqExact(desk_kind, team, case_ref) AS missed,
  uniqExactIf((desk_kind, team, case_ref), is_nobodys) AS nobody,
  missed / nullIf(cases, 0) AS share
FROM (
  SELECT
    toNullable(actor) AS team,
    toNullable(JSONExtractString(data_raw, 'clock')) AS promise,
    kind AS desk_kind,
    JSONExtractString(data_raw, 'case') AS case_ref,
    JSONType(data_raw, 'agent') = 'Null' AS is_nobodys,
    arraySum(desk -> if(desk.1 = kind AND desk.2 = actor, desk.3, 0), desks) AS of_team
  FROM events
  WHERE tenant = {tenant:String} AND idx > 0 AND type = 'case.overdue' AND JSONHas(data_raw, 'case')
    AND ({kind:String} = '' OR kind = {kind:String})
    AND committed_at >= {from:DateTime64(3, 'UTC')} AND committed_at < {to:DateTime64(3, 'UTC')}
)
GROUP BY GROUPING SETS ((team, promise), ())
ORDER BY total DESC, missed DESC, team, promise
