import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadKinds } from '../../../infra/app/load-kinds.ts'
import { loadSettings } from '../../../infra/settings.ts'
import { createCheckpoints } from '../../../pipeline/jetstream/checkpoints.ts'
import { logParser } from '../../../pipeline/jetstream/log-message.ts'
import { readToEnd } from '../../../pipeline/jetstream/read-to-end.ts'
import { startJudge } from '../../../pipeline/judge/judge.ts'
import { judgeByRules, type JudgeEvaluator } from '../../../pipeline/judge/judge-evaluator.ts'
import { answerKey, type RecordedAnswer } from '../../../pipeline/judge/recorded-answers.ts'
import { rescore } from '../../../pipeline/judge/rescore.ts'
import { evaluateByRules } from '../../../pipeline/quality/evaluate-by-rules.ts'
import { type AnswerJudged, answerJudged } from '../../../schemas/events.ts'
import { type Evaluation, evaluationSchema } from '../../../schemas/quality.ts'
import { quotingKind } from '../../support/quoting-kind.ts'
import { cliJson, runCli } from '../../support/run-cli.ts'
import { settingsFor, silent, startSystem, type System, temporaryFolder } from '../../support/test-system.ts'

let dataDir: string
let system: System
beforeAll(async () => {
  dataDir = await temporaryFolder()
  const builtIn = await loadKinds(loadSettings({}, settingsFor(dataDir)).settings)
  system = await startSystem({ dataDir, kinds: [...builtIn.values(), quotingKind], settings: { QUALITY_SAMPLE: '1' } })
})
afterAll(async () => {
  await system.stop()
  await rm(dataDir, { recursive: true })
})

/** The judgements in LOG on answers of a tenant, with their records' input ids. */
async function judgements(tenant: string): Promise<(AnswerJudged & { id: string })[]> {
  const parse = await logParser(system.running.jetstream)
  const found: (AnswerJudged & { id: string })[] = []
  for await (const batch of readToEnd(system.running.jetstream, 'LOG', { filter_subjects: `log.*.${tenant}.>` })) {
    for (const message of batch) {
      const { record } = parse(message)
      if (record?.input.type === 'answer.judged' && record.outcome === 'committed')
        found.push({ ...answerJudged.parse(record.input.data), id: record.input.id })
    }
  }
  return found
}
const ask = (tenant: string, actor: string, text: string, answer: Readonly<Record<string, unknown>>): void => {
  const data = { role: 'user', text, answer }
  system.producer.publish(`in.${tenant}.quoting.${actor}`, JSON.stringify({ type: 'message.received', id: `${actor}-q`, data }))
}
/** The end of LOG, where every stage is. */
const quiet = async (): Promise<number> => {
  const { code, stderr } = await runCli(['status', '--wait'], { dataDir })
  expect([code, stderr]).toEqual([0, ''])
  return (await system.running.jetstream.jsm.streams.info('LOG')).state.last_seq
}

test('an answer without scores is judged with its question and what it cites, once', async () => {
  await writeFile(join(dataDir, 'returns.md'), '# Returns\n\nYou can return a kettle within 14 days of delivery.\n')
  expect(await runCli(['learn', join(dataDir, 'returns.md'), '--tenant', 'one', '--wait'], { dataDir })).toMatchObject({ code: 0 })
  const [hit] = await cliJson<{ hits: { id: string; source: string }[] }>(['search', 'return a kettle', '--tenant', 'one'], { dataDir })
  const { id: chunk = '', source = '' } = hit?.hits[0] ?? {}
  const query = 'How many days do I have to return a kettle?'
  const text = 'You can return a kettle within 14 days.'
  ask('one', 'a', query, { text, sources: [{ source, chunk, score: 0.9 }], hits: 1 })
  await expect.poll(() => judgements('one')).toHaveLength(1)
  const [found] = await judgements('one')
  expect(found).toMatchObject({
    evaluator: 'rules',
    given: { idx: 1, answered: [{ id: 'a-q', turn: 1, idx: 1 }], sent: { replyTo: 'a-q', hits: 1 } },
  })
  expect(found?.id).toBe(`judge:rules@${found?.version}:${found?.answer}`)
  expect(found?.scores.groundedness).toBeGreaterThan(0.5)
  expect(found?.given.sent).not.toHaveProperty('text')
  const [asked] = await cliJson<Evaluation>(
    ['evaluate', '--query', query, '--response', text, '--context', '# Returns\n\nYou can return a kettle within 14 days of delivery.'],
    { dataDir },
  )
  expect(found?.scores.relevance).toBe(asked?.scores.relevance)
})

