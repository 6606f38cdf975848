import { expect, test } from 'vitest'
import { covers, isLacking, isSampled, type JudgeEvaluator } from '../../../pipeline/judge/judge-evaluator.ts'
import { answersIn, mayHaveAnswer, mayHaveQuestion } from '../../../pipeline/judge/recorded-answers.ts'
import type { PublicRecord } from '../../../schemas/record.ts'

const address = { tenant: 'acme', kind: 'desk', id: 'c1' }
const AT = '2026-11-01T10:00:00.000Z'
const asked = { turn: 1, id: 'q1', seq: 7, at: AT, committedAt: AT, lang: 'zh' }

/** A record in which an actor says something in answer to a question. */
const record = (sent: Record<string, unknown>, more: Partial<PublicRecord> = {}): PublicRecord => ({
  v: 2,
  n: 2,
  at: AT,
  inbox: { seq: 9, ts: AT },
  low: 9,
  outcome: 'committed',
  machine: 'desk@1',
  input: { type: 'task.done', id: 'task.done:r', source: 'colloquy', time: AT, data: {} },
  from: 'a',
  to: 'a',
  status: 'active',
  label: {},
  case: { no: 1, openedAt: AT, closed: false, firstAt: AT, messages: 2, userMessages: 1, botMessages: 1, agentMessages: 0 },
  emitted: [{ id: 'x-1-e1', type: 'message.sent', data: { text: '14 天内可以退货。', replyTo: 'q1', ...sent } }],
  started: [],
  timers: [],
  stopped: [],
  ended: [],
  answered: [{ ...asked, idx: 1 }],
  ...more,
})
const sources = [{ source: 'returns.md', chunk: 'p1', score: 0.8 }]

test('what cites sources is an answer, with its question and its data', () => {
  expect(answersIn(address, record({ sources, hits: 2, model: 'm' }), 12)).toEqual([
    {
      address,
      seq: 12,
      idx: 1,
      id: 'x-1-e1',
      at: AT,
      caseNo: 1,
      machine: 'desk@1',
      text: '14 天内可以退货。',
      sources,
      questions: [{ ...asked, idx: 1 }],
      sent: { replyTo: 'q1', hits: 2, model: 'm' },
      evaluatedBy: undefined,
    },
  ])
})

test.each([
  ['a model that wrote without a search', { model: 'm' }, 1],
  ['a greeting', {}, 0],
  ['a model that found no answer in the hits', { model: 'm', hits: 3 }, 0],
  ['a search without hits', { hits: 0, kbVersion: 'k' }, 0],
])('%s', (_, sent, answers) => {
  expect(answersIn(address, record(sent), 12)).toHaveLength(answers)
})

test('no answer: what answers nothing, what was rejected, what is no conversation', () => {
  expect(answersIn(address, record({ sources }, { answered: [] }), 12)).toEqual([])
  expect(answersIn(address, record({ sources }, { outcome: 'rejected', reason: 'bad_data' }), 12)).toEqual([])
  expect(answersIn(address, record({ sources }, { label: { conversation: false } }), 12)).toEqual([])
})

test('a message of an assistant from outside counts by its role; that of a person does not', () => {
  const said = (role: string): PublicRecord =>
    record(
      {},
      {
        emitted: [],
        input: { type: 'message.received', id: 'a1', source: 'import', time: AT, history: true, data: { role, text: 'Yes.', lang: 'en' } },
        answered: [{ ...asked, history: true, idx: 0 }],
      },
    )
  expect(answersIn(address, said('assistant'), 12)).toMatchObject([{ id: 'a1', idx: 0, text: 'Yes.', sent: { lang: 'en' } }])
  expect(answersIn(address, said('agent'), 12)).toEqual([])
})

test.each(['In 14 days. (Source: Returns)', 'In 14 days.'])('a quotation is judged without its citation: %s', (text) => {
  expect(answersIn(address, record({ text, sources }), 12)[0]?.text).toBe('In 14 days.')
  expect(answersIn(address, record({ text: '14 天。（来源：《退货（国内）》）', sources }), 12)[0]?.text).toBe('14 天。')
})

test('the rules leave out what a task has evaluated; a model judges it too, once', () => {
  const by = (evaluator: string): JudgeEvaluator => ({ evaluator, version: '1', evaluate: () => Promise.reject(new Error('unused')) })
  const answer = (evaluatedBy: string | undefined) => {
    const [found] = answersIn(address, record({ sources, ...(evaluatedBy !== undefined && { quality: 0.5, evaluator: evaluatedBy }) }), 12)
    if (found === undefined) throw new Error('it is an answer')
    return found
  }
  expect([undefined, 'rules@1', 'anna', 'model@1-m'].map((who) => isLacking(by('rules'), answer(who)))).toEqual([true, false, false, false])
  expect([undefined, 'rules@1', 'anna', 'model@1-m'].map((who) => isLacking(by('model'), answer(who)))).toEqual([true, true, true, false])
})

test('a sample has its share of the answers, always the same ones, and a larger one has all of a smaller one', () => {
  const answers = Array.from({ length: 4_000 }, (_, index) => ({ address, id: `x-${index}-e1` }))
  const small = answers.filter((answer) => isSampled(answer, 0.1))
  expect(small.length).toBeGreaterThan(300)
  expect(small.length).toBeLessThan(500)
  expect(answers.filter((answer) => isSampled(answer, 0.1))).toEqual(small)
  expect(small.every((answer) => isSampled(answer, 0.5))).toBe(true)
  expect(answers.filter((answer) => isSampled(answer, 0))).toEqual([])
  expect(answers.filter((answer) => isSampled(answer, 1))).toHaveLength(4_000)
})

test('the bytes of a record tell that it has neither an answer nor a question', () => {
  const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
  expect(mayHaveAnswer(bytes(record({ sources })))).toBe(true)
  expect(mayHaveAnswer(bytes(record({})))).toBe(false)
  expect(mayHaveAnswer(bytes({ input: { data: { text: 'was "answered": yes' } } }))).toBe(false)
  expect(mayHaveQuestion(bytes({ input: { type: 'message.received' } }))).toBe(true)
  expect(mayHaveQuestion(bytes({ input: { type: 'task.done' } }))).toBe(false)
})

test.each([
  ['1', '1', true],
  ['10', '9', true],
  ['9', '10', false],
  ['1-a', '1-b', false],
  ['2-a', '1-b', true],
  ['old', '1', false],
])('a judgement by version %s makes one by %s needless: %s', (recorded, wanted, is) => {
  expect(covers(recorded, wanted)).toBe(is)
})
