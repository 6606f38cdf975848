import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import { withJetStream } from '../../infra/app/connect-to-running.ts'
import { newestVersions } from '../../infra/app/kind-registry.ts'
import { openBucket } from '../../infra/app/prepare-streams.ts'
import { waitUntilCaughtUp } from '../../infra/app/system-status.ts'
import { ROLES } from '../../infra/settings.ts'
import { openConversations } from '../../pipeline/ingest/conversations/conversation-file.ts'
import { importConversations } from '../../pipeline/ingest/conversations/import-conversations.ts'
import { openEvents } from '../../pipeline/ingest/events/event-file.ts'
import { importEvents } from '../../pipeline/ingest/events/import-events.ts'
import type { BenchOptions, Measured, OfflineScenario } from '../harness/bench-scenario.ts'
import { type BenchSystem, startSystem } from '../harness/bench-system.ts'
import { lastSeqOf } from '../harness/caught-up.ts'
import { usageOf } from '../harness/process-usage.ts'
import { createRandom, pick as pickIndex } from '../harness/random.ts'
import { rounded } from '../harness/statistics.ts'

/** Measures how fast files of posts are imported and analysed, beside the import of conversations. */
export const posts: OfflineScenario = {
  name: 'posts',
  about: 'Import of --actors items of several platforms until all tables have them, of posts alone, and of conversations.',
  actorsDefault: 20_000,
  measure,
}

const TURNS_A_CONVERSATION = 8
/** Items of the file with all sorts: a fifth are posts. */
const SORTS = ['post', 'post', 'liked', 'liked', 'liked', 'liked', 'liked', 'commented', 'shared', 'search'] as const
/** A file of 100,000 items takes longer than other scenarios on a machine that has other work. */
const CAUGHT_UP_MS_MAX = 1_200_000
/** A post tells its author what came within so long after the first like. */
const GATHER_MS = 12_000

const SUBJECTS = {
  en: 'battery camera coffee football airport museum bicycle laptop festival hospital garden railway theatre weather kitchen'.split(' '),
  zh: '电池 相机 咖啡 足球 机场 博物馆 自行车 电脑 音乐节 医院 花园 高铁 剧院 天气 厨房'.split(' '),
} as const
const OPINIONS = {
  en: [
    'is great, I love it',
    'is terrible, never again',
    'opens tomorrow at nine',
    'was better than expected',
    'is too slow and too expensive',
  ],
  zh: ['太棒了，我很喜欢', '太差了，再也不来', '明天九点开放', '比想象的好', '又慢又贵，很失望'],
} as const

async function measure({ actors, seed }: BenchOptions): Promise<Measured> {
  await using started = new AsyncDisposableStack()
  const system = await startSystem({ environment: process.env, settings: {}, workers: 1, roles: [...ROLES], log: pino({ level: 'warn' }) })
  started.defer(() => system.stop())
  const folder = await mkdtemp(join(tmpdir(), 'bench-posts-'))
  started.defer(() => rm(folder, { recursive: true }))
  const random = createRandom(seed)

  const turns = Math.max(TURNS_A_CONVERSATION, Math.min(10_000, Math.floor(actors / 2)))
  const conversations = join(folder, 'conversations.jsonl')
  await writeFile(conversations, conversationLines(turns, random).join('\n'))
  const history = await timed(system, async () => {
    const { pieces } = await openConversations(conversations)
    await withJetStream(system.settings, async (jetstream) => {
      await importConversations(pieces, {
        nc: jetstream.nc,
        jetstream,
        kv: await openBucket(jetstream.nc),
        tenant: 'bench-import',
        kind: 'support',
        name: 'the benchmark',
        mode: 'history',
        replyWaitMs: 1_000,
      })
    })
  })

  const alone = await timedImport(
    system,
    join(folder, 'posts.jsonl'),
    postLines(Math.min(10_000, Math.floor(actors / 4)), random, 'alone'),
    'bench-posts',
  )
  const mixed = await timedImport(system, join(folder, 'items.jsonl'), itemLines(actors, random), 'bench-items')
  const postCount = (lines: number): number => Math.ceil((lines * SORTS.filter((sort) => sort === 'post').length) / SORTS.length)
  const turnsPerSecond = turns / history.seconds
  const postsPerSecond = alone.events / alone.seconds
  return {
    figures: {
      importTurnsPerSecond: rounded(turnsPerSecond),
      postsPerSecond: rounded(postsPerSecond),
      postsOverImport: rounded(postsPerSecond / turnsPerSecond),
      inputsPerPost: rounded(alone.inputs / alone.events),
      recordsPerPost: rounded(alone.records / alone.events),
      itemsPerSecond: rounded(mixed.events / mixed.seconds),
      secondsFor100000Items: rounded((100_000 * mixed.seconds) / mixed.events),
      inputsPerItem: rounded(mixed.inputs / mixed.events),
      recordsPerItem: rounded(mixed.records / mixed.events),
      recordsPerPostWithItsItems: rounded(mixed.records / postCount(mixed.events)),
      cpuMsPerPost: rounded((alone.cpuSeconds * 1_000) / alone.events),
      cpuMsPerItem: rounded((mixed.cpuSeconds * 1_000) / mixed.events),
    },
    notes: [
      'Each file counts from the start of its import until all stages have caught up: each post is analysed, its topic and its author are '
        + 'told, and the tables have all rows.',
      `importTurnsPerSecond: ${turns} turns of conversations of ${TURNS_A_CONVERSATION} turns as history. postsPerSecond: posts alone. `
        + 'itemsPerSecond: a fifth posts, half likes, a tenth each of comments, shares and searches.',
      'inputsPerPost and recordsPerPost: messages of INBOX and records of LOG for each post: the file, the tasks, and what '
        + 'actors send to each other.',
      `Records of items were counted ${GATHER_MS / 1_000} s later, when posts have told their authors of likes, comments and shares.`,
    ],
  }
}

