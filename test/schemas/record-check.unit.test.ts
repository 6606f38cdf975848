import { describe, expect, test } from 'vitest'
import { type LogRecord, recordSchema } from '../../schemas/record.ts'
import { recordProblem } from '../../schemas/record-check.ts'
import { message, play, reread, timeAt } from '../support/core-helpers.ts'
import { createSupportHarness, someAnswer } from '../support/support-harness.ts'

/** A record with every field that a record can have. */
async function fullRecord(): Promise<LogRecord> {
  const harness = createSupportHarness()
  await harness.ask('How do I return an order?')
  harness.event('feedback.given', { rating: 4 })
  const { last } = harness
  const at = timeAt(1)
  const asked = { turn: 1, id: 'm1', seq: 3, at, committedAt: at, history: true as const, lang: 'en', intent: 'returns', confidence: 0.5 }
  const error = { code: 'x', message: 'y' }
  return reread({
    ...last,
    reason: 'bad_data',
    error: 'e',
    subject: 's',
    payload: 'p',
    input: {
      ...last.input,
      sequence: 1,
      correlationid: 'c',
      causationid: 'd',
      traceparent: 't',
      history: true,
      dataversion: 1,
      data: { a: 1 },
    },
    state: {
      value: { a: 'b' },
      context: { a: 1 },
      history: {},
      tasks: { r: { task: 't', child: 'c', startedAt: at, deadlineAt: at, correlationid: 'c', traceparent: 't', refused: true } },
      timers: { r: { event: { type: 'e' }, sendId: 's', at } },
      entered: { a: at },
    },
    case: {
      ...last.case,
      open: [asked],
      quality: 0.5,
      customer: 'c',
      history: true,
      arrivedAt: at,
      channel: 'web',
      lang: 'en',
      intent: 'i',
      responded: { at, by: 'agent' },
      escalated: { at, reason: 'r' },
      ended: { at, outcome: 'o', drop: 'd' },
      rating: 3,
      turns: 1,
      counts: {
        records: 1,
        rejected: 1,
        messages: 1,
        userMessages: 1,
        botMessages: 1,
        agentMessages: 1,
        turns: 1,
        answered: 1,
        escalations: 1,
        tasks: 1,
        tasksFailed: 1,
        tokensIn: 1,
        tokensOut: 1,
        costMicros: 1,
      },
    },
    emitted: [{ id: 'e', type: 'message.sent', data: { ...someAnswer } }],
    started: [{ run: 'r', task: 't', input: {}, deadlineAt: at }],
    timers: [{ run: 'r', event: 'e', at }],
    sent: [{ id: 'i', kind: 'k', actor: 'a', type: 't', data: {} }],
    stopped: ['r'],
    ended: [{ run: 'r', task: 't', status: 'failed', startedAt: at, attempts: 1, queueMs: 1, durationMs: 1, error }],
    since: { a: 1 },
    left: [{ state: 'a', cause: 'c', case: 1, enteredAt: at, enteredSeq: 1 }],
    answered: [{ ...asked, idx: 1 }],
    resolves: { end: 'dropped', deadSeq: 1, logSeq: 1, inboxSeq: 1, at, reason: 'bad_data', subject: 's', error: 'e', payload: 'p' },
    seen: { ids: 'abcdefgh', sources: [['web', 1]] },
  })
}

type Path = readonly (string | number)[]
function* pathsOf(value: unknown, path: Path = []): Generator<Path> {
  if (path.length > 0) yield path
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) yield* pathsOf(inner, [...path, Array.isArray(value) ? Number(key) : key])
}

const GONE = Symbol('gone')
const WRONG = [GONE, null, true, false, 0, -1, 1.5, 1e300, '', 'x', '2026-02-30T00:00:00.000Z', '2026-13-01T00:00 00Z', [], [[]], {}]
/** Parts of subjects and headers: the check refuses what none can hold. */
const NAMES = new Set([
  'emitted.0.id',
  'emitted.0.type',
  'started.0.run',
  'started.0.task',
  'sent.0.id',
  'sent.0.kind',
  'sent.0.actor',
  'ended.0.run',
  'ended.0.task',
])
/** A newer version may have other words. */
const WORDS = new Set(['reason', 'ended.0.status', 'resolves.reason'])
const RIGHT_TIMES = ['2026-02-28T00:00:00Z', '2024-02-29T23:59:59.123456Z', '1970-01-01T00:00:00.000Z', '2026-01-31T10:00:00.000Z']

function innerOf(holder: object, key: string | number): object {
  const inner: unknown = Reflect.get(holder, key)
  if (typeof inner !== 'object' || inner === null) throw new Error(`no object at ${key}`)
  return inner
}

function changed(record: LogRecord, path: Path, to: unknown): unknown {
  const copy: object = structuredClone(record)
  const key = path.at(-1) ?? ''
  const holder = path.slice(0, -1).reduce(innerOf, copy)
  if (to === GONE) Reflect.deleteProperty(holder, key)
  else Reflect.set(holder, key, to)
  return copy
}

describe('the quick check of a record', () => {
  test('passes what the core writes', () => {
    const { records } = play(
      ['add', 'ask', 'pause', 'split', 'throw', 'nothing'].map((type, index) => message(index + 1, { type, data: { by: 1, q: 'x' } })),
    )
    expect(records.length).toBeGreaterThan(4)
    for (const record of records) expect(recordProblem(record)).toBeUndefined()
  })

  test('agrees with the schema about every field that is gone or has another value', async () => {
    const record = await fullRecord()
    expect(recordSchema.safeParse(record).error).toBeUndefined()
    expect(recordProblem(record)).toBeUndefined()
    const disagree: unknown[] = []
    // The input of a task may be `undefined`, which JSON leaves out.
    for (const path of pathsOf(record).filter((one) => one.join('.') !== 'started.0.input')) {
      for (const value of [...WRONG, ...RIGHT_TIMES]) {
        const other = changed(record, path, value)
        const name = path.join('.')
        const isSound =
          recordSchema.safeParse(other).success
          && !(
            NAMES.has(name)
            && typeof value === 'string'
            && (name.endsWith('.type') || !/\.(id|run)$/.test(name) ? /^$|[T ]/ : /^$| /).test(value)
          )
        const isExtended = WORDS.has(name) && value === 'x'
        if ((recordProblem(other) === undefined) !== (isSound || isExtended)) disagree.push({ name, value, schema: isSound })
      }
    }
    expect(disagree).toEqual([])
  })

  test.each([undefined, null, 1, 'x', [], [[]], {}, { seq: 1, stream: 'INBOX' }])('refuses %j', (value) => {
    expect(recordProblem(value)).toBeDefined()
  })
})