test('what has scores, and what is no answer, is not judged', async () => {
  ask('two', 'scored', 'Where is it?', { text: 'At home.', model: 'm', quality: 0.9, evaluator: 'rules@1' })
  ask('two', 'greeting', 'Hello', { text: 'Hello!' })
  ask('two', 'unknown', 'Why?', { text: 'I do not know.', model: 'm', hits: 2 })
  ask('two', 'lacking', '在哪里？', { text: '在家。', model: 'm' })
  await expect.poll(async () => (await judgements('two')).length).toBe(1)
  await quiet()
  expect((await judgements('two')).map(({ given }) => given.answered[0]?.['id'])).toEqual(['lacking-q'])
})

test('imported answers of an assistant are judged, those of a person are not', async () => {
  const lines = ['assistant', 'agent'].map((role) => ({
    id: `h-${role}`,
    messages: [
      { role: 'user', content: '退货要几天？' },
      { role, content: '14 天内可以退货。' },
    ],
  }))
  const file = join(dataDir, 'history.jsonl')
  await writeFile(file, lines.map((line) => JSON.stringify(line)).join('\n'))
  const imported = await runCli(['import', file, '--tenant', 'three', '--kind', 'quoting'], { dataDir })
  expect([imported.code, imported.stderr]).toEqual([0, expect.any(String)])
  await expect.poll(async () => (await judgements('three')).length).toBe(1)
  await quiet()
  const found = await judgements('three')
  expect(found).toMatchObject([{ given: { idx: 0 }, scores: { groundedness: null } }])
  expect(found[0]?.overall).toBeGreaterThan(0)
})

test('a producer cannot forge a judgement', async () => {
  const [real] = await judgements('one')
  const { id: _, ...data } = real ?? { id: '' }
  system.producer.publish('in.one.quoting.a', JSON.stringify({ type: 'answer.judged', id: 'forged', data: { ...data, overall: 1 } }))
  await quiet()
  expect(await judgements('one')).toHaveLength(1)
})

/** A judge of the test's own beside that of the system, from the start of LOG. */
async function judgeAll(evaluator: JudgeEvaluator, name: string, more: { sample?: number; rateMax?: number } = {}) {
  const { jetstream, kv, metrics } = system.running
  const checkpoints = createCheckpoints(kv, name)
  if ((await checkpoints.find(0)) === undefined) await checkpoints.save(0, [])
  const bounds = { sample: 1, rateMax: 10_000, recordsMax: 500, bytesMax: 1e7, ...more }
  return startJudge({ jetstream, checkpoints, evaluator, log: silent, metrics, ...bounds })
}
const fixed: JudgeEvaluator = {
  evaluator: 'fixed',
  version: '7',
  evaluate: async (query) => ({ ...(await evaluateByRules(query)), evaluator: 'fixed', version: '7' }),
}
const by = async (tenant: string, evaluator: string) => (await judgements(tenant)).filter((one) => one.evaluator === evaluator)

test('an evaluator that throws puts the answer into DEAD and goes on with the next', async () => {
  const moody: JudgeEvaluator = {
    ...fixed,
    evaluate: (query, signal) => (query.response.includes('kettle') ? Promise.reject(new Error('moody')) : fixed.evaluate(query, signal)),
  }
  const judge = await judgeAll(moody, 'test-moody')
  await expect.poll(() => by('three', 'fixed')).toHaveLength(1)
  await expect.poll(() => judge.progress().lag).toBe(0)
  await judge.stop()
  expect(await by('one', 'fixed')).toEqual([])
  const [letter] = await cliJson<{ reason: string; error: string }>(['dead', 'ls', '--reason', 'judge_failed'], { dataDir })
  expect(letter?.error).toContain('moody')
})

test('a server that is away ends the run, and the next one judges from the checkpoint what it had not', async () => {
  const away: JudgeEvaluator = {
    ...fixed,
    evaluator: 'later',
    evaluate: () => Promise.reject(Object.assign(new Error('away'), { code: 'judge_unavailable' })),
  }
  const first = await judgeAll(away, 'test-away')
  await expect(first.ended).rejects.toThrow('away')
  await first.stop()
  const { state } = await system.running.jetstream.jsm.streams.info('DEAD', { subjects_filter: 'dead.judge_failed.>' })
  expect(Object.values(state.subjects ?? {})).toEqual([1])
  const back: JudgeEvaluator = {
    ...away,
    evaluate: async (query) => ({ ...(await evaluateByRules(query)), evaluator: 'later', version: '7' }),
  }
  const second = await judgeAll(back, 'test-away')
  await expect.poll(() => by('one', 'later')).toHaveLength(1)
  await expect.poll(() => by('three', 'later')).toHaveLength(1)
  await second.stop()
})

