import type { QuestionName } from '../../infra/reporting/questions/questions.ts'
import type { CaseFact, Facts, TaskFact } from './question-facts.ts'

export interface Period {
  readonly from: number
  readonly to: number
  /** The tables are complete up to this time. */
  readonly completeTo: number
}

type Row = Readonly<Record<string, unknown>>

const HOUR_MS = 3_600_000
const REPEAT_MS = 72 * HOUR_MS
const RESOLVED = ['resolved', 'escalated_resolved']
const LOW_QUALITY = 0.7

/** The answers to the questions, from the facts, by their definitions in docs/questions.md; the order of rows does not count. */
export function expectedAnswers(facts: Facts, period: Period): Record<QuestionName, Row[]> {
  const during = (time: number | undefined): time is number => time !== undefined && time >= period.from && time < period.to
  const closed = facts.cases.filter((one) => during(one.closedAt))
  const opened = facts.cases.filter((one) => during(one.openedAt))
  const escalated = facts.cases.filter((one) => during(one.escalatedAt))
  const turns = facts.turns.filter((turn) => during(turn.askedAt))
  const tasks = facts.tasks.filter((task) => during(task.startedAt))
  const dropped = closed.filter((one) => one.drop !== undefined)
  return {
    // Trends need weeks; trends.int asks for them.
    trends: [],
    containment: parts(
      facts.cases.filter((one) => during(one.closedAt) || during(one.escalatedAt)),
      (one) => ({ day: iso(Math.min(...[one.closedAt, one.escalatedAt].filter(during))).slice(0, 10) }),
      (some) => ({
        cases: some.length,
        closed: count(some, (one) => during(one.closedAt)),
        escalated: count(some, (one) => one.escalatedAt !== undefined),
        contained: count(some, isContained),
        contained_abandoned: count(some, (one) => isContained(one) && one.outcome === 'abandoned'),
        containment_rate: share(count(some, isContained), some.length),
      }),
    ),
    'first-response': parts(
      opened.filter(({ userMessages }) => userMessages > 0),
      (one) => ({ responder: one.responder ?? null }),
      (some) => {
        const waits = some.map(({ openedAt, respondedAt }) => (respondedAt === undefined ? undefined : respondedAt - openedAt))
        return {
          cases: some.length,
          answered: count(some, (one) => one.respondedAt !== undefined),
          waiting: count(some, (one) => one.respondedAt === undefined && one.closedAt === undefined),
          never: count(some, (one) => one.respondedAt === undefined && one.closedAt !== undefined),
          p50_ms: quantile(waits, 0.5),
          p90_ms: quantile(waits, 0.9),
          p95_ms: quantile(waits, 0.95),
          max_ms: quantile(waits, 1),
        }
      },
    ),
    'repeat-contact': parts(
      closed,
      (one) => ({ first_intent: one.intent ?? null }),
      (some) => {
        const back = (one: CaseFact): boolean =>
          facts.cases.some(
            (other) =>
              customerOf(other) === customerOf(one)
              && other.committedAt > (one.closedAt ?? Infinity)
              && other.committedAt <= (one.closedAt ?? 0) + REPEAT_MS,
          )
        const pending = count(some, (one) => !back(one) && (one.closedAt ?? 0) + REPEAT_MS > period.completeTo)
        return { closed: some.length, repeated: count(some, back), pending, repeat_rate: share(count(some, back), some.length - pending) }
      },
    ),
    escalations: parts(
      escalated,
      (one) => ({ reason: one.reason ?? null }),
      (some) => ({
        cases: some.length,
        share: share(some.length, escalated.length),
        open: count(some, (one) => one.closedAt === undefined),
        p50_ms: quantile(
          some.map((one) => (one.escalatedAt ?? NaN) - one.openedAt),
          0.5,
        ),
        resolved: count(some, isResolved),
      }),
    ),
    cost: parts(
      closed,
      (one) => ({ way: one.escalatedAt === undefined ? 'contained' : 'escalated' }),
      (some) => {
        const cost = sum(some.map((one) => one.costMicros))
        const resolved = count(some, isResolved)
        return {
          closed: some.length,
          resolved,
          cost: cost === null ? null : cost / 1e6,
          cost_unknown: count(some, (one) => one.costMicros === undefined),
          cost_per_resolved: cost === null ? null : share(cost / 1e6, resolved),
        }
      },
    ),
    satisfaction: parts(
      opened,
      (one) => ({ lang: one.lang ?? null }),
      (some) => {
        const ratings = some.flatMap(({ rating }) => rating ?? [])
        return {
          cases: some.length,
          rated: ratings.length,
          rated_share: share(ratings.length, some.length),
          average: share(sum(ratings) ?? 0, ratings.length),
          csat: share(
            count(ratings, (rating) => rating >= 4),
            ratings.length,
          ),
          ...Object.fromEntries(
            [1, 2, 3, 4, 5].map((stars) => [`r${stars}`, count(ratings, (rating) => Math.floor(rating + 0.5) === stars)]),
          ),
        }
      },
    ),
    'time-in-state': statesOf(facts, dropped, during, period),
    backlog: backlogOf(facts, period),
    'intent-funnel': parts(opened, (one) => ({ intent: one.intent ?? null }), funnel),
    quality: parts(
      turns.filter((turn) => turn.model !== undefined),
      ({ model, modelVersion, promptVersion }) => ({
        model: model ?? null,
        model_version: modelVersion ?? null,
        prompt_version: promptVersion ?? null,
      }),
      (some) => {
        const qualities = some.map(({ quality }) => quality)
        const waits = some.map(({ askedAt, answeredAt }) => (answeredAt === undefined ? undefined : Math.max(0, answeredAt - askedAt)))
        const costs = some.flatMap(({ costMicros }) => costMicros ?? [])
        const cost = sum(costs)
        return {
          answers: some.length,
          judged: count(qualities, (quality) => quality !== undefined),
          average: share(
            sum(qualities) ?? 0,
            count(qualities, (quality) => quality !== undefined),
          ),
          p10: quantile(qualities, 0.1),
          low: count(qualities, (quality) => quality !== undefined && quality < LOW_QUALITY),
          p50_ms: quantile(waits, 0.5),
          p95_ms: quantile(waits, 0.95),
          cost: cost === null ? null : cost / 1e6,
          cost_per_answer: cost === null ? null : share(cost / 1e6, costs.length),
        }
      },
    ),
    'model-cost': parts(
      turns.filter((turn) => turn.model !== undefined),
      ({ model, tier }) => ({ model: model ?? null, tier: tier ?? null }),
      (some) => {
        const cost = sum(some.map(({ costMicros }) => costMicros))
        const complexities = some.flatMap(({ complexity }) => complexity ?? [])
        return {
          answers: some.length,
          fallbacks: count(some, ({ tierReason }) => tierReason === 'fallback'),
          complexity: share(sum(complexities) ?? 0, complexities.length),
          tokens_in: sum(some.map(({ tokensIn }) => tokensIn)),
          tokens_out: sum(some.map(({ tokensOut }) => tokensOut)),
          cost: cost === null ? null : cost / 1e6,
          cost_unknown: count(some, ({ costMicros }) => costMicros === undefined),
        }
      },
    ),
    'knowledge-gaps': parts(
      turns.filter((turn) => turn.hits === 0),
      (turn) => ({ question: plain(turn.text) }),
      (some) => {
        const last = some.toSorted((a, b) => a.seq - b.seq).at(-1)
        return {
          example: last === undefined ? null : head(last.text),
          intent: last?.intent ?? null,
          asked: some.length,
          unanswered: count(some, (turn) => turn.answeredAt === undefined),
          last_at: last === undefined ? null : iso(Math.max(...some.map((turn) => turn.askedAt))),
        }
      },
    ),
    tasks: parts(
      tasks,
      ({ kind, name }) => ({ kind, name }),
      (some) => {
        const is = (status: string): number => count(some, (task) => task.status === status)
        const codes = Map.groupBy(
          some.flatMap(({ code }) => code ?? []),
          (code) => code,
        )
        return {
          tasks: some.length,
          done: is('done'),
          failed: is('failed'),
          expired: is('expired'),
          stopped: is('stopped'),
          running: is('running'),
          failure_rate: share(is('failed') + is('expired'), is('done') + is('failed') + is('expired')),
          retried: count(some, (task) => (task.attempts ?? 0) > 1),
          queue_p50_ms: quantile(
            some.map((task) => task.queueMs),
            0.5,
          ),
          queue_p95_ms: quantile(
            some.map((task) => task.queueMs),
            0.95,
          ),
          duration_p50_ms: quantile(
            some.map((task) => task.durationMs),
            0.5,
          ),
          duration_p95_ms: quantile(
            some.map((task) => task.durationMs),
            0.95,
          ),
          top_error: [...codes].toSorted((a, b) => b[1].length - a[1].length)[0]?.[0] ?? null,
        }
      },
    ),
    unanswered: parts(
      turns.filter((turn) => turn.hits === 0 || turn.answeredAt === undefined),
      (turn) => ({ question: plain(turn.text) }),
      (some, isTotal) => {
        const last = isTotal ? undefined : some.toSorted((a, b) => a.seq - b.seq).at(-1)
        return {
          example: last === undefined ? null : head(last.text),
          asked: some.length,
          wordings: new Set(some.map((turn) => plain(turn.text))).size,
          no_reply: count(some, (turn) => turn.answeredAt === undefined),
          intent: last?.intent ?? null,
          last_at: some.length === 0 ? null : iso(Math.max(...some.map((turn) => turn.askedAt))),
          text_key: last?.key ?? null,
        }
      },
    ),
    'heat-map': parts(
      [
        ...opened.map((one) => ({ at: one.openedAt, isCase: true, isEscalated: one.escalatedAt !== undefined })),
        ...turns.map((turn) => ({ at: turn.askedAt, isCase: false, isEscalated: false })),
      ],
      ({ at }) => ({ weekday: new Date(at).getUTCDay() || 7, hour_of_day: new Date(at).getUTCHours() }),
      (some) => ({
        cases: count(some, ({ isCase }) => isCase),
        escalated: count(some, ({ isEscalated }) => isEscalated),
        messages: count(some, ({ isCase }) => !isCase),
      }),
    ),
    'label-funnel': parts(opened, (one) => ({ value: one.label?.['topic'] ?? null }), funnel),
    versions: parts(
      opened,
      (one) => ({ machine: one.firstMachine, last_machine: one.lastMachine }),
      (some, isTotal) => {
        const over = some.filter((one) => one.closedAt !== undefined)
        const ratings = some.flatMap(({ rating }) => rating ?? [])
        return {
          crossed: !isTotal && some.some((one) => one.firstMachine !== one.lastMachine),
          cases: some.length,
          closed: over.length,
          escalated: count(some, (one) => one.escalatedAt !== undefined),
          abandoned: count(over, (one) => one.outcome === 'abandoned'),
          containment_rate: share(
            count(over, isContained),
            count(some, (one) => one.closedAt !== undefined || one.escalatedAt !== undefined),
          ),
          resolution_rate: share(count(over, isResolved), over.length),
          average: share(sum(ratings) ?? 0, ratings.length),
          p50_ms: quantile(
            over.map((one) => (one.closedAt ?? NaN) - one.openedAt),
            0.5,
          ),
        }
      },
    ),
    'rating-comments': parts(
      facts.comments.filter(({ at }) => during(at)),
      (one) => ({
        comment: one.comment,
        given_at: iso(one.at),
        kind: one.case.actor.split('/')[1],
        actor: one.case.actor.split('/')[2],
        outcome: one.case.outcome ?? null,
        intent: one.case.intent ?? null,
        lang: one.case.lang ?? null,
      }),
      (some) => ({
        comments: some.length,
        rating: share(
          some.reduce((total, { rating }) => total + rating, 0),
          some.length,
        ),
      }),
    ),
    'late-tasks': lateTasks(tasks.filter(({ status }) => status === 'done')),
    kpi: keyFigures(facts, period, during),
    'evaluator-agreement': agreement(facts, period, during),
    // The facts of these tests have no triggers; trigger.int has.
    alerts: parts(
      [],
      () => ({ series: null }),
      () => ({ alerts: 0, open: 0, acknowledged: 0, escalated: 0, acknowledged_p50_ms: null, cleared_p50_ms: null }),
    ),
    // Nor texts and strategies; writer.int has.
    strategies: parts(
      [],
      () => ({ strategy: null, arm: null }),
      () => ({
        ...{ chosen: 0, rewarded: 0, by_feedback: 0, reward: null, reward_low: null, reward_high: null },
        ...{ texts: 0, failed: 0, cost_per_text: null },
      }),
    ),
    // Nor desks with people; desk.int has.
    'wait-for-a-person': parts(
      [],
      () => ({ team: null }),
      () => ({
        ...{ cases: 0, assigned: 0, waiting: 0, offers: 0, without_offer: 0 },
        ...{ p50_ms: null, p90_ms: null, p95_ms: null, max_ms: null },
      }),
    ),
    agents: parts(
      [],
      () => ({ agent: null }),
      () => ({
        ...{ offers: 0, accepted: 0, declined: 0, lapsed: 0, withdrawn: 0, answer_p50_ms: null, handle_p50_ms: null },
        ...{ resolved: 0, returned: 0, transferred: 0, lost: 0, open: 0 },
      }),
    ),
    sla: parts(
      [],
      () => ({ team: null, promise: null }),
      () => ({ cases: 0, missed: 0, nobody: 0, share: null }),
    ),
    'prompt-versions': parts(
      turns.filter(({ promptVersion }) => promptVersion !== undefined),
      ({ promptVersion }) => ({ prompt_version: promptVersion ?? null }),
      (some) => {
        const qualities = some.flatMap(({ quality }) => quality ?? [])
        const costs = some.flatMap(({ costMicros }) => (costMicros === undefined ? [] : costMicros / 1e6))
        const handed = count(some, ({ case: { escalatedAt }, askedAt }) => during(escalatedAt) && escalatedAt >= askedAt)
        const [average_low, average_high] = intervalOfMean(qualities, 1)
        const [cost_low, cost_high] = intervalOfMean(costs, Infinity)
        const [handed_low, handed_high] = wilsonInterval(handed, some.length)
        return {
          turns: some.length,
          judged: qualities.length,
          average: share(sum(qualities) ?? 0, qualities.length),
          average_low,
          average_high,
          cost_per_turn: share(sum(costs) ?? 0, costs.length),
          cost_low,
          cost_high,
          handed,
          handed_share: share(handed, some.length),
          handed_low,
          handed_high,
        }
      },
    ),
    // A test of its own has answers that are given again.
    'cache-freshness': [{ total: true, answers: 0, stale: 0, late: 0 }],
  }
}

