import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  breaksAfter,
  completion,
  endless,
  failure,
  json,
  type ModelEndpoint,
  type Reaction,
  startModelEndpoint,
  stream,
} from '../../../support/model-endpoint.ts'
import { caughtUp, publishAll, readLog, rows } from '../../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../../support/test-system.ts'

let system: System
let endpoint: ModelEndpoint
let dataDir: string
beforeAll(async () => {
  endpoint = await startModelEndpoint()
  dataDir = await temporaryFolder()
  await writeModel('first')
  system = await startSystem({ dataDir, settings: { MODELS: join(dataDir, 'models.json'), REPLY_BUDGET_MS: '4000', QUOTATION_MIN: '0' } })
})
const writeModel = (name: string): Promise<void> =>
  writeFile(
    join(dataDir, 'models.json'),
    JSON.stringify([{ name, tier: 'small', baseUrl: endpoint.url, model: 'tiny', firstTokenMs: 60_000, stallMs: 60_000 }]),
  )
/** A model that has not failed yet: one that has rests. */
async function useNewModel(name: string): Promise<void> {
  await writeModel(name)
  const metrics = async (): Promise<string> => (await system.running.allMetrics()).metrics()
  await expect.poll(metrics, { timeout: 30_000, interval: 100 }).toContain(`colloquy_model_places{model="${name}"}`)
}
afterAll(async () => {
  await system.stop()
  await endpoint.stop()
  await rm(dataDir, { recursive: true })
})

const QUESTION = { en: 'How much is shipping to Germany?', zh: '寄到德国运费多少' } as const

async function recordsOf(conversation: string) {
  const entries = await readLog(system)
  return entries.filter(({ actor }) => actor === `acme/support/${conversation}`).map(({ record }) => record)
}
const repliesOf = async (conversation: string) =>
  (await recordsOf(conversation)).flatMap(({ emitted }) => emitted.filter(({ type }) => type === 'message.sent').map(({ data }) => data))

async function replyTo(conversation: string, reaction: Reaction, lang: 'en' | 'zh') {
  endpoint.react(reaction)
  await useNewModel(conversation)
  const body = { type: 'message.received', data: { role: 'user', text: QUESTION[lang] } }
  await publishAll(system, [{ subject: `in.acme.support.${conversation}`, body }])
  await expect.poll(() => repliesOf(conversation), { timeout: 30_000, interval: 200 }).toHaveLength(1)
  return (await repliesOf(conversation))[0]
}

const silent: Reaction = () => undefined
const byTime = ['reply_budget']
const byAttempts = ['model_unavailable', 'model_busy', ...byTime]
test.each<[string, string[], Reaction]>([
  ['says-nothing', byTime, silent],
  ['streams-for-ever', byTime, endless('a', 50)],
  ['busy', ['model_busy'], failure(429)],
  ['down', byAttempts, failure(500)],
  ['breaks-off', byAttempts, breaksAfter('It takes 2 to')],
  ['refuses', ['model_refused'], failure(401)],
  ['ten-megabytes', ['model_body_too_large'], stream(`: ${'x'.repeat(10 * 1024 * 1024)}\n\n`)],
  ['other-json', ['model_unfit'], json(200, { hello: 'world' })],
  ['moon-base', ['low_quality'], completion('Our moon base ships in 412 days.')],
])('whatever a model does, the customer has a quotation: %s', async (name, reasons, reaction) => {
  for (const lang of ['en', 'zh'] as const) {
    const sent = await replyTo(`${name}-${lang}`, reaction, lang)
    expect(sent).toMatchObject({ lang, model: 'extractive', sources: [{ source: `shipping-europe-${lang}` }], held: [{}] })
    const [held] = sent?.['held'] as { reasons: string[]; overall?: number }[]
    if (name !== 'moon-base') expect(reasons).toContain(held?.reasons[0])
    else expect(held).toMatchObject({ overall: expect.any(Number) as number })
  }
})

test('what was held back is in the tables and in a metric; a late answer changes nothing', async () => {
  const late = Promise.withResolvers<void>()
  const sent = await replyTo(
    'late',
    async (response, request) => {
      await late.promise
      await completion('It is 4.90 euros [1].')(response, request)
    },
    'en',
  )
  expect(sent).toMatchObject({ model: 'extractive', held: [{ reasons: ['reply_budget'] }] })
  late.resolve()
  await caughtUp(system)
  expect(await repliesOf('late')).toHaveLength(1)
  const ended = (await recordsOf('late')).flatMap((record) => record.ended)
  expect(ended).toContainEqual(expect.objectContaining({ task: 'answer', status: 'stopped' }))

  const counted = await rows<{ reason: string }>(
    system,
    "SELECT JSONExtractString(data_raw, 'held', 1, 'reasons', 1) AS reason FROM events WHERE type = 'message.sent' AND actor = 'late'",
  )
  expect(counted).toEqual([{ reason: 'reply_budget' }])
  const metrics = await (await system.running.allMetrics()).metrics()
  expect(metrics).toMatch(/colloquy_answers_held_total\{kind="support",reason="reply_budget"\} \d/)
  expect(metrics).toMatch(/colloquy_answers_held_total\{kind="support",reason="model_refused"\} 2/)
})
