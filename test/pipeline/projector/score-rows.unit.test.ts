import { expect, test } from 'vitest'
import { type Actor, actorAfter, newActor } from '../../../actors/core/actor.ts'
import { decide } from '../../../actors/core/decide.ts'
import type { Message } from '../../../actors/core/decision.ts'
import { kindsByName } from '../../../actors/definition/kind.ts'
import { rowsOf } from '../../../pipeline/projector/rows/record-rows.ts'
import { textOf } from '../../../pipeline/verify/canonical-text.ts'
import { createExpectation } from '../../../pipeline/verify/expected/expectation.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import { internal, message, reread } from '../../support/core-helpers.ts'
import { gradedKind, judgementOf } from '../../support/graded-kind.ts'

const address = { tenant: 'acme', kind: 'graded', id: 'c1' }
const kinds = kindsByName([gradedKind])

/** Records of one actor, at LOG sequences from 1. */
function createLog() {
  const records: LogRecord[] = []
  let actor: Actor = newActor(address)
  const take = (at: Message): LogRecord => {
    const decision = decide(kinds, actor, at, { now: at.ts, low: 0, lastSeq: records.length }, true)
    if (decision.kind !== 'record') throw new Error(`expected a record, got ${JSON.stringify(decision)}`)
    const record = reread(decision.record)
    actor = actorAfter(address, record)
    records.push(record)
    return record
  }
  let position = 0
  return {
    records,
    seq: () => records.length,
    send: (type: string, data: object, more: object = {}) => take(message((position += 1), { type, id: `i-${position}`, data, ...more })),
    ask: (text: string, id: string) => take(message((position += 1), { type: 'message.received', id, data: { role: 'user', text } })),
    judge: (body: object) => take(internal((position += 1), body)),
    rows: () => records.map((record, index) => rowsOf(address, record, index + 1)),
  }
}

const expectedOf = (records: readonly LogRecord[], table: string): readonly object[] => {
  const expectation = createExpectation()
  return records.flatMap((record, index) =>
    expectation
      .take({ seq: index + 1, partition: 0, address, record, whole: () => record })
      .filter(([name]) => name === table)
      .map(([, row]) => row),
  )
}

/** Everything that makes a row of `scores`, over two cases. */
function history() {
  const log = createLog()
  const low = log.ask('退货 0.4', 'q-1')
  const lowSeq = log.seq()
  const answer = low.emitted[0]?.id ?? ''
  log.ask('wait', 'q-2')
  log.ask('all 0.8 alone', 'q-3')
  const both = { record: log.records.at(-1) ?? low, seq: log.seq() }
  log.ask('unjudged', 'q-4')
  log.send('feedback.given', { answer, rating: 2, thumbs: 'down', comment: '太慢', correction: 'In 5 days.' })
  log.send('feedback.given', { rating: 4 })
  log.send('close', {})
  log.ask('0.9 again', 'q-5')
  log.judge(judgementOf(low, lowSeq, 'model', 'm-1', 0.25, { tokensIn: 90, tokensOut: 12, cost: 0.0042 }))
  log.judge(judgementOf(both.record, both.seq, 'rules', '2', 0.95))
  log.send('feedback.given', { answer, thumbs: 'up' })
  log.send('answer.reviewed', { answer, thumbs: 'up', comment: '答得对' }, { by: '李雷' })
  return { log, low, answer, both }
}

test('verify expects the rows that the projector makes', () => {
  const { log } = history()
  for (const table of ['turns', 'scores'] as const) {
    const { columns } = textOf(table)
    const comparable = (row: object): object =>
      Object.fromEntries(columns.map((column) => [column, inMillionths(column, Reflect.get(row, column))]))
    const made: object[] = log.rows().flatMap((rows): readonly object[] => rows[table])
    expect(made.length, table).toBeGreaterThan(5)
    const texts = (rows: readonly object[]): string[] => rows.map((row) => JSON.stringify(comparable(row))).sort()
    expect(texts(made), table).toEqual(texts(expectedOf(log.records, table)))
  }
})

