import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { ExperimentSummary } from '../../../infra/reporting/experiment/experiment-summary.ts'
import { completion, json, type ModelEndpoint, startModelEndpoint } from '../../support/model-endpoint.ts'
import { type CliRun, runCli } from '../../support/run-cli.ts'
import { caughtUp, publishAll } from '../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../support/test-system.ts'

let system: System
let endpoint: ModelEndpoint
let dataDir: string
beforeAll(async () => {
  dataDir = await temporaryFolder()
  endpoint = await startModelEndpoint()
  system = await startSystem({ dataDir })
})
afterAll(async () => {
  await system.stop()
  await endpoint.stop()
  await rm(dataDir, { recursive: true })
})

/** Answers by the name of the model: with the first passage, with something else, or not at all. */
beforeEach(() => {
  endpoint.asked.length = 0
  endpoint.react((response, request) => {
    const { body } = endpoint.asked.at(-1)!
    const passage =
      /passage="1">\n((?:\| .*\n)*)/
        .exec(body.messages.at(-1)?.content ?? '')?.[1]
        ?.replaceAll(/^\| /gm, '')
        .trim() ?? ''
    const content = { good: `${passage} [1]`, bad: 'Bananas are yellow and grow far away.', silent: 'NOT_IN_PASSAGES' }[body.model]
    if (content === undefined) return json(500, { error: { message: 'out of order' } })(response, request)
    return completion(content, 'stop', { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 })(response, request)
  })
})

const CONTEXTS = [
  ['How long may I return an item?', 'You may return an item within 14 days.'],
  ['多久可以退货？', '收到商品后 14 天内可以退货。'],
  ['What does shipping to Norway cost?', 'Shipping to Norway costs 12 euros.'],
  ['寄到挪威要多少钱？', '寄到挪威的运费是 12 欧元。'],
] as const
const dataset = async (count: number): Promise<string> => {
  const lines = Array.from({ length: count }, (_, index) => {
    const [query, text] = CONTEXTS[index % CONTEXTS.length]!
    return JSON.stringify({ query: index < CONTEXTS.length ? query : `${query} (${index})`, context: [text], tenant: 'acme' })
  })
  const file = join(dataDir, 'questions.jsonl')
  await writeFile(file, lines.join('\n'))
  return file
}
const run = (file: string, a: string, b: string, ...more: string[]): Promise<CliRun> => runWith({}, file, a, b, ...more)
const runWith = (env: Record<string, string>, file: string, a: string, b: string, ...more: string[]): Promise<CliRun> =>
  runCli(['experiment', file, '--a', a, '--b', b, ...more], {
    dataDir,
    env: {
      COLLOQUY_LLM_BASE_URL: endpoint.url,
      COLLOQUY_LLM_MODEL: 'good',
      COLLOQUY_LLM_PRICE_IN: '1',
      COLLOQUY_LLM_PRICE_OUT: '10',
      ...env,
    },
  })
interface Printed {
  readonly statements: readonly string[]
  readonly summary: ExperimentSummary
}
const printed = ({ code, stdout, stderr }: CliRun): Printed => {
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout) as Printed
}

