import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Objm } from '@nats-io/obj'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { emit, setup } from 'xstate'
import { z } from 'zod'
import { defineKind, defineTask } from '../../../actors/definition/define-kind.ts'
import type { Understood } from '../../../actors/definition/task-understanding.ts'
import { loadKinds } from '../../../infra/app/load-kinds.ts'
import { loadSettings } from '../../../infra/settings.ts'
import { readTaughtSet } from '../../../pipeline/understanding/taught/taught-set.ts'
import { findUntrained } from '../../../pipeline/understanding/training/trainable-sets.ts'
import { openTrainedModels, TRAINED_BUCKET, trainedName } from '../../../pipeline/understanding/training/trained-models.ts'
import { startTrainer } from '../../../pipeline/understanding/training/trainer.ts'
import { cliJson, runCli } from '../../support/run-cli.ts'
import { settingsFor, silent, startSystem, type System, temporaryFolder } from '../../support/test-system.ts'

const understood = z.object({ intents: z.array(z.object({ name: z.string() })), act: z.object({ name: z.string() }), version: z.string() })
const wish = defineKind({
  name: 'wish',
  version: 1,
  context: z.object({}),
  events: { said: z.object({ text: z.string() }) },
  emits: { understood },
  tasks: {
    understand: defineTask({
      input: z.object({ text: z.string() }),
      output: understood,
      deadlineMs: 30_000,
      attemptsMax: 3,
      concurrencyMax: 4,
      run: async ({ input, understand }) => {
        const { intents, act, version } = await understand({ text: input.text })
        return { intents: [...intents], act, version }
      },
    }),
  },
})
/** Understands a message in its task. */
const wishKind = wish.with(
  setup(wish.xstate).createMachine({
    context: {},
    initial: 'idle',
    states: {
      idle: { on: { said: 'understanding' } },
      understanding: {
        invoke: {
          id: 'understand',
          src: 'understand',
          input: ({ event }) => ({ text: event.type === 'said' ? event.data.text : '' }),
          onDone: { target: 'idle', actions: emit(({ event }) => ({ type: 'understood', data: event.output })) },
          onError: 'idle',
        },
      },
    },
  }),
)

let dataDir: string
let system: System
beforeAll(async () => {
  dataDir = await temporaryFolder()
  const builtIn = await loadKinds(loadSettings({}, settingsFor(dataDir)).settings)
  system = await startSystem({ dataDir, kinds: [...builtIn.values(), wishKind] })
})
afterAll(async () => {
  await system.stop()
  await rm(dataDir, { recursive: true })
})

const SHOP = {
  returns: ['我要退货', '这件衣服怎么退', '能退款吗', 'I want to send it back', 'How do I return these shoes?', 'Can I get a refund?'],
  shipping: [
    '寄到挪威要多久',
    '运费是多少',
    '什么时候发货',
    'How long does shipping take?',
    'What does delivery cost?',
    'When will it arrive?',
  ],
  products: [
    '我想查询产品规格',
    '这款手机的屏幕多大',
    '有什么颜色',
    'What sizes do you have?',
    'Does the kettle come in blue?',
    'How heavy is the lamp?',
  ],
}
const teach = async (tenant: string, set: Readonly<Record<string, readonly string[]>>): Promise<void> => {
  const path = join(dataDir, `${tenant}.jsonl`)
  const lines = Object.entries(set).flatMap(([intent, texts]) => texts.map((text) => JSON.stringify({ text, intent })))
  await writeFile(path, lines.join('\n'))
  expect(await runCli(['intents', 'teach', path, '--tenant', tenant, '--replace'], { dataDir })).toMatchObject({ code: 0 })
}
const ask = async (tenant: string, text: string, history: readonly object[] = []): Promise<Understood> => {
  const response = await fetch(new URL('/v1/understand', system.running.http?.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ tenant, text, history }),
  })
  expect(response.status).toBe(200)
  return (await response.json()) as Understood
}
const names = ({ intents }: Understood): string[] => intents.map(({ name }) => name)
const versionOf = async (tenant: string): Promise<string> => (await ask(tenant, 'x')).version