/** Money is a decimal text in a row, and millionths in an expected one. */
const inMillionths = (column: string, value: unknown): unknown =>
  column === 'cost' && typeof value === 'string' ? Math.round(Number(value) * 1e6) : value

test('an answer has a score for each dimension that was compared, and one for all', () => {
  const { log } = history()
  const [first, , both, unjudged] = log.rows()
  expect(first?.scores).toMatchObject([
    { dimension: 'overall', score: 0.4, reasons: ['number_not_in_sources'], provenance: 'gate', evaluator: 'rules', version: '1', turn: 1 },
    { dimension: 'relevance', score: 0.4, reasons: [] },
    { dimension: 'completeness', score: 1 },
    { dimension: 'coherence', score: 1 },
    { dimension: 'groundedness', score: 0.4, answered_seq: 1, answered_idx: 1, last_seq: 1 },
  ])
  expect(both?.scores.map(({ dimension }) => dimension)).toEqual(['overall', 'relevance', 'completeness', 'coherence'])
  expect(both?.scores[0]).toMatchObject({ turn: 3 })
  expect(unjudged?.scores).toEqual([])
})

test('what a colleague says of an answer has an evaluator of its own with the name, and leaves what the customer said', () => {
  const { log, answer } = history()
  log.send('answer.reviewed', { answer, thumbs: 'down', correction: '三天内。' }, { by: 'Ana' })
  const scores = log.rows().flatMap((rows) => rows.scores)
  expect(scores.filter(({ provenance }) => provenance === 'reviewer')).toMatchObject([
    { dimension: 'thumbs', score: 1, comment: '答得对', answer, evaluator: 'reviewer', version: '李雷' },
    { dimension: 'thumbs', score: 0, comment: null, answer, evaluator: 'reviewer', version: 'Ana' },
    { dimension: 'correction', score: 0, comment: '三天内。', evaluator: 'reviewer', version: 'Ana' },
  ])
  expect(scores.filter(({ evaluator }) => evaluator === 'customer')).toHaveLength(4)
})

test('a customer scores an answer, in rows whose partition never changes', () => {
  const { log, answer } = history()
  const rows = log.rows().flatMap(({ scores }) => scores.filter(({ provenance }) => provenance === 'customer'))
  expect(rows).toMatchObject([
    { dimension: 'rating', score: 2, comment: '太慢', answer, evaluator: 'customer', version: '1' },
    { dimension: 'thumbs', score: 0, comment: '太慢' },
    { dimension: 'correction', score: 0, comment: 'In 5 days.' },
    { dimension: 'thumbs', score: 1, comment: null },
  ])
  expect(new Set(rows.map((row) => row.committed_at))).toEqual(new Set([log.records[0]?.at]))
})

test('a judgement makes the row of the turn again, with its quality and a newer version', () => {
  const { log, low } = history()
  const all = log.rows()
  const before = all[0]?.turns[0]
  const [judged] = all[8]?.turns ?? []
  expect(judged).toEqual({ ...before, quality: 0.25, evaluator: 'model@m-1', last_seq: 9 })
  expect(judged).toMatchObject({ case_no: 1, committed_at: low.at, tokens_in: 7, cost: '0.002000' })
  expect(all[8]?.scores[0]).toMatchObject({
    case_no: 1,
    tokens_in: 90,
    cost: '0.004200',
    judged_at: log.records[8]?.at,
    committed_at: low.at,
  })
})

test('both turns that an answer answers get its quality, and one its tokens', () => {
  const { log } = history()
  const all = log.rows()
  for (const [turns, quality] of [
    [all[2]?.turns, 0.8],
    [all[9]?.turns, 0.95],
  ] as const) {
    expect(turns).toMatchObject([
      { turn: 2, quality, model: 'small', tokens_in: null, cost: null },
      { turn: 3, quality, model: 'small', tokens_in: 7, cost: '0.002000' },
    ])
  }
})

test('an actor that is no conversation has no scores', () => {
  const { log } = history()
  for (const record of log.records) {
    const rows = rowsOf(address, { ...record, label: { conversation: false } }, 1)
    expect([rows.scores, rows.turns]).toEqual([[], []])
  }
})