test('a variant that is better is found, with cost and latency beside it, as table, JSON and page', async () => {
  const file = await dataset(12)
  const [a, b] = ['passages=dataset,model=bad', 'passages=dataset,model=good']
  const [answers, page] = [join(dataDir, 'answers.jsonl'), join(dataDir, 'page.html')]
  const { statements, summary } = printed(await run(file, a, b, '--json', '--answers', answers, '--html', page))
  expect(statements[0]).toContain('Quality: B is better.')
  expect(summary).toMatchObject({
    questions: 12,
    a: {
      answered: 12,
      good: 0,
      models: ['bad'],
      prompts: [expect.stringMatching(/^answer@built-in-/), expect.stringMatching(/^answer@built-in-/)] as string[],
    },
    b: { answered: 12, good: 12 },
    good: { onlyA: 0, onlyB: 12 },
  })
  expect(summary.b.cost).toBeCloseTo(12 * 0.0002, 9)
  expect(endpoint.asked).toHaveLength(24)
  expect(endpoint.asked.every(({ body }) => body.temperature === 0)).toBe(true)
  expect((await readFile(answers, 'utf8')).trim().split('\n')).toHaveLength(12)
  expect(await readFile(page, 'utf8')).toContain('Quality: B is better.')
  const table = await run(file, a, b)
  expect(table.stderr).toContain('12 questions, 2 variants, 24 requests to models (at most 1000)')
  expect(table.stdout).toMatch(/good answers\t0 \(0\.0 %\)\t12 \(100\.0 %\)/)
})

test('equal variants are not told apart, too few questions are said to be too few', async () => {
  const equal = printed(await run(await dataset(8), 'passages=dataset', 'passages=dataset,model=good', '--json'))
  expect(equal.statements[0]).toBe('Quality: no difference shown. All 8 pairs of answers have the same quality.')
  expect(equal.summary.sameAnswers).toBe(8)
  const few = printed(await run(await dataset(3), 'passages=dataset,model=bad', 'passages=dataset', '--json'))
  expect(few.statements[0]).toContain('too few questions')
})

test('two versions of a prompt are compared; what the model was told is theirs, with the settings of the tenant', async () => {
  const prompt = async (text: string): Promise<void> => {
    await writeFile(join(dataDir, 'prompt.txt'), text)
    await runCli(['prompts', 'set', 'answer', join(dataDir, 'prompt.txt'), '--tenant', 'acme'], { dataDir })
  }
  await runCli(['tenant', 'set', 'acme', 'COMPANY', 'Acme mends bicycles.'], { dataDir })
  await prompt('First. {{company}}')
  await prompt('Second. {{company}}')
  const { summary } = printed(
    await run(await dataset(2), 'passages=dataset,prompt=answer@1', 'passages=dataset,prompt=answer@newest', '--json'),
  )
  expect([summary.a.prompts, summary.b.prompts]).toEqual([['answer@1'], ['answer@2']])
  const systems = endpoint.asked.map(({ body }) => body.messages[0]?.content.split('\n')[0])
  expect(new Set(systems)).toEqual(new Set(['First. Acme mends bicycles.', 'Second. Acme mends bicycles.']))
  const missing = await run(await dataset(2), 'passages=dataset,prompt=answer@9', 'passages=dataset')
  expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('has the versions 1 to 2, and no 9')])
})

test('two arms of a strategy are compared on the same briefs; the model is told what each arm says', async () => {
  const arms = [
    { id: 'short', length: 20 },
    { id: 'warm', tone: 'warm', prompt: 'news', version: 1 },
  ]
  await publishAll(system, [
    { subject: 'in.acme.prompt.news', body: { type: 'prompt.set', data: { text: 'Write news.' } } },
    { subject: 'in.acme.strategy.news', body: { type: 'strategy.set', data: { arms } } },
  ])
  await caughtUp(system)
  endpoint.react(completion('You may return an item within 14 days.'))
  const { summary } = printed(await run(await dataset(6), 'arm=news/short', 'arm=news/warm,model=good', '--json'))
  expect([summary.a.prompts, summary.b.prompts]).toEqual([
    [expect.stringMatching(/^write@built-in-/), expect.stringMatching(/^write@built-in-/)],
    ['news@1'],
  ])
  expect(summary).toMatchObject({ a: { answered: 6 }, b: { answered: 6 }, sameAnswers: 6 })
  const told = endpoint.asked.map(({ body }) => body.messages[0]?.content ?? '')
  expect(told.filter((text) => /at most 20 words|不超过20字/.test(text))).toHaveLength(6)
  expect(told.filter((text) => text.startsWith('Write news.') && /Tone: warm|语气：warm/.test(text))).toHaveLength(6)
  const missing = await run(await dataset(2), 'arm=news/short', 'arm=news/tall')
  expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('has no arm "tall"; it has short, warm')])
  const mixed = await run(await dataset(2), 'arm=news/short', 'prompt=answer@built-in')
  expect([mixed.code, mixed.stderr]).toEqual([1, expect.stringContaining('give both an arm, or none')])
})

