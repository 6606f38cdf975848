import { existsSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { Kinds } from '../../../actors/definition/kind.ts'
import { loadCatalogue } from '../../../actors/kinds/interest/catalogue.ts'
import { loadArticles } from '../../../actors/kinds/support/knowledge.ts'
import { ANSWER_PROMPT, ANSWER_PROMPTS } from '../../../actors/prompting/built-in-prompts.ts'
import packageJson from '../../../package.json' with { type: 'json' }
import { readExampleFile } from '../../../pipeline/ingest/intents/example-file.ts'
import type { ObjectBucket } from '../../../pipeline/jetstream/object-bucket.ts'
import { customerKey, profileIdBy } from '../../../pipeline/profiles/customer-keys.ts'
import { createObjectStore } from '../../../pipeline/task-runner/object-store.ts'
import { DEFAULT_TEAM } from '../../../schemas/desk-events.ts'
import { PROMPT_KIND } from '../../../schemas/prompt-events.ts'
import type { Address } from '../../../schemas/subjects.ts'
import { customerKeyPlace } from '../../app/customer-access.ts'
import { deskTeamOf, rememberDeskTeam } from '../../app/desk-team.ts'
import { loadKinds } from '../../app/load-kinds.ts'
import { makeFolder, writeManifest } from '../../backup/backup-folder.ts'
import { FORMAT, type Stored, type StreamBackup } from '../../backup/backup-format.ts'
import { copyObjects } from '../../backup/copy-objects.ts'
import { createSegmentWriter } from '../../backup/copy-stream.ts'
import { restore } from '../../backup/restore.ts'
import type { DataLock } from '../../servers/data-lock.ts'
import type { Settings } from '../../settings.ts'
import { translationCues } from '../demo-customers.ts'
import { documentCues } from '../demo-documents.ts'
import { textCues, TEXTS_SECONDS } from '../demo-texts.ts'
import { chanceOf } from './chance.ts'
import { DEMO_INTENTS, understandByDemoSet } from './demo-understanding.ts'
import { createPastAlerts } from './past-alerts.ts'
import { arrivalsOf } from './past-cues.ts'
import { createPastDesk } from './past-desk.ts'
import { createObjectsInMemory } from './past-objects.ts'
import { createPastPosts } from './past-posts.ts'
import { createPastShop } from './past-shop.ts'
import { createPastTasks, type PastCalendar } from './past-tasks.ts'
import { createVisitors, type VisitorTexts } from './past-visitors.ts'
import { type Arrival, type Past, simulatePast } from './simulate-past.ts'

const CONVERSATIONS = new URL('../conversations.jsonl', import.meta.url)
const TENANT = 'demo'
const DAY_MS = 86_400_000
const WEEK_MS = 7 * DAY_MS
/** Bytes of one object that a task stores. */
const OBJECT_BYTES_MAX = 8_388_608
/** Those that are made fast, and of the same bytes each time. */
const DOCUMENT_FORMATS = { en: ['markdown', 'html'], zh: ['markdown', 'html'] } as const
/** How far the past reaches back. */
const DAYS = 42
/** Days before now: the models fail on the first one; the second and the third bring a version of the prompt. */
const BAD_DAY = 11
const PROMPT_DAYS = [28, 14] as const
const MORNING_MS = 8 * 3_600_000
const MINUTE_MS = 60_000
/** Share of the conversations that get the newest version. */
const NEWEST_SHARE = 0.5
/** The last minutes belong to the live visitors. */
const GAP_MS = 10 * MINUTE_MS

export interface LayPastOptions {
  readonly log: Logger
  /** The lock on the data folder. */
  readonly lock: DataLock | undefined
  readonly signal: AbortSignal
  /** Told before the work begins, which takes some seconds. */
  readonly onBegin: (what: string) => void
}

/**
 * Gives an empty system some weeks of past, before its first start: the machines decide what visitors of that time wrote, and their records
 * go into LOG as `restore` puts them there. Does nothing for a system that has data, for servers of one's own, and for kinds of one's own.
 * After an interruption the next call starts over.
 */
export async function layPast(settings: Settings, { log, lock, signal, onBegin }: LayPastOptions): Promise<void> {
  const dir = join(settings.DATA_DIR, 'demo-past')
  const isOwn = settings.NATS_URL === undefined && settings.CLICKHOUSE_URL === undefined && !existsSync(resolve(settings.CONFIG))
  const isNew = !existsSync(join(settings.DATA_DIR, 'nats')) || existsSync(dir)
  if (!isOwn || !isNew) return
  onBegin(`The demo gets a past of ${DAYS / 7} weeks first; this takes some seconds.`)
  const startedMs = performance.now()
  const nowMs = Date.now()
  await rememberDeskTeam(settings.DATA_DIR, DEFAULT_TEAM)
  const key = await customerKey(customerKeyPlace(settings), TENANT)
  const objects = createObjectsInMemory()
  const past = await makePast(await loadKinds(settings), {
    partitions: settings.PARTITIONS,
    team: deskTeamOf(settings),
    profileOf: (customer) => profileIdBy(key, customer),
    objects,
    nowMs,
    signal,
  })
  await writePast(dir, past, { partitions: settings.PARTITIONS, objects, nowMs, signal })
  await restore(settings, dir, log, { restored: () => undefined, waits: () => undefined }, lock)
  await rm(dir, { recursive: true })
  const seconds = Math.round((performance.now() - startedMs) / 100) / 10
  log.info({ records: past.log.length, seconds }, 'the demo has its past')
}

export interface MakePastOptions {
  readonly partitions: number
  /** The team to which `support` hands cases over. */
  readonly team: string
  /** Id of the profile of a customer. */
  readonly profileOf: (customer: string | number) => string
  /** Gets what tasks store. */
  readonly objects: ObjectBucket
  readonly nowMs: number
  /** Default: all six weeks. */
  readonly days?: number
  readonly signal: AbortSignal
}

/** The past of the demo up to a time. The same time gives the same past. */
export async function makePast(kinds: Kinds, options: MakePastOptions): Promise<Past> {
  const { partitions, team, profileOf, objects, nowMs, days = DAYS, signal } = options
  const untilMs = nowMs - GAP_MS
  const today = nowMs - (nowMs % DAY_MS)
  const fromMs = today - days * DAY_MS
  const daysAgo = (days: number): number => today - days * DAY_MS
  const isBadDay = (atMs: number): boolean => atMs - (atMs % DAY_MS) === daysAgo(BAD_DAY)
  const releasedMs = PROMPT_DAYS.map((days) => daysAgo(days) + MORNING_MS)
  const releasesAt = (atMs: number): number => releasedMs.filter((releaseMs) => releaseMs <= atMs).length
  const calendar: PastCalendar = {
    isBadDay,
    releasesAt,
    promptVersionFor(id, atMs) {
      const released = releasesAt(atMs)
      return released === 2 && chanceOf(id, 'prompt') >= NEWEST_SHARE ? 1 : released
    },
  }
  const times = { tenant: TENANT, fromMs, untilMs, isBadDay }
  const visitors = createVisitors({ ...times, texts: await readTexts() })
  const catalogue = loadCatalogue()
  return simulatePast({
    kinds,
    partitions,
    parts: [
      visitors,
      createPastDesk({ ...times, team, visitors }),
      createPastShop({ ...times, catalogue }),
      createPastPosts(times),
      createPastAlerts(times),
      { arrivals: promptArrivals(releasedMs) },
      { arrivals: officeArrivals(fromMs, untilMs) },
    ],
    runTask: createPastTasks({
      ...{ kinds, calendar, profileOf },
      articles: loadArticles(),
      understand: await understandByDemoSet(),
      objects: createObjectStore(objects, { objectBytesMax: OBJECT_BYTES_MAX, objectsBytesMax: Infinity }),
    }),
    untilMs,
    signal,
  })
}

/** Documents, texts of strategies that learn, and conversations of two languages. */
function officeArrivals(fromMs: number, untilMs: number): Arrival[] {
  const weeks = Array.from({ length: Math.floor((untilMs - fromMs) / WEEK_MS) }, (_, week) => fromMs + week * WEEK_MS)
  return [
    ...arrivalsOf(documentCues(TENANT, { name: 'past', formats: DOCUMENT_FORMATS }), { startMs: fromMs + MORNING_MS, stretch: 60 }),
    ...arrivalsOf(textCues(TENANT, 'past'), { startMs: fromMs, stretch: (untilMs - fromMs) / (TEXTS_SECONDS * 1_000) }),
    ...weeks.flatMap((startMs, week) =>
      arrivalsOf(translationCues(TENANT, `past-talk-${week + 1}`), { startMs: startMs + MORNING_MS, stretch: 30 }),
    ),
  ]
}

async function readTexts(): Promise<Readonly<Record<'en' | 'zh', VisitorTexts>>> {
  const lines = (await readFile(CONVERSATIONS, 'utf8')).trimEnd().split('\n')
  const conversations = lines.map((line) => conversationSchema.parse(JSON.parse(line)))
  const { examples } = await readExampleFile(DEMO_INTENTS)
  const textsOf = (wanted: 'en' | 'zh'): VisitorTexts => ({
    conversations: conversations
      .filter(({ lang }) => lang === wanted)
      .map(({ turns }) => turns.filter(({ role }) => role === 'user').map(({ text }) => text)),
    questions: examples.map(({ text }) => text).filter((text) => /\p{Script=Han}/u.test(text) === (wanted === 'zh')),
  })
  return { en: textsOf('en'), zh: textsOf('zh') }
}

const conversationSchema = z.object({ lang: z.string(), turns: z.array(z.object({ role: z.string(), text: z.string() })) })

/** The two versions of the prompt of answers, each set and released in the morning. */
function promptArrivals(releasedMs: readonly number[]): Arrival[] {
  const address: Address = { tenant: TENANT, kind: PROMPT_KIND, id: ANSWER_PROMPT }
  const texts = [ANSWER_PROMPTS.en.text, `${ANSWER_PROMPTS.en.text}\nAnswer in one sentence where one is enough.`]
  return texts.flatMap((text, index) => {
    const version = index + 1
    const atMs = (releasedMs[index] ?? 0) - MINUTE_MS
    const share = version === 1 ? 1 : NEWEST_SHARE
    const note = version === 1 ? 'As built in, kept here' : 'Shorter answers, on trial'
    return [
      { atMs, address, body: { type: 'prompt.set', id: `past-set-${version}`, source: 'demo', data: { text, note } } },
      {
        atMs: atMs + MINUTE_MS,
        address,
        body: { type: 'prompt.released', id: `past-released-${version}`, source: 'demo', data: { version, share } },
      },
    ]
  })
}

type WritePastOptions = Pick<MakePastOptions, 'partitions' | 'objects' | 'nowMs' | 'signal'>

async function writePast(
  dir: string,
  { log, dead, inboxSeq }: Past,
  { partitions, objects, nowMs, signal }: WritePastOptions,
): Promise<void> {
  await rm(dir, { recursive: true, force: true })
  await makeFolder(dir)
  const at = new Date(nowMs).toISOString()
  const backupOf = async (stream: 'LOG' | 'DEAD', messages: readonly Stored[]): Promise<StreamBackup> => {
    const writer = createSegmentWriter(dir, stream)
    for (const message of messages) await writer.add(message)
    const segments = [...(await writer.close())]
    return { created: at, firstSeq: 1, lastSeq: messages.length, lastTs: messages.at(-1)?.time ?? at, segments }
  }
  await writeManifest(dir, {
    format: FORMAT,
    colloquy: packageJson.version,
    natsServer: 'none',
    partitions,
    at,
    decided: true,
    log: { ...(await backupOf('LOG', log)), removed: [] },
    dead: { ...(await backupOf('DEAD', dead)), removed: [] },
    objects: (await copyObjects(objects, dir, [], signal)).objects,
    inbox: { lastSeq: inboxSeq },
    dispatchedSeq: log.length,
    register: {},
  })
}