function intervalOfMean(values: readonly number[], most: number): [number | null, number | null] {
  if (values.length < 2) return [null, null]
  const middle = mean(values)
  const variance = values.reduce((total, value) => total + (value - middle) ** 2, 0) / (values.length - 1)
  const half = 1.96 * Math.sqrt(variance / values.length)
  return [Math.max(0, middle - half), Math.min(most, middle + half)]
}

/** The shares p for which the observed one is 1.96 standard deviations away: the roots of (share - p)² = 1.96² p (1 - p) / n. */
function wilsonInterval(passing: number, n: number): [number | null, number | null] {
  if (n === 0) return [null, null]
  const [a, b, c] = [1 + 1.96 ** 2 / n, -2 * (passing / n) - 1.96 ** 2 / n, (passing / n) ** 2]
  const root = Math.sqrt(b ** 2 - 4 * a * c)
  return [Number(((-b - root) / (2 * a)).toFixed(12)), Number(((-b + root) / (2 * a)).toFixed(12))]
}

/** No canary runs in these tests. */
function keyFigures(facts: Facts, { to, completeTo }: Period, during: (time: number | undefined) => boolean): Row[] {
  const turns = facts.turns.filter(({ askedAt }) => during(askedAt))
  const replies = turns.filter(({ responder }) => responder === 'assistant')
  const waitOf = ({ askedAt, answeredAt }: Facts['turns'][number]): number => Math.max(0, (answeredAt ?? Infinity) - askedAt)
  const ratings = facts.cases.flatMap(({ openedAt, rating }) => (during(openedAt) ? (rating ?? []) : []))
  const thumbs = facts.scores.filter(({ evaluator, at }) => evaluator === 'customer@1' && during(at))
  const isHanded = ({ case: { escalatedAt = Infinity }, askedAt }: Facts['turns'][number]): boolean =>
    escalatedAt < to && askedAt > escalatedAt
  const due = turns.filter((turn) => !isHanded(turn) && (waitOf(turn) <= 8_000 || turn.askedAt <= completeTo - 8_000))
  const qualities = replies.flatMap(({ quality }) => quality ?? [])
  const satisfied = count(ratings, (rating) => rating >= 4) + count(thumbs, ({ score }) => score === 1)
  const inputs = count(facts.inputs, during)
  const row = (figure: string, aim: number, value: number | null, counted: number, isLess = false): Row => ({
    figure,
    value,
    aim,
    met: value === null ? null : isLess ? value <= aim : value >= aim,
    counted,
  })
  return [
    row('reply_p95_ms', 2_000, quantile(replies.map(waitOf), 0.95), replies.length, true),
    row('quality', 0.8, share(sum(qualities) ?? 0, qualities.length), qualities.length),
    row('satisfaction', 0.85, share(satisfied, ratings.length + thumbs.length), ratings.length + thumbs.length),
    row(
      'answered_in_time',
      0.999,
      share(
        count(due, (turn) => waitOf(turn) <= 8_000),
        due.length,
      ),
      due.length,
    ),
    row('canary_minutes', 0.999, null, 0),
    row('errors', 0.01, share(count(facts.deadLetters, during), inputs), inputs, true),
  ]
}

