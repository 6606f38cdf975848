import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SystemStatus } from '../../../infra/app/system-status.ts'
import { cliJson, type CliRun, runCli } from '../../support/run-cli.ts'
import { startSystem, type System, temporaryFolder } from '../../support/test-system.ts'

let dataDir: string
let system: System
const run = (...args: string[]): Promise<CliRun> => runCli(args, { dataDir })
const json = <T>(...args: string[]): Promise<T[]> => cliJson<T>(args, { dataDir })
const caughtUp = () => json<SystemStatus>('status', '--wait')
const file = async (name: string, lines: readonly object[]): Promise<string> => {
  const path = join(dataDir, name)
  await writeFile(path, lines.map((line) => JSON.stringify(line)).join('\n'))
  return path
}
const labelled = (intent: string, ...texts: string[]) => texts.map((text) => ({ text, intent }))

const TAUGHT = [
  ...labelled(
    'returns',
    '我要退货',
    '这件衣服怎么退',
    '能退款吗',
    'I want to send it back',
    'How do I return these shoes?',
    'Can I get a refund?',
  ),
  ...labelled(
    'shipping',
    '寄到挪威要多久',
    '运费是多少',
    '什么时候发货',
    'How long does shipping take?',
    'What does delivery cost?',
    'When will it arrive?',
  ),
]
const INVOICES = ['怎么开发票', '请问怎么开发票呀', '我想开发票，怎么弄', '开发票怎么弄']

beforeAll(async () => {
  dataDir = await temporaryFolder()
  system = await startSystem({ dataDir })
  expect(await run('intents', 'teach', await file('taught.jsonl', TAUGHT), '--tenant', 'acme')).toMatchObject({ code: 0 })
  await caughtUp()
  for (const [index, text] of [...INVOICES, '这个能退货吗'].entries()) {
    const data = JSON.stringify({ role: 'user', text })
    expect(await run('publish', `acme/support/c${index}`, 'message.received', data, '--id', `m-${index}`)).toMatchObject({ code: 0 })
  }
  await caughtUp()
})
afterAll(async () => {
  await system.stop()
  await rm(dataDir, { recursive: true })
})

test('eval measures a trained set on labelled messages', async () => {
  const path = await file('labelled.jsonl', [
    ...labelled('returns', '我想退掉这双鞋', 'can I send this back?'),
    ...labelled('shipping', '运费多少钱'),
    { text: 'Who won the world cup?', intents: [] },
  ])
  const [measured] = await json('intents', 'eval', path, '--tenant', 'acme')
  expect(measured).toMatchObject({ version: 1, bad: 0, inScope: 3, outside: 1, accuracy: 1 })
  const printed = await run('intents', 'eval', path, '--tenant', 'acme')
  expect(printed.stdout).toContain('set "main" of acme, version 1, on 4 messages')
  expect((await run('intents', 'eval', path, '--tenant', 'nobody')).stderr).toContain('has taught no intents')
})

test('propose suggests what recorded messages have in common and the set does not know', async () => {
  const proposals = await json<{ texts: string[]; messages: number }>('intents', 'propose', '--tenant', 'nobody')
  expect(proposals).toEqual([])
  await json('intents', 'propose', '--tenant', 'acme')
  const untaught = await json<{ texts: string[]; messages: number }>('intents', 'propose', '--tenant', 'acme', '--set', 'other')
  expect(untaught[0]?.texts.filter((text) => text.includes('发票')).length).toBeGreaterThanOrEqual(3)
})

test('check says which messages a file would change, and changes nothing', async () => {
  const path = await file('invoices.jsonl', labelled('invoice', ...INVOICES.slice(0, 3), 'I need an invoice'))
  const check = await run('check', '--intents', path, '--tenant', 'acme')
  expect(check.code).toBe(1)
  expect(check.stdout).toMatch(/→ invoice {2}\d messages?/)
  expect(check.stdout).toContain('of 5 would be understood otherwise')
  expect(await json('intents', 'ls', '--tenant', 'acme')).toMatchObject([{ version: 1 }])
  const same = await run('check', '--intents', await file('same.jsonl', TAUGHT), '--tenant', 'acme')
  expect([same.code, same.stdout]).toEqual([0, '0 messages of 5 would be understood otherwise\n'])
})

test('what people correct is listed, taught when it is accepted, and listed no more', async () => {
  for (const [index] of INVOICES.entries()) {
    const correction = JSON.stringify({ message: `m-${index}`, intent: 'invoice' })
    expect(await run('publish', `acme/support/c${index}`, 'intent.corrected', correction)).toMatchObject({ code: 0 })
  }
  await caughtUp()
  const groups = await json<{ id: string; corrected: string | null; texts: string[] }>('review', '--intents', '--tenant', 'acme')
  const corrected = groups.filter((group) => group.corrected === 'invoice')
  expect(corrected.flatMap(({ texts }) => texts).sort()).toEqual([...INVOICES].sort())
  for (const { id } of corrected) expect(await run('review', '--intents', '--tenant', 'acme', '--accept', id)).toMatchObject({ code: 0 })
  const left = await json<{ corrected: string | null }>('review', '--intents', '--tenant', 'acme')
  expect(left.filter((group) => group.corrected === 'invoice')).toEqual([])
  const [set] = await json<{ intents: { name: string; examples: number }[] }>('intents', 'ls', '--tenant', 'acme')
  expect(set?.intents.find(({ name }) => name === 'invoice')?.examples).toBe(INVOICES.length)
  expect((await run('review', '--intents', '--tenant', 'acme', '--accept', 'nothing')).stderr).toContain('no group nothing')
})
