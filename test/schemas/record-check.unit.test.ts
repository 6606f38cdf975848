import { describe, expect, test } from 'vitest'
import { type LogRecord, recordSchema } from '../../schemas/record.ts'
import { recordProblem } from '../../schemas/record-check.ts'
import { message, play } from '../support/core-helpers.ts'
import { fullRecord } from '../support/full-record.ts'

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
  'state.children.r.kind',
  'state.children.r.actor',
  'case.parent.kind',
  'case.parent.id',
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
            && (name === 'case.parent.id' || name.endsWith('.type') || !/\.(id|run)$/.test(name) ? /^$|[T ]/ : /^$| /).test(value)
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