function agreement(facts: Facts, { from }: Period, during: (time: number | undefined) => boolean): Row[] {
  const judged = facts.scores.filter(({ evaluator, at }) => (evaluator === 'customer@1' ? at >= from : during(at)))
  const pairs = [...Map.groupBy(judged, ({ answer }) => answer).values()].flatMap((of) => {
    // The newest judgement of an evaluator with its version replaces the earlier ones.
    const newest = [...new Map(of.map((one) => [one.evaluator, one])).values()]
    return newest.flatMap((one) => newest.filter((other) => one.evaluator < other.evaluator).map((other) => ({ one, other })))
  })
  const byNames = Map.groupBy(pairs, ({ one, other }) => `${one.evaluator} ${other.evaluator}`)
  return [...byNames.values()].map((of) => {
    const [x, y] = [of.map(({ one }) => one.score), of.map(({ other }) => other.score)]
    return {
      one: of[0]?.one.evaluator,
      other: of[0]?.other.evaluator,
      answers: of.length,
      mean_difference: mean(x.map((score, index) => score - (y[index] ?? NaN))),
      agree_share: share(
        count(of, ({ one, other }) => one.score >= LOW_QUALITY === other.score >= LOW_QUALITY),
        of.length,
      ),
      correlation: correlation(x, y),
    }
  })
}

