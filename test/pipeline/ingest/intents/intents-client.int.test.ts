import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Taught } from '../../../../pipeline/ingest/intents/intents-client.ts'
import { teachIntents } from '../../../../pipeline/ingest/intents/intents-client.ts'
import { createSender } from '../../../../pipeline/producer/input-sender.ts'
import { readExamples, readTaughtSet } from '../../../../pipeline/understanding/taught/taught-set.ts'
import { cliJson, type CliRun, runCli } from '../../../support/run-cli.ts'
import { startSystem, type System, temporaryFolder } from '../../../support/test-system.ts'

let system: System
let dataDir: string
beforeAll(async () => {
  dataDir = await temporaryFolder()
  system = await startSystem({ dataDir, settings: { ROLES: 'host,dispatch' } })
})
afterAll(async () => {
  await system.stop()
  await rm(dataDir, { recursive: true })
})

const settings = { ROLES: 'host,dispatch' }
const run = (...args: string[]): Promise<CliRun> => runCli(['intents', ...args], { dataDir, settings })
const json = <T>(...args: string[]): Promise<T[]> => cliJson<T>(['intents', ...args], { dataDir, settings })
const file = async (name: string, lines: readonly unknown[]): Promise<string> => {
  const path = join(dataDir, name)
  await writeFile(path, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'))
  return path
}

const FIRST = [
  { text: '我要退货', intent: '退货' },
  { text: '这个可以退吗', intent: '退货' },
  { text: 'I want to send it back', intent: '退货' },
  { text: 'How long does shipping take?', intent: 'shipping' },
  { text: '寄到挪威要多久', intent: 'shipping' },
  { text: 'Ship it back to you and refund me', intents: ['退货', 'shipping'] },
  { text: 'What is the weather like?', intents: [] },
]

test('a set is taught, changed, shown, exported and restored from the command line', async () => {
  const first = await file('first.jsonl', FIRST)
  expect(await json<Taught>('teach', first)).toEqual([{ outcome: 'changed', version: 1, intents: 3, examples: 8, added: 8, removed: 0 }])
  expect(await json<Taught>('teach', first)).toMatchObject([{ outcome: 'unchanged', version: 1 }])

  const second = await file('second.csv', ['text,intent', '"Ship, please",shipping', '寄到挪威要多久,shipping'])
  expect(await json<Taught>('teach', second)).toMatchObject([{ version: 2, intents: 3, examples: 7, added: 1, removed: 2 }])

  await run('describe', 'shipping', '--description', 'How and when it comes', '--route', 'support')
  await expect
    .poll(() => json('ls'))
    .toMatchObject([
      {
        set: 'main',
        version: 3,
        intents: [
          { name: '退货', examples: 4 },
          { name: 'shipping', examples: 2, description: 'How and when it comes', route: 'support' },
          { name: 'out_of_scope', examples: 1 },
        ],
      },
    ])

  const texts = new Map((await json<{ text: string; intents: string[] }>('export', '--at', '1')).map((one) => [one.text, one.intents]))
  expect(texts).toEqual(new Map(FIRST.map(({ text, intent, intents }) => [text, intents ?? [intent]])))

  expect(await json<Taught>('forget', '退货')).toMatchObject([{ version: 4, intents: 2, removed: 4 }])
  expect(await json<Taught>('restore', '--to', '1')).toMatchObject([{ version: 5, intents: 3, examples: 8 }])
  expect(await json('export')).toHaveLength(FIRST.length)
  expect(await json<Taught>('forget', '--all')).toMatchObject([{ version: 6, intents: 0, examples: 0 }])
})

test('lines that are no examples are named, and the others are taught', async () => {
  const path = await file('bad.jsonl', [
    { text: 'fine', intent: 'a' },
    '{"text": 7}',
    'no JSON',
    { text: 'x' },
    { text: 'y', intent: ' b' },
  ])
  const taught = await run('teach', path, '--set', 'other')
  expect(taught.code).toBe(1)
  expect(taught.stdout).toContain('set "other" of default has version 1: 1 intent, 1 example; 1 added, 0 removed')
  for (const problem of ['line 2: text: must be a text', 'line 3: it is not JSON', 'line 4: intent: is missing', 'line 5: intent " b"']) {
    expect(taught.stderr).toContain(problem)
  }
  expect((await run('restore', '--to', '7', '--set', 'other')).stderr).toContain('has the versions 1 to 1, and no 7')
  expect((await run('forget', 'zzz', '--set', 'other')).stderr).toContain('no_such_intent')
})

test('more intents than a set may have are refused before anything is sent', async () => {
  const many = await file(
    'many.jsonl',
    Array.from({ length: 10_000 }, (_, index) => ({ text: `text ${index}`, intent: `intent ${index}` })),
  )
  const refused = await run('teach', many, '--set', 'many')
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain('the set would have 10000 intents; at most 1000 a set')
  expect(await json('ls', '--set', 'many')).toMatchObject([{ version: 0, intents: [] }])
})

test('a teach that was interrupted is completed by the next one, as one version', async () => {
  const { jetstream } = system.running
  const name = { tenant: 'acme', set: 'main' }
  const wanted = new Map(Array.from({ length: 40 }, (_, index) => [`i${index}`, new Set([`example ${index}`, `示例 ${index}`])] as const))
  const sender = createSender(jetstream.nc)
  try {
    const broken = {
      ...sender,
      send: ((address, input) =>
        address.id.endsWith('9') ? Promise.reject(new Error('cut')) : sender.send(address, input)) satisfies typeof sender.send,
    }
    await expect(teachIntents({ jetstream, sender: broken }, name, wanted)).rejects.toThrow('cut')
    expect((await readTaughtSet(jetstream, name)).version).toBe(0)
    expect(await teachIntents({ jetstream, sender }, name, wanted)).toMatchObject({ version: 1, intents: 40, examples: 80 })
    const set = await readTaughtSet(jetstream, name)
    expect((await readExamples(jetstream, set)).get('i7')).toEqual(['example 7', '示例 7'])
  } finally {
    await sender.close()
  }
})
