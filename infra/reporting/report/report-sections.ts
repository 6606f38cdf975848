import type { Answer, QuestionName } from '../questions/questions.ts'
import { type Chart, COLOURS, type Series } from './report-charts.ts'
import type { Format, Kind } from './report-format.ts'
import { clipped, type ColumnOf, named, partsOf, totalOf, type Words } from './report-words.ts'

/** Max parts in a chart; the chart shows the first ones. */
const PARTS_MAX = 12
const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7]
const HOURS = Array.from({ length: 24 }, (_, hour) => hour)

interface Tools {
  readonly words: Words
  readonly format: Format
}

/** The presentation of a question. */
interface Section<Name extends QuestionName> {
  /** Columns of the table, from left to right. */
  readonly columns: readonly (readonly [ColumnOf<Name>, Kind])[]
  /** Whether there is data for the question. */
  hasData(rows: Answer<Name>): boolean
  /** `undefined` if a chart would be empty. */
  chart(rows: Answer<Name>, tools: Tools): Chart | undefined
  /** The rows of the table; default: all. */
  tableRows?(rows: Answer<Name>): Answer<Name>
}

const some = (count: number | undefined): boolean => (count ?? 0) > 0
const series = <Row>(rows: readonly Row[], name: string, colour: string, valueOf: (row: Row) => number | null): Series => ({
  name,
  colour,
  values: rows.map(valueOf),
})
const drawn = <Row extends { readonly total: boolean }>(rows: readonly Row[]): Row[] => partsOf(rows).slice(0, PARTS_MAX)

/** A bar for each group of questions: how often it was asked. */
function askedChart(rows: Answer<'knowledge-gaps'> | Answer<'unanswered'>, { words, format }: Tools): Chart {
  const parts = drawn<Pick<(typeof rows)[number], 'total' | 'example' | 'asked'>>(rows)
  return {
    shape: 'bars',
    labels: parts.map((row) => clipped(row.example ?? '')),
    format: format.count,
    series: [series(parts, words.columns.asked, COLOURS.plain, (row) => row.asked)],
  }
}

