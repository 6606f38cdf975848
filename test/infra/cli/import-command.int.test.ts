import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { en } from '../../../infra/reporting/report/words/en.ts'
import { cliJson, runCli } from '../../support/run-cli.ts'
import { caughtUp, rows } from '../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../support/test-system.ts'

let dataDir: string
let system: System

beforeAll(async () => {
  dataDir = await temporaryFolder()
  system = await startSystem({ dataDir })
})
afterAll(async () => {
  await system.stop()
  await rm(dataDir, { recursive: true })
})

async function fileOf(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(dataDir, name)
  await writeFile(path, content)
  return path
}
const lines = (...values: readonly unknown[]): string => values.map((value) => JSON.stringify(value)).join('\n')

const march = {
  id: 'h1',
  created_at: '2024-03-05T09:00:00Z',
  customer: 'k-77',
  channel: 'wechat',
  rating: 4,
  tags: ['delivery', 'vip'],
  mood: 'good',
  turns: [
    { role: 'user', text: '蓝色水壶什么时候到货？', id: 'm-1' },
    { role: 'agent', text: '周一到货。', agent: 'ann', created_at: '2024-03-05T09:00:42Z' },
    { role: 'user', text: '谢谢', time: '2024-03-05T09:02:00Z' },
  ],
}
const PERIOD = ['--from', '2024-03-01', '--to', '2024-04-01']

test('times, agents, ids and facts reach the tables, and verify agrees', async () => {
  const path = await fileOf('march.jsonl', lines(march))
  const { code, stdout } = await runCli(['import', path, '--tenant', 'march', '--wait'], { dataDir })

  expect([code, stdout]).toEqual([0, expect.stringMatching(/3 added[^]*fields that import does not know: mood\n/)])
  expect(
    await rows(system, "SELECT id, role, agent, toString(time) AS time FROM messages WHERE tenant = 'march' ORDER BY messages.time"),
  ).toEqual([
    { id: 'm-1', role: 'user', agent: null, time: '2024-03-05 09:00:00.000' },
    { id: expect.stringMatching(/^turn-/) as unknown, role: 'agent', agent: 'ann', time: '2024-03-05 09:00:42.000' },
    { id: expect.stringMatching(/^turn-/) as unknown, role: 'user', agent: null, time: '2024-03-05 09:02:00.000' },
  ])
  const columns = "customer, channel, rating, tags, counted, closed_at, dateDiff('second', opened_at, first_response_at) AS reply_s"
  expect(await rows(system, `SELECT ${columns} FROM cases WHERE tenant = 'march'`)).toEqual([
    { customer: 'k-77', channel: 'wechat', rating: 4, tags: ['delivery', 'vip'], counted: false, closed_at: null, reply_s: 42 },
  ])
  expect((await runCli(['verify'], { dataDir })).code).toBe(0)
})

test('a turn that was missing in the middle has its place by time', async () => {
  const grown = {
    ...march,
    turns: [...march.turns.slice(0, 2), { role: 'user', text: '真的吗？', time: '2024-03-05T09:01:00Z' }, ...march.turns.slice(2)],
  }
  const { stdout } = await runCli(['import', await fileOf('grown.jsonl', lines(grown)), '--tenant', 'march', '--wait'], { dataDir })

  expect(stdout).toMatch(/1 added, 3 already there\n1 of them between turns that were known: order messages by time/)
  expect(await rows(system, "SELECT text FROM messages WHERE tenant = 'march' ORDER BY time")).toEqual(
    grown.turns.map(({ text }) => ({ text })),
  )
})

