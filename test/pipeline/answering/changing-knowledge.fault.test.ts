import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { askQuestion } from '../../../infra/reporting/questions/ask-question.ts'
import { CACHE_BUCKET } from '../../../pipeline/jetstream/removal.ts'
import { type AnsweringSystem, modelSettings, priceIn, startAnsweringSystem } from '../../support/answering-system.ts'
import { type CliProcess, startUp } from '../../support/run-cli.ts'
import { caughtUp, rows } from '../../support/system-assertions.ts'
import { temporaryFolder } from '../../support/test-system.ts'
import { natsSettingsOf } from '../../support/workers.ts'

/** Two processes that run tasks, beside a system that runs none. */
let at: AnsweringSystem
const workers: CliProcess[] = []

beforeAll(async () => {
  at = await startAnsweringSystem({ ROLES: 'host,dispatch,project,embed,serve', EMBED_BATCH_MS: '20' })
  await Promise.all([startWorker(), startWorker()])
}, 120_000)
afterAll(async () => {
  for (const worker of workers) worker.signal('SIGKILL')
  await Promise.all(workers.map((worker) => worker.ended))
  await at.stop()
})

async function startWorker(): Promise<void> {
  const nats = await natsSettingsOf(at.system)
  workers.push(
    await startUp({
      dataDir: await temporaryFolder(),
      settings: { ...nats, ...modelSettings(at.endpoint.url), ROLES: 'tasks', THREADS: 'off' },
    }),
  )
}

const CHANGES = 16
const KNOWLEDGE_CHANGES = 8
const CHANGE_MS = 1_000
/** Questions that are asked at one time, each in a conversation of its own. */
const CONCURRENT = 8
const QUESTIONS = ['How much is shipping to Norway?', '寄到挪威的运费是多少？'] as const

test('no answer rests on what changed a second before, while it changes every second, over kill -9 and a lost bucket', async () => {
  for (const lang of ['en', 'zh'] as const) await at.teach(`norway-${lang}`, priceIn(lang, 100))
  let isOver = false
  let starting: Promise<void> | undefined
  const asking = Array.from({ length: CONCURRENT }, async (_, place) => {
    for (let count = place; !isOver; count++) {
      const text = QUESTIONS[count % QUESTIONS.length] ?? ''
      await at.answerTo(text)
    }
  })
  for (let change = 1; change <= CHANGES; change++) {
    await delay(CHANGE_MS)
    const lang = change % 2 === 0 ? 'en' : 'zh'
    // The index may need longer than a second for each change of knowledge; settings are known at once.
    if (change <= KNOWLEDGE_CHANGES) await at.teach(`norway-${lang}`, priceIn(lang, 100 + change))
    else await at.setCompany(`We have ${change} boats.`)
    if (change === 5) {
      workers[0]?.signal('SIGKILL')
      starting = startWorker()
    }
    if (change === 10) await at.system.running.jetstream.jsm.streams.delete(`KV_${CACHE_BUCKET}`)
  }
  await starting
  isOver = true
  await Promise.all(asking)
  // The last knowledge stays, and its answers are given again by and by.
  for (const text of QUESTIONS) await expect.poll(async () => (await at.answerTo(text)).cachedFrom, { timeout: 60_000 }).toBeDefined()
  await caughtUp(at.system)

  const { client } = at.system.running
  if (client === undefined) throw new Error('this system has no tables')
  const day = 24 * 3_600_000
  const scope = { tenant: 'acme', from: new Date(Date.now() - day), to: new Date(Date.now() + day) }
  const [all, ...ages] = await askQuestion(client, 'cache-freshness', scope)
  const stale = await rows(
    at.system,
    "SELECT * FROM turns WHERE isNotNull(cached_seq) AND tenant = 'acme' ORDER BY answered_seq DESC LIMIT 20",
  )
  expect(all, JSON.stringify({ ages, stale })).toMatchObject({ late: 0 })
  expect(all?.answers).toBeGreaterThanOrEqual(QUESTIONS.length)
  // The price itself is the last one that was taught before the knowledge that the tables say it rests on.
  const wrong = await rows(
    at.system,
    `SELECT given.text, given.known, taught.price FROM (
       SELECT text, cached_knowledge_seq AS known, if(match(text, '欧元'), 'norway-zh', 'norway-en') AS source
       FROM turns INNER JOIN messages ON messages.seq = turns.answered_seq AND messages.idx = turns.answered_idx
       WHERE isNotNull(cached_seq)
     ) AS given
     ASOF LEFT JOIN (
       SELECT toString(actor) AS source, seq, extract(data_raw, '(?:costs |运费是)(\\\\d+)') AS price FROM events WHERE type = 'source.taught'
     ) AS taught ON taught.source = given.source AND assumeNotNull(given.known) >= taught.seq
     WHERE position(text, price) = 0 OR price = ''`,
  )
  expect(wrong).toEqual([])
}, 240_000)