export const SECTIONS: { readonly [Name in QuestionName]: Section<Name> } = {
  containment: {
    columns: [
      ['day', 'day'],
      ['cases', 'count'],
      ['closed', 'count'],
      ['escalated', 'count'],
      ['contained', 'count'],
      ['contained_abandoned', 'count'],
      ['containment_rate', 'share'],
    ],
    hasData: (rows) => some(totalOf(rows)?.cases),
    chart: (rows, { words, format }) => {
      const days = partsOf(rows)
      return {
        shape: 'columns',
        stacked: true,
        labels: days.map(({ day }) => format.day(day)),
        format: format.count,
        series: [
          series(days, words.series.contained, COLOURS.good, (row) => row.contained - row.contained_abandoned),
          series(days, words.series.abandoned, COLOURS.fair, (row) => row.contained_abandoned),
          series(days, words.series.escalated, COLOURS.bad, (row) => row.cases - row.contained),
        ],
      }
    },
  },
  'first-response': {
    columns: [
      ['responder', 'who'],
      ['cases', 'count'],
      ['answered', 'count'],
      ['waiting', 'count'],
      ['never', 'count'],
      ['p50_ms', 'duration'],
      ['p90_ms', 'duration'],
      ['p95_ms', 'duration'],
      ['max_ms', 'duration'],
    ],
    hasData: (rows) => some(totalOf(rows)?.cases),
    chart: (rows, { words, format }) => {
      const parts = drawn(rows).filter((row) => row.answered > 0)
      return parts.length === 0
        ? undefined
        : {
            shape: 'bars',
            labels: parts.map((row) => named(words, row.responder)),
            format: format.duration,
            series: [
              series(parts, words.columns.p50_ms, COLOURS.good, (row) => row.p50_ms),
              series(parts, words.columns.p90_ms, COLOURS.fair, (row) => row.p90_ms),
              series(parts, words.columns.p95_ms, COLOURS.bad, (row) => row.p95_ms),
            ],
          }
    },
  },
  'repeat-contact': {
    columns: [
      ['first_intent', 'name'],
      ['closed', 'count'],
      ['repeated', 'count'],
      ['pending', 'count'],
      ['repeat_rate', 'share'],
    ],
    hasData: (rows) => some(totalOf(rows)?.closed),
    chart: (rows, { words, format }) => {
      const parts = drawn(rows).filter((row) => row.repeat_rate !== null)
      return parts.length === 0
        ? undefined
        : {
            shape: 'bars',
            labels: parts.map((row) => named(words, row.first_intent)),
            format: format.share,
            max: 1,
            series: [series(parts, words.columns.repeat_rate, COLOURS.plain, (row) => row.repeat_rate)],
          }
    },
  },
  escalations: {
    columns: [
      ['reason', 'name'],
      ['cases', 'count'],
      ['share', 'share'],
      ['p50_ms', 'duration'],
      ['resolved', 'count'],
      ['open', 'count'],
    ],
    hasData: (rows) => some(totalOf(rows)?.cases),
    chart: (rows, { words, format }) => ({
      shape: 'bars',
      labels: drawn(rows).map((row) => named(words, row.reason)),
      format: format.count,
      series: [series(drawn(rows), words.columns.cases, COLOURS.bad, (row) => row.cases)],
    }),
  },
  cost: {
    columns: [
      ['way', 'name'],
      ['closed', 'count'],
      ['resolved', 'count'],
      ['cost', 'money'],
      ['cost_unknown', 'count'],
      ['cost_per_resolved', 'money'],
    ],
    hasData: (rows) => some(totalOf(rows)?.closed),
    chart: (rows, { words, format }) => {
      const parts = drawn(rows).filter((row) => row.cost_per_resolved !== null)
      return parts.length === 0
        ? undefined
        : {
            shape: 'bars',
            labels: parts.map((row) => named(words, row.way)),
            format: format.money,
            series: [series(parts, words.columns.cost_per_resolved, COLOURS.plain, (row) => row.cost_per_resolved)],
          }
    },
  },
  satisfaction: {
    columns: [
      ['lang', 'name'],
      ['cases', 'count'],
      ['rated', 'count'],
      ['rated_share', 'share'],
      ['average', 'decimal'],
      ['csat', 'share'],
      ['r1', 'count'],
      ['r2', 'count'],
      ['r3', 'count'],
      ['r4', 'count'],
      ['r5', 'count'],
    ],
    hasData: (rows) => some(totalOf(rows)?.cases),
    chart: (rows, { words, format }) => {
      const all = totalOf(rows)
      if (all === undefined || all.rated === 0) return undefined
      const ratings = (['r1', 'r2', 'r3', 'r4', 'r5'] as const).map((name) => ({ name, count: all[name] }))
      return {
        shape: 'columns',
        labels: ratings.map(({ name }) => words.columns[name]),
        format: format.count,
        series: [series(ratings, words.columns.rated, COLOURS.good, ({ count }) => count)],
      }
    },
  },
  'time-in-state': {
    columns: [
      ['kind', 'text'],
      ['state', 'text'],
      ['stays', 'count'],
      ['p50_ms', 'duration'],
      ['p95_ms', 'duration'],
      ['hours', 'hours'],
      ['now', 'count'],
      ['dropped', 'count'],
      ['drop_share', 'share'],
    ],
    hasData: (rows) => rows.length > 0,
    chart: (rows, { words, format }) => {
      const states = rows.slice(0, PARTS_MAX)
      return {
        shape: 'bars',
        labels: states.map((row) => clipped(row.state)),
        format: format.hours,
        series: [series(states, words.columns.hours, COLOURS.plain, (row) => row.hours)],
      }
    },
  },
  backlog: {
    columns: [
      ['hour', 'hour'],
      ['opened', 'count'],
      ['closed', 'count'],
      ['escalated', 'count'],
      ['open', 'count'],
      ['waiting_for_person', 'count'],
    ],
    hasData: (rows) => rows.some((row) => row.open > 0 || row.opened > 0 || row.closed > 0),
    chart: (rows, { words, format }) => ({
      shape: 'lines',
      labels: rows.map((row) => format.hour(row.hour)),
      format: format.count,
      series: [
        series(rows, words.columns.open, COLOURS.good, (row) => row.open),
        series(rows, words.columns.waiting_for_person, COLOURS.bad, (row) => row.waiting_for_person),
      ],
    }),
    // Most hours of a month have no new cases.
    tableRows: (rows) => rows.filter((row) => row.opened + row.closed + row.escalated > 0).slice(-24),
  },
  'intent-funnel': {
    columns: [
      ['intent', 'name'],
      ['cases', 'count'],
      ['answered', 'count'],
      ['contained', 'count'],
      ['ended', 'count'],
      ['resolved', 'count'],
    ],
    hasData: (rows) => some(totalOf(rows)?.cases),
    chart: (rows, { words, format }) => {
      const all = totalOf(rows)
      const steps = (['cases', 'answered', 'contained', 'ended', 'resolved'] as const).map((name) => ({ name, count: all?.[name] ?? 0 }))
      return {
        shape: 'bars',
        labels: steps.map(({ name }) => words.columns[name]),
        format: format.count,
        series: [series(steps, words.columns.cases, COLOURS.good, ({ count }) => count)],
      }
    },
  },
  quality: {
    columns: [
      ['model', 'text'],
      ['model_version', 'text'],
      ['prompt_version', 'text'],
      ['answers', 'count'],
      ['judged', 'count'],
      ['average', 'score'],
      ['p10', 'score'],
      ['low', 'count'],
      ['p50_ms', 'duration'],
      ['p95_ms', 'duration'],
      ['cost_per_answer', 'money'],
    ],
    hasData: (rows) => some(totalOf(rows)?.answers),
    chart: (rows, { words, format }) => {
      const parts = drawn(rows).filter((row) => row.average !== null)
      return parts.length === 0
        ? undefined
        : {
            shape: 'bars',
            format: format.score,
            max: 1,
            mark: 0.7,
            labels: parts.map((row) =>
              [row.model, row.model_version, row.prompt_version]
                .filter((name) => name !== null)
                .map(clipped)
                .join(' · '),
            ),
            series: [series(parts, words.columns.average, COLOURS.good, (row) => row.average)],
          }
    },
  },
  'knowledge-gaps': {
    columns: [
      ['example', 'text'],
      ['intent', 'name'],
      ['asked', 'count'],
      ['unanswered', 'count'],
      ['last_at', 'time'],
    ],
    hasData: (rows) => some(totalOf(rows)?.asked),
    chart: askedChart,
  },
  tasks: {
    columns: [
      ['kind', 'text'],
      ['name', 'text'],
      ['tasks', 'count'],
      ['done', 'count'],
      ['failed', 'count'],
      ['expired', 'count'],
      ['failure_rate', 'share'],
      ['retried', 'count'],
      ['queue_p95_ms', 'duration'],
      ['duration_p50_ms', 'duration'],
      ['duration_p95_ms', 'duration'],
      ['top_error', 'text'],
    ],
    hasData: (rows) => some(totalOf(rows)?.tasks),
    chart: (rows, { words, format }) => {
      const parts = drawn(rows)
      const status = (name: 'done' | 'failed' | 'expired' | 'stopped' | 'running', colour: string): Series =>
        series(parts, words.columns[name], colour, (row) => row[name])
      return {
        shape: 'bars',
        stacked: true,
        labels: parts.map((row) => clipped(`${row.kind ?? ''} · ${row.name ?? ''}`)),
        format: format.count,
        series: [
          status('done', COLOURS.good),
          status('failed', COLOURS.bad),
          status('expired', '#e8b04a'),
          status('stopped', COLOURS.grey),
          status('running', COLOURS.light),
        ],
      }
    },
  },
  unanswered: {
    columns: [
      ['example', 'text'],
      ['intent', 'name'],
      ['asked', 'count'],
      ['wordings', 'count'],
      ['no_reply', 'count'],
      ['last_at', 'time'],
    ],
    hasData: (rows) => some(totalOf(rows)?.asked),
    chart: askedChart,
  },
  'heat-map': {
    columns: [
      ['weekday', 'weekday'],
      ['hour_of_day', 'clock'],
      ['cases', 'count'],
      ['escalated', 'count'],
      ['messages', 'count'],
    ],
    hasData: (rows) => some(totalOf(rows)?.cases) || some(totalOf(rows)?.messages),
    chart: (rows, { format }) => ({
      shape: 'heat',
      labels: HOURS.map(String),
      format: format.count,
      series: WEEKDAYS.map((weekday) => ({
        name: format.weekday(weekday),
        colour: COLOURS.good,
        values: HOURS.map((hour) => rows.find((row) => row.weekday === weekday && row.hour_of_day === hour)?.cases ?? 0),
      })),
    }),
    tableRows: (rows) => [
      ...rows.filter((row) => row.total),
      ...partsOf(rows)
        .sort((a, b) => b.cases - a.cases)
        .slice(0, 10),
    ],
  },
  'label-funnel': {
    columns: [
      ['value', 'name'],
      ['cases', 'count'],
      ['answered', 'count'],
      ['contained', 'count'],
      ['ended', 'count'],
      ['resolved', 'count'],
    ],
    // A label without this fact says nothing.
    hasData: (rows) => partsOf(rows).some((row) => row.value !== null),
    chart: (rows, { words, format }) => {
      const parts = drawn(rows)
      return {
        shape: 'bars',
        labels: parts.map((row) => named(words, row.value)),
        format: format.count,
        series: [
          series(parts, words.columns.cases, COLOURS.light, (row) => row.cases),
          series(parts, words.columns.contained, COLOURS.fair, (row) => row.contained),
          series(parts, words.columns.resolved, COLOURS.good, (row) => row.resolved),
        ],
      }
    },
  },
  versions: {
    columns: [
      ['machine', 'text'],
      ['last_machine', 'text'],
      ['cases', 'count'],
      ['closed', 'count'],
      ['escalated', 'count'],
      ['abandoned', 'count'],
      ['containment_rate', 'share'],
      ['resolution_rate', 'share'],
      ['average', 'decimal'],
      ['p50_ms', 'duration'],
    ],
    hasData: (rows) => some(totalOf(rows)?.cases),
    chart: (rows, { words, format }) => {
      const parts = drawn(rows).filter((row) => row.containment_rate !== null)
      return parts.length === 0
        ? undefined
        : {
            shape: 'bars',
            labels: parts.map((row) => clipped(row.crossed ? `${row.machine ?? ''} → ${row.last_machine ?? ''}` : (row.machine ?? ''))),
            format: format.share,
            max: 1,
            series: [
              series(parts, words.columns.containment_rate, COLOURS.good, (row) => row.containment_rate),
              series(parts, words.columns.resolution_rate, COLOURS.fair, (row) => row.resolution_rate),
            ],
          }
    },
  },
  'rating-comments': {
    columns: [
      ['comment', 'text'],
      ['rating', 'decimal'],
      ['given_at', 'time'],
      ['intent', 'name'],
      ['outcome', 'name'],
      ['actor', 'text'],
    ],
    hasData: (rows) => some(totalOf(rows)?.comments),
    chart: () => undefined,
    tableRows: partsOf,
  },
  'late-tasks': {
    columns: [
      ['kind', 'text'],
      ['name', 'text'],
      ['error_code', 'text'],
      ['tasks', 'count'],
      ['late_share', 'share'],
      ['attempts', 'decimal'],
      ['duration_p50_ms', 'duration'],
      ['duration_p95_ms', 'duration'],
      ['example', 'text'],
    ],
    hasData: (rows) => some(totalOf(rows)?.tasks),
    chart: (rows, { words, format }) => ({
      shape: 'bars',
      labels: drawn(rows).map((row) => clipped(`${row.name ?? ''} · ${row.error_code ?? words.unknown}`)),
      format: format.count,
      series: [series(drawn(rows), words.columns.tasks, COLOURS.fair, (row) => row.tasks)],
    }),
  },
  'model-cost': {
    columns: [
      ['model', 'text'],
      ['tier', 'name'],
      ['answers', 'count'],
      ['fallbacks', 'count'],
      ['complexity', 'score'],
      ['tokens_in', 'count'],
      ['tokens_out', 'count'],
      ['cost', 'money'],
      ['cost_unknown', 'count'],
    ],
    hasData: (rows) => some(totalOf(rows)?.answers),
    chart: (rows, { words, format }) => {
      const parts = drawn(rows).filter((row) => row.cost !== null)
      return parts.length === 0
        ? undefined
        : {
            shape: 'bars',
            labels: parts.map((row) => clipped(`${row.model ?? ''} · ${named(words, row.tier)}`)),
            format: format.money,
            series: [series(parts, words.columns.cost, COLOURS.plain, (row) => row.cost)],
          }
    },
  },
  kpi: {
    columns: [
      ['figure', 'name'],
      ['value', 'figure'],
      ['aim', 'figure'],
      ['counted', 'count'],
    ],
    hasData: (rows) => rows.some(({ value }) => value !== null),
    chart: () => undefined,
  },
  'evaluator-agreement': {
    columns: [
      ['one', 'text'],
      ['other', 'text'],
      ['answers', 'count'],
      ['agree_share', 'share'],
      ['mean_difference', 'score'],
      ['correlation', 'score'],
    ],
    hasData: (rows) => rows.length > 0,
    chart: (rows, { words, format }) => ({
      shape: 'bars',
      labels: rows.slice(0, PARTS_MAX).map(({ one, other }) => clipped(`${one} · ${other}`)),
      format: format.share,
      max: 1,
      series: [series(rows.slice(0, PARTS_MAX), words.columns.agree_share, COLOURS.good, (row) => row.agree_share)],
    }),
  },
  alerts: {
    columns: [
      ['series', 'text'],
      ['alerts', 'count'],
      ['open', 'count'],
      ['acknowledged', 'count'],
      ['escalated', 'count'],
      ['acknowledged_p50_ms', 'duration'],
      ['cleared_p50_ms', 'duration'],
    ],
    hasData: (rows) => some(totalOf(rows)?.alerts),
    chart: (rows, { words, format }) => ({
      shape: 'bars',
      labels: drawn(rows).map((row) => clipped(row.series ?? words.unknown)),
      format: format.count,
      series: [series(drawn(rows), words.columns.alerts, COLOURS.bad, (row) => row.alerts)],
    }),
  },
  strategies: {
    columns: [
      ['strategy', 'text'],
      ['arm', 'text'],
      ['chosen', 'count'],
      ['rewarded', 'count'],
      ['by_feedback', 'count'],
      ['reward', 'score'],
      ['reward_low', 'score'],
      ['reward_high', 'score'],
      ['texts', 'count'],
      ['failed', 'count'],
      ['cost_per_text', 'money'],
    ],
    hasData: (rows) => some(totalOf(rows)?.chosen) || some(totalOf(rows)?.texts),
    chart: (rows, { words, format }) => ({
      shape: 'bars',
      labels: drawn(rows).map((row) => clipped(`${row.strategy ?? words.unknown} · ${row.arm ?? words.unknown}`)),
      format: format.count,
      series: [series(drawn(rows), words.columns.chosen, COLOURS.good, (row) => row.chosen)],
    }),
  },
  'wait-for-a-person': {
    columns: [
      ['team', 'text'],
      ['cases', 'count'],
      ['assigned', 'count'],
      ['waiting', 'count'],
      ['offers', 'count'],
      ['without_offer', 'count'],
      ['p50_ms', 'duration'],
      ['p90_ms', 'duration'],
      ['p95_ms', 'duration'],
      ['max_ms', 'duration'],
    ],
    hasData: (rows) => some(totalOf(rows)?.cases),
    chart: (rows, { words, format }) => ({
      shape: 'bars',
      labels: drawn(rows).map((row) => clipped(row.team ?? words.unknown)),
      format: format.duration,
      series: [series(drawn(rows), words.columns.p90_ms, COLOURS.bad, (row) => row.p90_ms)],
    }),
  },
  agents: {
    columns: [
      ['agent', 'text'],
      ['offers', 'count'],
      ['accepted', 'count'],
      ['declined', 'count'],
      ['lapsed', 'count'],
      ['withdrawn', 'count'],
      ['answer_p50_ms', 'duration'],
      ['handle_p50_ms', 'duration'],
      ['resolved', 'count'],
      ['returned', 'count'],
      ['transferred', 'count'],
      ['lost', 'count'],
      ['open', 'count'],
    ],
    hasData: (rows) => some(totalOf(rows)?.offers) || some(totalOf(rows)?.accepted),
    chart: (rows, { words, format }) => ({
      shape: 'bars',
      labels: drawn(rows).map((row) => clipped(row.agent ?? words.unknown)),
      format: format.count,
      series: [series(drawn(rows), words.columns.accepted, COLOURS.good, (row) => row.accepted)],
    }),
  },
  sla: {
    columns: [
      ['team', 'text'],
      ['promise', 'text'],
      ['cases', 'count'],
      ['missed', 'count'],
      ['nobody', 'count'],
      ['share', 'share'],
    ],
    hasData: (rows) => some(totalOf(rows)?.cases),
    chart: (rows, { words, format }) => ({
      shape: 'bars',
      labels: drawn(rows).map((row) => clipped(`${row.team ?? words.unknown} · ${row.promise ?? words.unknown}`)),
      format: format.count,
      series: [series(drawn(rows), words.columns.missed, COLOURS.bad, (row) => row.missed)],
    }),
  },
  trends: {
    columns: [
      ['kind', 'text'],
      ['type', 'text'],
      ['events', 'count'],
      ['usual', 'count'],
      ['rise', 'score'],
    ],
    hasData: (rows) => rows.some((row) => row.about === 'series' && row.usual !== null),
    chart: (rows, { words, format }) => {
      const hours = rows.filter((row) => row.about === 'forecast')
      return hours.length === 0
        ? undefined
        : {
            shape: 'lines',
            labels: hours.map((row) => format.hour(row.hour)),
            format: format.count,
            series: [
              series(hours, words.columns.band_low, COLOURS.light, (row) => row.band_low),
              series(hours, words.columns.expected, COLOURS.good, (row) => row.expected),
              series(hours, words.columns.band_high, COLOURS.fair, (row) => row.band_high),
            ],
          }
    },
    tableRows: (rows) => rows.filter((row) => row.about === 'series'),
  },
  'prompt-versions': {
    columns: [
      ['prompt_version', 'text'],
      ['turns', 'count'],
      ['judged', 'count'],
      ['average', 'score'],
      ['average_low', 'score'],
      ['average_high', 'score'],
      ['handed', 'count'],
      ['handed_share', 'share'],
      ['handed_low', 'share'],
      ['handed_high', 'share'],
      ['cost_per_turn', 'money'],
    ],
    hasData: (rows) => some(totalOf(rows)?.turns),
    chart: (rows, { words, format }) => ({
      shape: 'bars',
      labels: drawn(rows).map((row) => clipped(row.prompt_version ?? words.unknown)),
      format: format.share,
      max: 1,
      series: [series(drawn(rows), words.columns.handed_share, COLOURS.fair, (row) => row.handed_share)],
    }),
  },
  'cache-freshness': {
    columns: [
      ['age', 'text'],
      ['answers', 'count'],
      ['stale', 'count'],
      ['late', 'count'],
      ['max_stale_ms', 'duration'],
    ],
    hasData: (rows) => rows.length > 0,
    chart: (rows, { words, format }) => {
      const parts = partsOf(rows)
      return parts.length === 0
        ? undefined
        : {
            shape: 'bars',
            labels: parts.map((row) => clipped(row.age ?? words.unknown)),
            format: format.count,
            series: [
              series(parts, words.columns.answers, COLOURS.plain, (row) => row.answers),
              series(parts, words.columns.stale, COLOURS.fair, (row) => row.stale),
            ],
          }
    },
  },
}