interface Timed {
  readonly seconds: number
  readonly cpuSeconds: number
}

async function timed(system: BenchSystem, work: () => Promise<void>): Promise<Timed> {
  const cpuBefore = await cpuSecondsOf(system)
  const startedMs = performance.now()
  await work()
  await waitUntilCaughtUp(system.settings, CAUGHT_UP_MS_MAX, () => undefined)
  return { seconds: (performance.now() - startedMs) / 1_000, cpuSeconds: (await cpuSecondsOf(system)) - cpuBefore }
}

async function timedImport(system: BenchSystem, path: string, lines: readonly string[], tenant: string) {
  await writeFile(path, lines.join('\n'))
  const kv = await openBucket(system.nc)
  const schemas = new Map((await newestVersions(kv)).map(({ name, definition }) => [name, definition.events]))
  const before = { inputs: await lastSeqOf(system, 'INBOX'), records: await lastSeqOf(system, 'LOG') }
  const { seconds, cpuSeconds } = await timed(system, async () => {
    await importEvents(await openEvents(path), {
      nc: system.nc,
      kv,
      tenant,
      kind: 'post',
      schemas,
      name: path,
      skipWrong: false,
      signal: new AbortController().signal,
      onWait: () => undefined,
      onProgress: () => undefined,
    })
  })
  await delay(GATHER_MS)
  await waitUntilCaughtUp(system.settings, CAUGHT_UP_MS_MAX, () => undefined)
  const inputs = (await lastSeqOf(system, 'INBOX')) - before.inputs
  const records = (await lastSeqOf(system, 'LOG')) - before.records
  return { seconds, cpuSeconds, events: lines.length, inputs, records }
}

type Random = () => number
function pick<T>(random: Random, of: readonly T[]): T {
  const one = of[pickIndex(random, of.length)]
  if (one === undefined) throw new Error('there is nothing to pick from')
  return one
}

function textOf(random: Random): string {
  const language = random() < 0.5 ? 'en' : 'zh'
  const [one, other] = [pick(random, SUBJECTS[language]), pick(random, SUBJECTS[language])]
  const opinion = pick(random, OPINIONS[language])
  return language === 'en' ? `The new ${one} near the ${other} ${opinion}` : `新的${one}在${other}旁边，${opinion}`
}

const accountOf = (random: Random): string => `account-${Math.floor(random() ** 2 * 5_000)}`

const postLine = (random: Random, id: string): string =>
  JSON.stringify({
    actor: id,
    type: 'post.published',
    data: { author: accountOf(random), text: textOf(random), platform: pick(random, ['weibo', 'x', 'forum']) },
  })

const postLines = (count: number, random: Random, prefix: string): string[] =>
  Array.from({ length: count }, (_, index) => postLine(random, `${prefix}-${index}`))

function itemLines(count: number, random: Random): string[] {
  let published = 0
  return Array.from({ length: count }, (_, index) => {
    const sort = SORTS[index % SORTS.length] ?? 'post'
    if (sort === 'post') return postLine(random, `mixed-${published++}`)
    const by = accountOf(random)
    if (sort === 'search')
      return JSON.stringify({ kind: 'author', actor: by, type: 'search.made', data: { text: pick(random, SUBJECTS.en) } })
    // Most of what people do concerns new posts.
    const actor = `mixed-${Math.max(0, published - 1 - Math.floor(random() ** 3 * 500))}`
    return JSON.stringify({ actor, type: `post.${sort}`, data: sort === 'commented' ? { by, text: textOf(random) } : { by } })
  })
}

const conversationLines = (turns: number, random: Random): string[] =>
  Array.from({ length: Math.floor(turns / TURNS_A_CONVERSATION) }, (_, index) =>
    JSON.stringify({
      id: `c-${index}`,
      turns: Array.from({ length: TURNS_A_CONVERSATION }, (__, turn) => ({
        role: turn % 2 === 0 ? 'user' : 'assistant',
        text: textOf(random),
      })),
    }),
  )

async function cpuSecondsOf({ pids }: BenchSystem): Promise<number> {
  const all = await usageOf(pids)
  return Object.values(all).reduce((sum, usage) => sum + usage.cpuSeconds, 0)
}