test('rescore judges what lacks a newer judgement, leaves the rest out, and a second run changes nothing', async () => {
  const to = await quiet()
  const newer: JudgeEvaluator = {
    ...judgeByRules(evaluateByRules),
    version: '9',
    evaluate: async (query) => ({ ...(await evaluateByRules(query)), version: '9' }),
  }
  const { jetstream, metrics } = system.running
  const run = (has: (answers: readonly RecordedAnswer[]) => Promise<ReadonlySet<string>>) =>
    rescore({
      jetstream,
      metrics,
      log: silent,
      evaluator: newer,
      to,
      rateMax: 10_000,
      signal: new AbortController().signal,
      judgedBefore: has,
    })
  const first = await run(() => Promise.resolve(new Set()))
  expect(first).toMatchObject({ failed: 0, skipped: 0, to })
  expect(first.judged).toBe(first.answers)
  const judged = async () => [...(await judgements('one')), ...(await judgements('two'))].filter(({ version }) => version === '9')
  await expect.poll(async () => (await judged()).length).toBe(3)
  const before = await judged()
  // Not even where nothing is known of the first run: the ids are the same.
  await run(() => Promise.resolve(new Set()))
  await quiet()
  expect(await judged()).toEqual(before)
  expect(await run((answers) => Promise.resolve(new Set(answers.map(answerKey))))).toMatchObject({ judged: 0, known: first.answers })
})

test('over HTTP an answer is evaluated within bounds, also without a question, and under both names', async () => {
  const post = (path: string, body: string) =>
    fetch(new URL(path, system.running.http?.url), { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  for (const path of ['/v1/evaluate', '/v1/evaluate-quality']) {
    const response = await post(path, JSON.stringify({ query: '退货要几天？', response: '14 天。', context: ['14 天内可以退货。'] }))
    expect(response.status).toBe(200)
    expect(evaluationSchema.parse(await response.json()).scores.groundedness).not.toBeNull()
  }
  const bare = await post('/v1/evaluate', JSON.stringify({ query: '', response: 'Closed on Monday.' }))
  expect(evaluationSchema.parse(await bare.json()).scores.groundedness).toBeNull()
  const problems: [string, number, string][] = [
    ['{', 400, 'bad_query'],
    ['{}', 400, 'query: is missing'],
    ['{"query": "q", "response": " "}', 400, 'response: must have a text'],
    [JSON.stringify({ query: 'q', response: 'r'.repeat(1024 * 1024) }), 413, 'too_large'],
    [JSON.stringify({ query: 'q', response: 'r'.repeat(40_000) }), 400, 'response'],
    [JSON.stringify({ query: 'q', response: 'r', context: Array.from({ length: 33 }, () => 'p') }), 400, 'context'],
  ]
  for (const [body, status, words] of problems) {
    const response = await post('/v1/evaluate', body)
    expect([response.status, await response.text()]).toEqual([status, expect.stringContaining(words)])
  }
  const refused = await runCli(['evaluate', '--query', 'q', '--response', ' '], { dataDir })
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('must have a text')])
})

test('a source that is cited without a passage stands for all that it has', async () => {
  const source = join(dataDir, 'delivery.md')
  await writeFile(source, '# 送货\n\n寄往挪威要 4 到 7 个工作日。\n')
  expect(await runCli(['learn', source, '--tenant', 'whole', '--wait'], { dataDir })).toMatchObject({ code: 0 })
  ask('whole', 'right', '寄到挪威要多久？', { text: '寄往挪威要 4 到 7 个工作日。', sources: [{ source }] })
  ask('whole', 'wrong', '寄到挪威要多久？', { text: '寄往挪威要 4 到 90 个工作日。', sources: [{ source }] })
  await expect.poll(async () => (await judgements('whole')).length).toBe(2)
  const found = await judgements('whole')
  const reasonsOf = (actor: string) => found.find(({ given }) => given.answered[0]?.id === `${actor}-q`)?.reasons
  expect([reasonsOf('right'), reasonsOf('wrong')]).toEqual([[], expect.arrayContaining(['number_not_in_sources'])])
})