const mean = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0) / values.length

/** Pearson's, from the deviations; `null` where one side never varies. */
function correlation(x: readonly number[], y: readonly number[]): number | null {
  if (new Set(x).size < 2 || new Set(y).size < 2) return null
  const [dx, dy] = [x, y].map((values) => values.map((value) => value - mean(values)))
  const dot = (a: readonly number[] = [], b: readonly number[] = []): number =>
    a.reduce((total, value, index) => total + value * (b[index] ?? NaN), 0)
  return dot(dx, dy) / Math.sqrt(dot(dx, dx) * dot(dy, dy))
}

function funnel(some: readonly CaseFact[]): Row {
  const answered = some.filter((one) => one.respondedAt !== undefined)
  const contained = answered.filter(isContained)
  const ended = contained.filter((one) => one.closedAt !== undefined)
  return {
    cases: some.length,
    answered: answered.length,
    contained: contained.length,
    ended: ended.length,
    resolved: count(ended, (one) => one.outcome === 'resolved'),
  }
}

function lateTasks(done: readonly TaskFact[]): Row[] {
  const late = done.filter(({ attempts = 0 }) => attempts > 1)
  return parts(
    late,
    ({ kind, name, attemptError }) => ({ kind, name, error_code: attemptError?.code ?? null }),
    (some, isTotal) => {
      const durations = some.map(({ durationMs }) => durationMs)
      const peers = isTotal ? done : done.filter(({ kind, name }) => kind === some[0]?.kind && name === some[0].name)
      return {
        tasks: some.length,
        attempts: share(
          some.reduce((total, { attempts = 0 }) => total + attempts, 0),
          some.length,
        ),
        late_share: share(some.length, peers.length),
        duration_p50_ms: quantile(durations, 0.5),
        duration_p95_ms: quantile(durations, 0.95),
        example: some[0]?.attemptError?.message ?? null,
      }
    },
  )
}

