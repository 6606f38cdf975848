import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { connectToRunningClickHouse } from '../../infra/app/connect-to-running.ts'
import { type ConversationPage, listQuery, readChoices, readConversations, readPreviews } from '../../infra/console/conversation-list.ts'
import { readGaps, readSources } from '../../infra/console/knowledge-gaps.ts'
import { answersQuery, listAnswers, readQualityFigures } from '../../infra/console/listed-answers.ts'
import { readAlerts, readKeyFigures, readRates } from '../../infra/console/overview.ts'
import { readTalk } from '../../infra/console/talk.ts'
import { rowsTable } from '../../schemas/ddl.ts'
import type { Bench, Figures, Measured, Scenario } from '../harness/bench-scenario.ts'
import { quantile, rounded, spreadOf } from '../harness/statistics.ts'
import { fillTables } from './analyst-rows.ts'

/** A separate database, so that the tables of the system still match the log. */
const DATABASE = 'colloquy_bench'
const TENANT = 'shop'
const ROUNDS = 20
/** One case in ten is the second one of its conversation. */
const CASES_PER_CONVERSATION = 10 / 9
const LONG_MESSAGES = 5_000
const TIMEOUTS = { request_timeout: 600_000, log: { level: ClickHouseLogLevel.OFF } } as const

/** What the pages of the console read, over many conversations. */
export const consoleReads: Scenario = {
  name: 'console',
  about: 'Time of what the pages of the console read, over --actors conversations, and of one with 5,000 messages.',
  actorsDefault: 100_000,
  run: measureConsole,
}

async function measureConsole({ system, options }: Bench): Promise<Measured> {
  await using open = new AsyncDisposableStack()
  const access = { ...(await connectToRunningClickHouse(system.settings, 'colloquy')), ...TIMEOUTS }
  const internal = open.adopt(createClient(access), (client) => client.close())
  await internal.command({ query: `CREATE DATABASE ${DATABASE}` })
  open.defer(async () => {
    await internal.command({ query: `DROP DATABASE ${DATABASE} SYNC` })
  })
  const filled = open.adopt(createClient({ ...access, database: DATABASE }), (client) => client.close())
  await fillTables(filled, { tenant: TENANT, cases: Math.round(options.actors * CASES_PER_CONVERSATION), now: new Date() })
  await addLong(filled)

  const client = (): ClickHouseClient => filled
  const list = (query: object): Promise<ConversationPage> => readConversations(client, listQuery.parse(query))
  const long = { tenant: TENANT, kind: 'support', id: 'long' }
  const first = await list({})
  const middle = first.conversations.at(-1)?.seq ?? 2
  const quality = { client, now: Date.now, lineOf: () => Promise.reject(new TypeError('a list has no lines')) }
  const answers = (show: string) => listAnswers(quality, answersQuery.parse({ tenant: TENANT, show }))
  const gaps = { client, now: Date.now, vectorsOf: () => Promise.resolve(new Map()), onFailure: () => undefined }
  const keys = first.conversations.map(({ tenant, kind, id }) => `${tenant}/${kind}/${id}`)
  const reads: Readonly<Record<string, () => Promise<unknown>>> = {
    firstPage: () => list({}),
    laterPage: () => list({ before: Math.ceil(middle / 2) }),
    byLanguage: () => list({ lang: 'en' }),
    byScore: () => list({ below: 0.5 }),
    choices: () => readChoices(client),
    previews: () => readPreviews(client, keys),
    openLong: () => readTalk(client, long, { limit: 100 }),
    rates: () => readRates(client),
    alerts: () => readAlerts(client),
    keyFigures: () => readKeyFigures(filled, TENANT, Date.now()),
    reviewAnswers: () => answers('review'),
    disagreeing: () => answers('disagreeing'),
    judged: () => answers('judged'),
    qualityFigures: () => readQualityFigures(quality, answersQuery.parse({ tenant: TENANT })),
    gaps: () => readGaps(gaps, { tenant: TENANT, days: 30 }),
    sources: () => readSources(client, { tenant: TENANT, text: '' }),
    longEarlier: () => readTalk(client, long, { limit: 100, before: LONG_SEQ + LONG_MESSAGES / 2 }),
  }
  const took = new Map<string, number[]>()
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, read] of Object.entries(reads)) {
      const startedMs = performance.now()
      await read()
      took.set(name, [...(took.get(name) ?? []), performance.now() - startedMs])
    }
  }
  const figures: Figures = Object.fromEntries(
    [...took].flatMap(([name, ms]) => [
      [`${name}P50Ms`, rounded(quantile(ms, 0.5))],
      [`${name}MaxMs`, rounded(Math.max(...ms))],
    ]),
  )
  return {
    figures: { conversations: options.actors, ...figures },
    spread: Object.fromEntries([...took].map(([name, ms]) => [`${name}P50Ms`, spreadOf(ms)])),
    notes: [
      `ClickHouse generates the rows in a separate database. Each reading is made ${ROUNDS} times, one at a time. The page shows its list `
        + 'after firstPage; choices and previews arrive later.',
    ],
  }
}

const LONG_SEQ = 4_000_000_000

/** A conversation of `LONG_MESSAGES` messages, the newest ones of all. */
const addLong = (client: ClickHouseClient) =>
  client.command({
    query: `INSERT INTO ${rowsTable('messages')} 
        (tenant, kind, actor, case_no, machine, seq, idx, id, role, text, time, committed_at, chars)
      SELECT '${TENANT}', 'support', 'long', 1, 'support@1', ${LONG_SEQ} + number, 0, toString(number),
        if(number % 2 = 0, 'user', 'assistant'),
        concat('message ', toString(number)), now64(3), now64(3), 12 FROM numbers(${LONG_MESSAGES})`,
  })