test('a tenant that has taught nothing is understood by acts', async () => {
  expect(await ask('nobody', '转人工')).toMatchObject({
    act: { name: 'handoff' },
    intents: [],
    outOfScope: false,
    entities: [],
    topic: null,
    lang: 'zh',
  })
  expect(await versionOf('nobody')).toMatch(/^acts@\d+ tenant@0$/)
})

test('a taught set is trained and used over HTTP, by the command and in tasks, and each says which version decided', async () => {
  await teach('shop', SHOP)
  await expect.poll(() => versionOf('shop')).toMatch(/^main@1-[0-9a-f]{12} acts@\d+ tenant@0$/)
  const found = await ask('shop', '我想退掉这件衣服')
  expect(names(found)).toEqual(['returns'])
  expect(found.intents[0]?.because.length).toBeGreaterThan(0)
  expect(names(await ask('shop', 'what does it cost to deliver to Norway?'))).toEqual(['shipping'])
  expect(names(await ask('other', '我想退掉这件衣服'))).toEqual([])

  const [command] = await cliJson<Understood>(['understand', '我想退掉这件衣服', '--tenant', 'shop'], { dataDir })
  expect(command).toEqual(found)

  const events = system.producer.subscribe('out.shop.wish.w1.understood', { max: 1 })
  system.producer.publish('in.shop.wish.w1', JSON.stringify({ type: 'said', data: { text: '我想退掉这件衣服' } }))
  for await (const message of events) {
    expect(message.json<{ data: unknown }>().data).toMatchObject({ intents: [{ name: 'returns' }], version: found.version })
  }
})

test('a message that continues keeps the topic of the turns before it', async () => {
  const history = [
    { role: 'user', text: 'How long does shipping to Norway take?' },
    { role: 'assistant', text: 'Five days.' },
  ]
  expect(await ask('shop', '继续上面的话题', history)).toMatchObject({ act: { name: 'continuation' }, topic: 'shipping' })
})

test('entities are found as the tenant defines them, and its version is named', async () => {
  const value = JSON.stringify([
    { name: 'order', pattern: 'A-\\d{4}' },
    { name: 'colour', values: [{ value: 'blue', synonyms: ['蓝色', 'navy'] }] },
  ])
  expect(await runCli(['tenant', 'set', 'shop', 'ENTITIES', value], { dataDir })).toMatchObject({ code: 0 })
  await expect.poll(async () => (await ask('shop', '订单 A-1234 要蓝色的')).entities).toHaveLength(2)
  const found = await ask('shop', '订单 A-1234 要蓝色的')
  expect(found.entities.map(({ name, value: is }) => [name, is])).toEqual([
    ['order', 'A-1234'],
    ['colour', 'blue'],
  ])
  expect(found.version).toContain('tenant@1')
  const bad = await runCli(['tenant', 'set', 'shop', 'ENTITIES', '[{"name":"x","pattern":"("}]'], { dataDir })
  expect([bad.code, bad.stderr]).toEqual([1, expect.stringContaining('RE2')])
})

test('another version replaces the one before, and a set that is forgotten while in use recognises nothing', async () => {
  await teach('turns', { yes: ['agreed', '同意'], no: ['not agreed', '不同意'] })
  await expect.poll(() => versionOf('turns')).toMatch(/^main@1-/)
  await teach('turns', { yes: ['agreed', '同意', 'fine with me'], no: ['not agreed', '不同意'], later: ['maybe tomorrow', '明天再说'] })
  await expect.poll(() => versionOf('turns')).toMatch(/^main@2-/)
  expect(names(await ask('turns', '明天再说吧'))).toEqual(['later'])
  expect(await runCli(['intents', 'forget', '--all', '--tenant', 'turns'], { dataDir })).toMatchObject({ code: 0 })
  await expect.poll(async () => (await ask('turns', '明天再说吧')).intents).toEqual([])
  expect(await runCli(['tenant', 'set', 'shop', 'INTENTS', 'off'], { dataDir })).toMatchObject({ code: 0 })
  await expect.poll(async () => (await ask('shop', '我想退掉这件衣服')).intents).toEqual([])
})