const isContained = (one: CaseFact): boolean => one.escalatedAt === undefined && one.agentMessages === 0
const isResolved = (one: CaseFact): boolean => RESOLVED.includes(one.outcome ?? '')
const customerOf = (one: CaseFact): string => one.customer ?? one.actor
const iso = (time: number | undefined): string => new Date(time ?? NaN).toISOString()
/** The first 500 code points. */
const head = (text: string): string => [...text].slice(0, 500).join('')
const plain = (text: string): string =>
  head(text)
    .trim()
    .toLowerCase()
    .replace(/[\s?？!！.。…~～]+$/u, '')

/** One row for all, and one for each part. */
function parts<T>(all: readonly T[], keyOf: (one: T) => Row, answer: (some: readonly T[], isTotal: boolean) => Row): Row[] {
  const groups = Map.groupBy(all, (one) => JSON.stringify(keyOf(one)))
  return [
    { total: true, ...answer(all, true) },
    ...[...groups].map(([key, some]) => ({ total: false, ...(JSON.parse(key) as Row), ...answer(some, false) })),
  ]
}

function statesOf(
  { stateIntervals }: Facts,
  dropped: readonly CaseFact[],
  during: (time: number | undefined) => boolean,
  { to }: Period,
): Row[] {
  const key = (kind: string, state: string): string => JSON.stringify({ kind, state })
  const counted = stateIntervals.filter(
    (interval) => !interval.isIdle && (interval.exitedAt === undefined ? interval.enteredAt < to : during(interval.exitedAt)),
  )
  const kindOf = (one: CaseFact): string => one.actor.split('/')[1] ?? ''
  const keys = new Set([
    ...counted.map((interval) => key(interval.kind, interval.state)),
    ...dropped.map((one) => key(kindOf(one), one.drop ?? '')),
  ])
  return [...keys].map((name) => {
    const here = counted.filter((interval) => key(interval.kind, interval.state) === name)
    const times = here.flatMap(({ enteredAt, exitedAt, lastActAt }) => (exitedAt === undefined ? [] : (lastActAt ?? exitedAt) - enteredAt))
    const lost = count(dropped, (one) => key(kindOf(one), one.drop ?? '') === name)
    return {
      ...(JSON.parse(name) as Row),
      stays: times.length,
      p50_ms: quantile(times, 0.5),
      p95_ms: quantile(times, 0.95),
      hours: (sum(times) ?? 0) / HOUR_MS,
      now: count(here, (interval) => interval.exitedAt === undefined),
      dropped: lost,
      drop_share: share(lost, dropped.length),
    }
  })
}

