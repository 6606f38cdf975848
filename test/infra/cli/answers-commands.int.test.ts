import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadKinds } from '../../../infra/app/load-kinds.ts'
import type { DatasetLine } from '../../../infra/reporting/dataset-lines.ts'
import { loadSettings } from '../../../infra/settings.ts'
import { evaluationRequestSchema } from '../../../schemas/evaluation-request.ts'
import { quotingKind } from '../../support/quoting-kind.ts'
import { cliJson, runCli } from '../../support/run-cli.ts'
import { settingsFor, startSystem, type System, temporaryFolder } from '../../support/test-system.ts'

let dataDir: string
let system: System
const publish = (actor: string, type: string, id: string, data: object): void =>
  system.producer.publish(`in.shop.quoting.${actor}`, JSON.stringify({ type, id, data }))
const wait = async (): Promise<void> => {
  expect(await runCli(['status', '--wait'], { dataDir })).toMatchObject({ code: 0 })
}
beforeAll(async () => {
  dataDir = await temporaryFolder()
  const builtIn = await loadKinds(loadSettings({}, settingsFor(dataDir)).settings)
  system = await startSystem({ dataDir, kinds: [...builtIn.values(), quotingKind], settings: { QUALITY_SAMPLE: '1' } })
  publish('good', 'message.received', 'q', {
    role: 'user',
    text: '几点开门？',
    answer: { text: '早上九点。', quality: 0.95, evaluator: 'rules@1' },
  })
  const judgedLow = { text: 'Our moon base ships in 412 days', model: 'stub' }
  publish('low', 'message.received', 'q', { role: 'user', text: '退货要几天？', lang: 'zh', answer: judgedLow })
  const corrected = { text: 'Forty days.', quality: 0.8, evaluator: 'rules@1', reasons: [] }
  publish('corrected', 'message.received', 'q', { role: 'user', text: 'How long do returns take?', answer: corrected })
  await wait()
  const [sent] = await cliJson<{ id: string }>(['sql', "SELECT id FROM messages WHERE actor = 'corrected' AND role = 'assistant'"], {
    dataDir,
  })
  const [feedback, later] = [
    { answer: sent?.id, thumbs: 'down', comment: 'wrong' },
    { answer: sent?.id, correction: 'Fourteen days.' },
  ]
  publish('corrected', 'feedback.given', 'f1', feedback)
  publish('corrected', 'feedback.given', 'f2', later)
  await wait()
})
afterAll(async () => {
  await system.stop()
  await rm(dataDir, { recursive: true })
})

interface Shown {
  readonly id: string
  readonly actor: string
  readonly query: string
  readonly quality: number
  readonly correction: string
  readonly thumbs: string
}
const review = (...args: readonly string[]) => ['review', '--answers', '--tenant', 'shop', ...args]

test('answers to review are the corrected, then the lowest, each with its question and what was said of it', async () => {
  const rows = await cliJson<Shown>(review(), { dataDir })
  expect(rows).toMatchObject([
    {
      actor: 'corrected',
      query: 'How long do returns take?',
      quality: 0.8,
      thumbs: 'down',
      comment: 'wrong',
      correction: 'Fourteen days.',
    },
    { actor: 'low', query: '退货要几天？' },
  ])
  expect(rows[1]?.quality).toBeLessThan(0.7)
  expect(await cliJson<Shown>(review('--below', '0'), { dataDir })).toHaveLength(1)
  const { stdout } = await runCli(review(), { dataDir })
  expect(stdout).toContain('correction  Fourteen days.')
  expect(await runCli(['review', '--tenant', 'shop'], { dataDir })).toMatchObject({ code: 1 })
})

test('what a person accepts is in the dataset, wrong and right, and in the knowledge', async () => {
  const [worst] = await cliJson<Shown>(review(), { dataDir })
  const dataset = join(dataDir, 'reviewed.jsonl')
  const accept = review('--accept', worst?.id ?? '', '--dataset', dataset, '--learn')
  expect(await runCli(accept, { dataDir })).toMatchObject({ code: 0 })
  const lines = (await readFile(dataset, 'utf8')).trim().split('\n')
  expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
    { query: 'How long do returns take?', response: 'Forty days.', label: 0, correction: 'Fourteen days.' },
    { query: 'How long do returns take?', response: 'Fourteen days.', label: 1 },
  ])
  await wait()
  const [found] = await cliJson<{ hits: { text: string }[] }>(
    ['search', 'How long do returns take?', '--tenant', 'shop', '--in', 'knowledge'],
    { dataDir },
  )
  expect(found?.hits[0]?.text).toContain('Fourteen days.')
  expect((await runCli(review('--accept', 'nothing', '--learn'), { dataDir })).stderr).toContain('no_such_answer')
  expect((await runCli(review('--accept', worst?.id ?? ''), { dataDir })).stderr).toContain('--dataset')
})

const fromLog = async (...args: readonly string[]): Promise<DatasetLine[]> => {
  const { code, stdout, stderr } = await runCli(['dataset', 'from-log', '--tenant', 'shop', ...args], { dataDir })
  expect([code, stderr]).toEqual([0, expect.stringMatching(/^\d+ answers?/)])
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as DatasetLine)
}

test('a dataset has the answers that a condition names, in a form that can be evaluated', async () => {
  const all = await fromLog()
  expect(all.map(({ actor }) => actor)).toEqual(['good', 'low', 'corrected'])
  for (const line of all) expect(evaluationRequestSchema.safeParse(line).success).toBe(true)
  const [low] = await fromLog('--where', "quality < 0.7 AND model = 'stub' -- the moon")
  expect(low).toMatchObject({
    actor: 'low',
    response: 'Our moon base ships in 412 days',
    evaluator: expect.stringMatching(/^rules@/) as string,
  })
  expect(low?.scores.relevance).not.toBeNull()
  expect(low?.scores.groundedness).toBeNull()
  expect(await fromLog('--where', "correction != ''")).toMatchObject([{ actor: 'corrected', label: 0 }])
  expect(await fromLog('--limit', '1')).toHaveLength(1)
  expect(await fromLog('--to', '2026-01-01')).toEqual([])
})

test('a wrong condition gets the words of ClickHouse, and no condition writes or reads what the analyst may not', async () => {
  const refused = async (where: string): Promise<string> => {
    const { code, stdout, stderr } = await runCli(['dataset', 'from-log', '--where', where], { dataDir })
    expect([code, stdout]).toEqual([1, ''])
    return stderr
  }
  expect(await refused('qualty < 0.7')).toContain('qualty')
  expect(await refused('quality <')).toContain('Syntax error')
  expect(await refused('(SELECT count() FROM migrations) > 0')).toContain('migrations')
  expect(await refused('1); DROP TABLE events_rows; SELECT (1')).not.toBe('')
  expect(await fromLog()).toHaveLength(3)
})