test('a torn object is never used: the set is trained again', async () => {
  const { jetstream } = system.running
  const models = await openTrainedModels(jetstream, 1)
  const store = await new Objm(jetstream.js).open(TRAINED_BUCKET)
  await teach('torn', SHOP)
  const set = { tenant: 'torn', set: 'main' }
  const { version, seq } = await readTaughtSet(jetstream, set)
  const from = { ...set, version, seq, vectors: null }
  await expect.poll(() => models.has(from)).toBe(true)
  const whole = await store.getBlob(trainedName(from))
  if (whole === null) throw new Error('there is no object')
  await store.putBlob({ name: trainedName(from) }, whole.subarray(0, whole.length - 100))
  await expect.poll(async () => names(await ask('torn', '我想退掉这件衣服'))).toEqual(['returns'])
  expect((await store.getBlob(trainedName(from)))?.length).toBe(whole.length)
})

test('while another embedding model is about to come, each set is trained for both, and each keeps its newest two versions', async () => {
  const { jetstream } = system.running
  const models = await openTrainedModels(jetstream, 1)
  const inUse = { kind: 'lexical' as const, fingerprint: 'none', embed: () => Promise.resolve([]) }
  const vectorOf = (text: string): Float32Array =>
    Float32Array.from({ length: 8 }, (_, at) => Math.sin(text.length * (at + 1)) / Math.sqrt(8))
  const next = {
    kind: 'semantic' as const,
    fingerprint: 'next-8',
    embed: (texts: readonly string[]) => Promise.resolve(texts.map(vectorOf)),
  }
  const set = { tenant: 'both', set: 'main' }
  const untrained = async (): Promise<string | undefined> => (await findUntrained(jetstream, models, inUse, next))?.tenant
  let isNextHere = false
  const trainer = await startTrainer({
    jetstream,
    models,
    embedder: () => inUse,
    nextEmbedder: () => (isNextHere ? next : undefined),
    log: silent,
    debounceMs: 0,
  })
  const versions = async (vectors: string | null): Promise<number[]> =>
    (await models.versionsOf(set, vectors)).map(({ version }) => version)
  // This system's own trainer knows of no next model.
  await system.running.stages.get('train')?.stop()
  await teach('both', SHOP)
  await expect.poll(() => versions(null)).toEqual([1])
  expect([await untrained(), await versions('next-8')]).toEqual([expect.any(String), []])
  isNextHere = true
  await expect.poll(() => versions('next-8')).toEqual([1])
  expect(await untrained()).not.toBe('both')
  for (const version of [2, 3]) {
    await teach('both', { ...SHOP, returns: SHOP.returns.slice(version) })
    await expect.poll(() => versions('next-8')).toEqual(version === 2 ? [2, 1] : [3, 2])
  }
  expect(await versions(null)).toEqual([3, 2])
  await trainer.stop()
})

test('a training that is stopped half-way is done by the next trainer', async () => {
  const { jetstream } = system.running
  const models = await openTrainedModels(jetstream, 1)
  const embedder = () => ({ kind: 'lexical' as const, fingerprint: 'none', embed: () => Promise.resolve([]) })
  const many = Object.fromEntries(
    Array.from({ length: 60 }, (_, intent) => [
      `i${intent}`,
      Array.from({ length: 30 }, (__, n) => `word${intent} is ${n} of them ${n * intent}`),
    ]),
  )
  // This system's own trainer must not be first.
  await system.running.stages.get('train')?.stop()
  await teach('half', many)
  const set = { tenant: 'half', set: 'main' }
  const { version, seq } = await readTaughtSet(jetstream, set)
  const from = { ...set, version, seq, vectors: null }
  const first = await startTrainer({ jetstream, models, embedder, log: silent })
  await expect.poll(() => first.health?.().detail, { interval: 5 }).toContain('training version 1 of the set "main" of half')
  await first.stop()
  expect(await models.has(from)).toBe(false)
  const second = await startTrainer({ jetstream, models, embedder, log: silent })
  await expect.poll(() => models.has(from)).toBe(true)
  await second.stop()
})