test('history counts in the questions with --count, also when it is imported again', async () => {
  const ask = async (name: string) =>
    (await cliJson<Record<string, unknown>>(['questions', name, '--tenant', 'march', ...PERIOD], { dataDir }))[0]
  expect(await ask('first-response')).toMatchObject({ cases: 0 })
  const report = async () => (await runCli(['report', '--tenant', 'march', ...PERIOD, '--out', '-'], { dataDir })).stdout
  expect(await report()).toContain(en.noHistory)

  const path = await fileOf('counted.jsonl', lines(march))
  expect(await runCli(['import', path, '--tenant', 'march', '--count', '--wait'], { dataDir })).toMatchObject({ code: 0 })
  expect(await runCli(['import', path, '--tenant', 'march', '--count', '--wait', '--json'], { dataDir })).toMatchObject({
    stdout: expect.stringContaining('"published":0') as unknown,
  })

  expect(await ask('first-response')).toMatchObject({ total: true, cases: 1, answered: 1, p50_ms: 42_000 })
  expect(await ask('satisfaction')).toMatchObject({ cases: 1, rated: 1, average: 4 })
  expect(await ask('containment')).toMatchObject({ closed: 1, contained: 0 })
  expect(await ask('repeat-contact')).toMatchObject({ closed: 1, repeated: 0 })
  expect(await ask('intent-funnel')).toMatchObject({ cases: 1, answered: 1 })
  expect(await report()).toContain(en.historyCounts)
  const [hours] = await rows<{ open: number }>(system, "SELECT count() AS open FROM cases WHERE tenant = 'march' AND isNull(closed_at)")
  expect(hours?.open).toBe(0)
  expect((await runCli(['verify'], { dataDir })).code).toBe(0)
})

test('a live message after counted history opens a case of its own', async () => {
  await runCli(['publish', 'march/support/h1', 'message.received', '{"role":"user","text":"Hello!"}'], { dataDir })
  await caughtUp(system)
  expect(await rows(system, "SELECT case_no, history, counted, tags FROM cases WHERE tenant = 'march' ORDER BY case_no")).toEqual([
    { case_no: 1, history: true, counted: true, tags: ['delivery', 'vip'] },
    { case_no: 2, history: false, counted: false, tags: [] },
  ])
  const again = await fileOf('rated.jsonl', lines({ ...march, rating: 1 }))
  const { stdout } = await runCli(['import', again, '--tenant', 'march', '--wait'], { dataDir })
  expect(stdout).toContain('1 conversation gone on live: rating, tags or --count not recorded')
})

const chat = (id: string, question: string) => ({
  conversation_id: id,
  title: 'A chat',
  mapping: {
    a: { id: 'a', parent: null, message: null },
    b: {
      id: 'b',
      parent: 'a',
      message: {
        id: `${id}-b`,
        author: { role: 'user' },
        create_time: 1_709_629_200,
        content: { content_type: 'text', parts: [question] },
      },
    },
    c: {
      id: 'c',
      parent: 'b',
      message: { id: `${id}-c`, author: { role: 'assistant' }, content: { content_type: 'text', parts: ['Old'] } },
    },
    d: {
      id: 'd',
      parent: 'b',
      message: { id: `${id}-d`, author: { role: 'assistant' }, content: { content_type: 'text', parts: ['New'] } },
    },
  },
  current_node: 'd',
})

test('an export of ChatGPT in UTF-16, with CRLF, and cut off', async () => {
  const text = JSON.stringify([chat('c1', 'How?'), chat('c2', '多少钱？')], undefined, 1).replaceAll('\n', '\r\n')
  const whole = await fileOf('utf16.json', Buffer.from(`\ufeff${text}`, 'utf16le'))
  const { stdout, code } = await runCli(['import', whole, '--tenant', 'chat'], { dataDir })
  expect([code, stdout]).toEqual([
    0,
    expect.stringMatching(/read as ChatGPT's export[^]*2 conversations, 4 turns: 4 added[^]*2 messages beside the current branches/),
  ])

  const cut = await fileOf('cut.json', Buffer.from(`\ufeff${text.slice(0, -100)}`))
  const { code: failed, stdout: some, stderr } = await runCli(['import', cut, '--tenant', 'chat'], { dataDir })
  expect([failed, some]).toEqual([1, expect.stringContaining('1 conversation, 2 turns: nothing is new')])
  expect(stderr).toContain('element 2: the file ends in the middle of it')
})

test('nothing but one sentence for what is no file of conversations', async () => {
  for (const content of ['', '\n\n', '[]']) {
    expect(await runCli(['import', await fileOf('empty.json', content)], { dataDir })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(content === '' ? /empty.json is empty\n/ : /empty.json has no conversations\n/) as unknown,
    })
  }
  const pretty = JSON.stringify({ settings: Array.from({ length: 5_000 }, (_, index) => ({ index, text: 'a' })) }, undefined, 2)
  const { stderr } = await runCli(['import', await fileOf('settings.json', pretty)], { dataDir })
  expect(stderr.split('\n').length).toBeLessThan(5)
})
