import { setTimeout as delay } from 'node:timers/promises'
import { type ClickHouseClient, type ClickHouseClientConfigOptions, ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { z } from 'zod'
import { connectToRunningClickHouse } from '../../infra/app/connect-to-running.ts'
import { parametersOf, type Scope } from '../../infra/reporting/questions/ask-question.ts'
import { loadQuestion, type Question, QUESTION_NAMES, type QuestionName } from '../../infra/reporting/questions/questions.ts'
import { COLOURS } from '../../infra/reporting/report/report-charts.ts'
import type { Producer } from '../harness/bench-producer.ts'
import type { Bench, Figures, Measured, Scenario } from '../harness/bench-scenario.ts'
import { quantile, rounded, type Spread, spreadOf } from '../harness/statistics.ts'
import { casesIn, DAYS, fillTables } from './analyst-rows.ts'

/** Target for the 99th percentile of each question. */
const AIM_MS = 300
const ASKED_DAYS = 30
const ALONE_ROUNDS = 3
const TICK_MS = 1
const MERGES_MS_MAX = 120_000
const POLL_MS = 250
/** A separate database, so that the tables of the system still match the log. Its name lets analysts read it. */
const DATABASE = 'colloquy_bench'
const TIMEOUTS = { request_timeout: 1_200_000, log: { level: ClickHouseLogLevel.OFF } } as const

/** The questions over many rows, while inputs come in at a fixed rate. */
export const analysts: Scenario = {
  name: 'analysts',
  about: 'Time of the questions over --rows event rows, alone and while inputs arrive at --rate.',
  actorsDefault: 1_000,
  rateDefault: 1_000,
  run: measureAnalysts,
}

/** Asks one question. */
type Ask = (question: Question) => Promise<Asked>

interface Asked {
  readonly ms: number
  readonly rowsRead: number
}

async function measureAnalysts({ system, producer, options }: Bench): Promise<Measured> {
  const tenant = 'shop'
  await using open = new AsyncDisposableStack()
  const connect = async (user: 'colloquy' | 'analyst', options: ClickHouseClientConfigOptions): Promise<ClickHouseClient> =>
    open.adopt(createClient({ ...(await connectToRunningClickHouse(system.settings, user)), ...options }), (client) => client.close())
  const internal = await connect('colloquy', TIMEOUTS)
  await internal.command({ query: `CREATE DATABASE ${DATABASE}` })
  open.defer(async () => {
    await internal.command({ query: `DROP DATABASE ${DATABASE} SYNC` })
  })
  const filler = await connect('colloquy', { ...TIMEOUTS, database: DATABASE })
  const analyst = await connect('analyst', { database: DATABASE })

  const startedMs = performance.now()
  const to = new Date()
  await fillTables(filler, { tenant, cases: casesIn(options.rows), now: to })
  const fillSeconds = (performance.now() - startedMs) / 1_000
  const parts = await waitForMerges(filler)
  const questions = await Promise.all(QUESTION_NAMES.map(loadQuestion))
  const ask = asker(analyst, { tenant, from: new Date(to.getTime() - ASKED_DAYS * 86_400_000), to })

  const alone = await askInRounds(ask, questions, (round) => round < ALONE_ROUNDS)
  const load = startFixedRate(producer, options.rate)
  const endMs = performance.now() + options.seconds * 1_000
  const busy = await askInRounds(ask, questions, () => performance.now() < endMs)
  const rate = await load.stop()
  return {
    figures: {
      eventRows: options.rows,
      fillSeconds: rounded(fillSeconds),
      parts,
      ratePerSecond: options.rate,
      sentPerSecond: rounded(rate),
      ...(Object.assign({}, ...questions.map(({ name }) => figuresOf(name, alone.get(name) ?? [], busy.get(name) ?? []))) as Figures),
      refused: producer.publisher.refused,
    },
    spread: Object.assign({}, ...questions.map(({ name }) => spreadsOf(name, alone.get(name) ?? [], busy.get(name) ?? []))) as Record<
      string,
      Spread
    >,
    charts: [
      {
        title: `Milliseconds per question, over ${options.rows.toLocaleString('en')} event rows`,
        unit: ' ms',
        shape: 'bars',
        labels: questions.map(({ name }) => name),
        mark: AIM_MS,
        series: [
          { name: 'alone', values: questions.map(({ name }) => ms(alone.get(name) ?? [], 0.5)), colour: COLOURS.light },
          { name: 'beside inputs, p50', values: questions.map(({ name }) => ms(busy.get(name) ?? [], 0.5)), colour: COLOURS.plain },
          { name: 'beside inputs, p99', values: questions.map(({ name }) => ms(busy.get(name) ?? [], 0.99)), colour: COLOURS.good },
        ],
      },
    ],
    notes: [
      `The rows of ${casesIn(options.rows)} cases of one tenant over ${DAYS} days fill all tables of a separate database; ClickHouse `
        + `generates them. Each question covers the last ${ASKED_DAYS} days and is asked by the user analyst, one question at a time, `
        + `until the whole answer is there. Alone: median of ${ALONE_ROUNDS} rounds before any input. P50 and P99: `
        + `${busy.get('containment')?.length ?? 0} rounds while inputs arrive; below 100 rounds the P99 is the slowest.`,
      ...missedAims(questions, alone, busy),
    ],
  }
}

const camel = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
const ms = (asked: readonly Asked[], share: number): number =>
  rounded(
    quantile(
      asked.map((one) => one.ms),
      share,
    ),
  )

const figuresOf = (name: QuestionName, alone: readonly Asked[], busy: readonly Asked[]): Figures => ({
  [`${camel(name)}AloneMs`]: ms(alone, 0.5),
  [`${camel(name)}P50Ms`]: ms(busy, 0.5),
  [`${camel(name)}P99Ms`]: ms(busy, 0.99),
})

const spreadsOf = (name: QuestionName, alone: readonly Asked[], busy: readonly Asked[]): Record<string, Spread> => ({
  [`${camel(name)}AloneMs`]: spreadOf(alone.map((one) => one.ms)),
  [`${camel(name)}P50Ms`]: spreadOf(busy.map((one) => one.ms)),
})

type Times = ReadonlyMap<QuestionName, readonly Asked[]>

/** Notes on the questions that miss the aim. Each says whether the question is slow by itself or slowed down by the inputs. */
function missedAims(questions: readonly Question[], alone: Times, busy: Times): string[] {
  const slow = questions.flatMap(({ name }) => {
    const [quiet, loaded] = [alone.get(name) ?? [], busy.get(name) ?? []]
    const p99 = ms(loaded, 0.99)
    if (p99 <= AIM_MS) return []
    const rows = `${Math.round(
      quantile(
        loaded.map((one) => one.rowsRead),
        0.5,
      ),
    ).toLocaleString('en')} rows read`
    const why =
      ms(quiet, 0.5) > AIM_MS
        ? `slow by itself: ${ms(quiet, 0.5)} ms alone, ${rows}`
        : `slowed down by the inputs: ${ms(quiet, 0.5)} ms alone (${rows}), ${ms(loaded, 0.5)} ms at the median beside them`
    return [`${name}: p99 ${p99} ms, above the aim of ${AIM_MS} ms; ${why}.`]
  })
  return slow.length === 0 ? [`All questions meet the aim of ${AIM_MS} ms at p99.`] : slow
}

/** Throws for an empty answer: it would be fast, and its time would mean nothing. */
const answerSchema = z.object({ rows: z.number().min(1), statistics: z.object({ rows_read: z.number() }) })

function asker(clickhouse: ClickHouseClient, scope: Scope): Ask {
  return async ({ sql }) => {
    const startedMs = performance.now()
    const result = await clickhouse.query({ query: sql, query_params: parametersOf(scope), format: 'JSON' })
    const answer = answerSchema.parse(await result.json())
    return { ms: performance.now() - startedMs, rowsRead: answer.statistics.rows_read }
  }
}

/** Asks all questions one after the other, in rounds. */
async function askInRounds(ask: Ask, questions: readonly Question[], hasNext: (round: number) => boolean): Promise<Times> {
  const times = new Map<QuestionName, Asked[]>(questions.map(({ name }) => [name, []]))
  for (let round = 0; hasNext(round); round++) {
    for (const question of questions) times.get(question.name)?.push(await ask(question))
  }
  return times
}

/** Sends inputs at a fixed rate until `stop()`, which returns the rate achieved. While the publisher is full it sends nothing. */
function startFixedRate(producer: Producer, perSecond: number): { stop(): Promise<number> } {
  const stopping = new AbortController()
  const startedMs = performance.now()
  let sent = 0
  const sending = (async () => {
    while (!stopping.signal.aborted) {
      const due = Math.floor(((performance.now() - startedMs) / 1_000) * perSecond)
      for (; sent < due && !producer.publisher.isFull; sent++) producer.send()
      await delay(TICK_MS)
    }
    const seconds = (performance.now() - startedMs) / 1_000
    await producer.publisher.settled()
    return sent / seconds
  })()
  sending.catch(() => undefined)
  return {
    stop: () => {
      stopping.abort()
      return sending
    },
  }
}

const activitySchema = z.array(z.object({ merges: z.coerce.number(), parts: z.coerce.number() }))

/** Waits until ClickHouse runs no merge, at most `MERGES_MS_MAX`. @returns the number of parts of all tables */
async function waitForMerges(clickhouse: ClickHouseClient): Promise<number> {
  const deadline = performance.now() + MERGES_MS_MAX
  for (;;) {
    const result = await clickhouse.query({
      query: `SELECT (SELECT count() FROM system.merges) AS merges,
        (SELECT count() FROM system.parts WHERE active AND database = currentDatabase()) AS parts`,
      format: 'JSONEachRow',
    })
    const [activity] = activitySchema.parse(await result.json())
    if (activity?.merges === 0 || performance.now() > deadline) return activity?.parts ?? 0
    await delay(POLL_MS)
  }
}