function backlogOf({ cases }: Facts, { from, to, completeTo }: Period): Row[] {
  const first = Math.floor(from / HOUR_MS) * HOUR_MS
  const rows: Row[] = []
  for (let hour = first; hour < Math.min(to, completeTo); hour += HOUR_MS) {
    const end = hour + HOUR_MS
    const inHour = (time: number | undefined): boolean => time !== undefined && time >= hour && time < end
    const before = (time: number | undefined): boolean => time !== undefined && time < end
    const open = cases.filter((one) => before(one.openedAt) && !before(one.closedAt))
    rows.push({
      hour: iso(hour).replace('.000', ''),
      opened: count(cases, (one) => inHour(one.openedAt)),
      closed: count(cases, (one) => inHour(one.closedAt)),
      escalated: count(cases, (one) => inHour(one.escalatedAt)),
      open: open.length,
      waiting_for_person: count(open, (one) => before(one.escalatedAt)),
    })
  }
  return rows
}

const count = <T>(all: readonly T[], is: (one: T) => boolean): number => all.filter(is).length
const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole)

function sum(values: readonly (number | undefined)[]): number | null {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0)
}

/** The value at floor(q · n) of the n sorted ones, counted from 0, and at most the last. */
function quantile(values: readonly (number | undefined)[], q: number): number | null {
  const sorted = values.filter((value) => value !== undefined).toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? null
}