test('a model that fails is counted; one that only fails ends the experiment', async () => {
  const broken = await run(await dataset(40), 'passages=dataset', 'passages=dataset,model=broken')
  expect([broken.code, broken.stderr]).toEqual([
    1,
    expect.stringContaining('variant b failed 20 times in a row, at last with model_unavailable'),
  ])
  expect(endpoint.asked.length).toBeLessThan(60)
  const silent = printed(await run(await dataset(6), 'passages=dataset,model=silent', 'passages=dataset', '--json'))
  expect(silent.summary.a).toMatchObject({ answered: 0, declined: 6, failed: 0 })
  expect(silent.statements[0]).toContain('too few questions. With 0 pairs')
})

test('more requests than allowed are not begun, and neither is a variant that the settings cannot serve', async () => {
  const over = await run(await dataset(10), 'passages=dataset', 'passages=dataset,model=bad', '--requests-max', '19')
  expect([over.code, over.stderr]).toEqual([
    1,
    expect.stringContaining('10 questions would take 20 requests to models, and --requests-max is 19'),
  ])
  expect((await run(await dataset(2), 'tier=small', '')).stderr).toContain(
    'tier small: no such model can be asked; there are good (medium)',
  )
  const noModel = await runWith({ COLLOQUY_LLM_BASE_URL: '' }, await dataset(2), 'prompt=answer@built-in', '')
  expect([noModel.code, noModel.stderr]).toEqual([1, expect.stringContaining('there is no model, which prompt is for')])
  expect(endpoint.asked).toHaveLength(0)
})

test('tiers and models of a file are compared, and one that is not there is refused', async () => {
  const file = join(dataDir, 'models.json')
  const entries = ['small', 'large'].map((tier, index) => ({
    name: `the-${tier}`,
    tier,
    baseUrl: endpoint.url,
    model: ['bad', 'good'][index],
  }))
  await writeFile(file, JSON.stringify(entries))
  const env = { COLLOQUY_MODELS: file }
  const { summary } = printed(
    await runWith(env, await dataset(6), 'passages=dataset,tier=small', 'passages=dataset,model=the-large', '--json'),
  )
  expect(summary).toMatchObject({ a: { models: ['the-small'], good: 0 }, b: { models: ['the-large'], good: 6 } })
  const routed = printed(await runWith(env, await dataset(2), 'passages=dataset', 'passages=dataset,tier=large', '--json'))
  expect(routed.summary.a.models).toEqual(['the-small'])
  expect((await runWith(env, await dataset(2), 'model=the-medium', '')).stderr).toContain('there are the-small (small), the-large (large)')
})

test('settings of the search are compared without a model, by quotations', async () => {
  const folder = join(dataDir, 'knowledge')
  await mkdir(folder)
  for (const [index, [query, text]] of CONTEXTS.entries()) await writeFile(join(folder, `${index}.md`), `# ${query}\n\n${text}\n`)
  const learned = await runCli(['learn', folder, '--tenant', 'acme'], { dataDir })
  expect(learned.code, learned.stderr).toBe(0)
  const file = await dataset(4)
  await expect
    .poll(async () => printed(await run(file, 'model=off,fusion=auto', 'model=off,mode=keyword,rerank=off', '--json')).summary)
    .toMatchObject({ questions: 4, a: { answered: 4, cost: 0, models: ['extractive'], prompts: [] }, b: { answered: 4 } })
  expect(endpoint.asked).toHaveLength(0)
})
