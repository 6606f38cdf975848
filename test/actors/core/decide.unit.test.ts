import { describe, expect, test } from 'vitest'
import { newActor } from '../../../actors/core/actor.ts'
import { decide } from '../../../actors/core/decide.ts'
import { LIMITS } from '../../../schemas/limits.ts'
import { recordSchema } from '../../../schemas/record.ts'
import { address, decideOn, internal, kinds, message, play, recordOf, timeAt } from '../../support/core-helpers.ts'

const add = (by: number, more: object = {}) => ({ type: 'add', data: { by }, ...more })
const fresh = newActor(address)

describe('a committed input', () => {
  test('starts the machine, makes its transition and records the emitted events', () => {
    const record = recordOf(fresh, message(7, add(2, { id: 'm-1' })))
    expect(record).toMatchObject({
      v: 1,
      n: 1,
      outcome: 'committed',
      machine: 'toy@1',
      inbox: { seq: 7, ts: timeAt(7) },
      from: '',
      to: 'open.idle',
      input: { type: 'add', id: 'm-1', source: 'nats', time: timeAt(7), data: { by: 2 } },
      emitted: [{ type: 'counted', data: { count: 2 } }],
      label: { count: 2 },
      status: 'active',
    })
    expect(recordSchema.safeParse(record).error).toBeUndefined()
  })

  test('of a type that the machine does not handle is recorded and changes nothing', () => {
    const { actor } = play([message(1, add(1))])
    expect(recordOf(actor, message(2, { type: 'unheard.of', data: { a: 1 } }))).toMatchObject({
      outcome: 'committed',
      from: 'open.idle',
      to: 'open.idle',
      emitted: [],
      input: { data: { a: 1 } },
    })
  })

  test('takes its id from the header, or else from the position', () => {
    expect(recordOf(fresh, message(1, add(1), { msgId: 'h-1' })).input.id).toBe('h-1')
    expect(recordOf(fresh, message(9, add(1))).input.id).toBe('seq:9')
  })

  test('of imported history is recorded and never reaches the machine', () => {
    const { actor, records } = play([message(1, add(5, { history: true })), message(2, add(1))])
    expect(records[0]).toMatchObject({ outcome: 'committed', from: '', to: '', state: null, status: 'none', emitted: [] })
    expect(actor.label).toEqual({ count: 1 })
  })

  test('reaches parallel regions, whose leaf states are sorted and joined', () => {
    const { records } = play([
      message(1, { type: 'split', data: {} }),
      message(2, { type: 'right', data: {} }),
      message(3, { type: 'left', data: {} }),
    ])
    expect(records.map((record) => record.to)).toEqual(['both.l.one+both.r.one', 'both.l.one+both.r.two', 'open.idle'])
  })

  test('in a history state returns to the earlier state', () => {
    const { records } = play([
      message(1, { type: 'ask', data: { q: 'x' } }),
      message(2, internal(0, '')),
      message(3, { type: 'pause', data: {} }),
      message(4, { type: 'resume', data: {} }),
    ])
    expect(records.at(-1)?.to).toBe('open.asking')
  })
})

describe('an input is rejected', () => {
  const nested = (depth: number): string => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth)
  test.each([
    ['bad_json', 'not json at all', 'not JSON'],
    ['bad_json', '', 'not JSON'],
    ['bad_envelope', '[]', 'must be a JSON object'],
    ['bad_envelope', 'null', 'must be a JSON object'],
    ['bad_envelope', JSON.stringify({ data: {} }), 'type'],
    ['bad_envelope', JSON.stringify({ type: 'add', data: [1] }), 'data'],
    ['bad_envelope', JSON.stringify({ type: 'add', data: { by: 1 }, time: '1492-10-12T00:00:00Z' }), 'time'],
    ['bad_envelope', JSON.stringify({ type: 'add', data: { by: 1 }, time: 'yesterday' }), 'time'],
    ['bad_envelope', JSON.stringify({ type: 'add', data: { by: 1 }, id: 'seq:1' }), 'id'],
    ['bad_envelope', '{"type":"add","data":{"by":1e999}}', 'data.by'],
    ['bad_envelope', '{"type":"note","data":{"text":"\\ud800"}}', 'data.text'],
    ['bad_envelope', `{"type":"note","data":${nested(3000)}}`, 'nested deeper'],
    ['bad_envelope', JSON.stringify({ type: 'xstate.done.actor.answering', data: {} }), 'reserved'],
    ['bad_envelope', JSON.stringify({ type: 'task.done', data: {} }), 'reserved'],
    ['bad_envelope', JSON.stringify({ type: 'timer.fired', data: {} }), 'reserved'],
    ['bad_data', JSON.stringify(add('two' as never)), 'data.by'],
    ['too_large', JSON.stringify({ type: 'note', data: { text: 'x'.repeat(LIMITS.inputBytesMax) } }), 'bytes'],
    ['poison', JSON.stringify({ type: 'throw', data: {} }), 'this machine throws'],
    ['poison', JSON.stringify({ type: 'spin', data: {} }), 'always_cycle: '],
    ['poison', JSON.stringify({ type: 'corrupt', data: {} }), 'context_not_json: '],
    ['state_too_large', JSON.stringify({ type: 'note', data: { text: 'x'.repeat(LIMITS.stateBytesMax) } }), 'state'],
  ])('as %s: %s', (reason, payload, says) => {
    const { actor } = play([message(1, add(3))])
    const record = recordOf(actor, message(2, payload))
    expect(record).toMatchObject({ outcome: 'rejected', reason, n: 2, from: 'open.idle', to: 'open.idle', state: actor.state })
    expect(record.error).toContain(says)
    expect(recordSchema.safeParse(record).error).toBeUndefined()
    expect(play([message(2, payload), message(3, add(4))], actor).actor.label).toEqual({ count: 7 })
  })

  test('as bad_json where the bytes are not UTF-8', () => {
    const record = recordOf(fresh, { ...message(1, ''), payload: Buffer.from([0x7b, 0xff, 0xfe, 0x7d]) })
    expect(record).toMatchObject({ reason: 'bad_json', error: 'not UTF-8' })
  })

  test('as bad_subject, before any other check', () => {
    expect(recordOf(fresh, message(1, 'rubbish', { addressable: false }))).toMatchObject({ reason: 'bad_subject' })
  })

  test('as unknown_kind, with the readable part of its envelope', () => {
    const record = recordOf(newActor({ ...address, kind: 'nobody' }), message(1, add(1, { id: 'm' })))
    expect(record).toMatchObject({ reason: 'unknown_kind', machine: '', state: null, status: 'none', input: { id: 'm', type: 'add' } })
    expect(record.payload).toContain('"by":1')
  })

  test('as ended once the machine is in a final state', () => {
    const { actor } = play([message(1, add(1)), message(2, { type: 'finish', data: {} })])
    expect(actor.status).toBe('done')
    expect(recordOf(actor, message(3, add(1)))).toMatchObject({ reason: 'ended' })
  })

  test('names of Object.prototype are ordinary event types', () => {
    for (const type of ['constructor', '__proto__', 'toString']) {
      expect(recordOf(fresh, message(1, { type, data: {} }))).toMatchObject({ outcome: 'committed' })
    }
  })

  test('a machine that throws on an actor in memory asks for a reloaded one first', () => {
    const decision = decide(kinds, fresh, message(1, { type: 'throw', data: {} }), { now: timeAt(1), low: 0 }, false)
    expect(decision.kind).toBe('threw')
  })
})

describe('a duplicate leaves no record', () => {
  const { actor } = play([message(5, add(1, { id: 'm-1', source: 'web', sequence: 3 }))])

  test.each([
    ['position', message(5, add(1))],
    ['id', message(6, add(1, { id: 'm-1', source: 'web' }))],
    ['sequence', message(6, add(1, { id: 'm-2', source: 'web', sequence: '3' }))],
  ])('by its %s', (by, duplicate) => {
    expect(decideOn(actor, duplicate)).toEqual({ kind: 'duplicate', by })
  })

  test('while the same id from another source, or from none, is another input', () => {
    for (const other of [{}, { source: 'nats' }, { source: 'crm' }, { source: 'web2' }]) {
      expect(recordOf(actor, message(6, add(1, { id: 'm-1', ...other })))).toMatchObject({ outcome: 'committed', input: { id: 'm-1' } })
    }
  })

  test('by its id alone where an earlier release remembered it, whatever its source', () => {
    // The first 8 characters of the SHA-1 of "m-1" in base64url.
    const old = { ...actor, dedupState: { ids: 'kmir0Kkm', sources: [] } }
    for (const source of ['web', 'nats', 'crm']) {
      expect(decideOn(old, message(6, add(1, { id: 'm-1', source })))).toEqual({ kind: 'duplicate', by: 'id' })
    }
    const { actor: later } = play([message(6, add(1, { id: 'm-2', source: 'web' }))], old)
    expect(decideOn(later, message(7, add(1, { id: 'm-1' }))).kind).toBe('duplicate')
    expect(decideOn(later, message(7, add(1, { id: 'm-2' }))).kind).toBe('record')
  })

  test('by source and id where neither is given', () => {
    const { actor: before } = play([message(6, add(1, { id: 'm-3' }))], actor)
    expect(decideOn(before, message(7, add(1, { id: 'm-3', source: 'nats' })))).toEqual({ kind: 'duplicate', by: 'id' })
  })

  test('but a sequence assigned again after the stream was truncated, at a later time, is no duplicate', () => {
    expect(recordOf(actor, message(5, add(1), { ts: timeAt(1000) })).outcome).toBe('committed')
  })

  test('by its sequence, also where the source looks like a number and later sources followed', () => {
    const sources = ['7', ...Array.from({ length: LIMITS.seenSourcesMax - 1 }, (_, i) => `s-${i}`)]
    const many = play(
      sources.map((source, i) => message(20 + i, add(1, { source, sequence: 1 }))),
      actor,
    ).actor
    const after = play(
      [message(60, add(1, { source: 'new', sequence: 1 }))],
      play([message(59, add(1, { source: '7', sequence: 2 }))], many).actor,
    ).actor
    expect(decideOn(after, message(61, add(1, { source: '7', sequence: 2 })))).toEqual({ kind: 'duplicate', by: 'sequence' })
    expect(decideOn(after, message(61, add(1, { source: 's-0', sequence: 1 }))).kind).toBe('record')
  })

  test('while a rejected id may come again', () => {
    const rejected = play([message(6, { type: 'add', id: 'm-9', data: { by: 'x' } })], actor).actor
    expect(recordOf(rejected, message(7, add(1, { id: 'm-9' }))).outcome).toBe('committed')
  })

  test('while ids older than the last 32 are forgotten', () => {
    const later = play(
      Array.from({ length: LIMITS.seenIdsMax }, (_, i) => message(10 + i, add(1, { id: `x-${i}` }))),
      actor,
    ).actor
    expect(decideOn(later, message(99, add(1, { id: 'x-0' }))).kind).toBe('duplicate')
    expect(decideOn(later, message(99, add(1, { id: 'm-1', source: 'web' }))).kind).toBe('record')
  })
})

describe('a task', () => {
  const asked = play([message(1, { type: 'ask', data: { q: 'why' } })])
  const [start] = asked.records
  const run = start?.started[0]?.run ?? ''
  const done = (of: string) => ({ type: 'task.done', run: of, attempts: 1, queueMs: 1, durationMs: 2, output: { text: 'so' } })

  test('starts with its input and a deadline', () => {
    expect(start?.started).toEqual([{ run, task: 'answer', input: { q: 'why' }, deadlineAt: timeAt(6) }])
    expect(start?.state?.tasks).toEqual({ [run]: { task: 'answer', child: 'answering', startedAt: timeAt(1), deadlineAt: timeAt(6) } })
  })

  test('returns a result', () => {
    const record = recordOf(asked.actor, internal(2, done(run)))
    expect(record).toMatchObject({
      to: 'open.idle',
      emitted: [{ type: 'answered', data: { text: 'so' } }],
      stopped: [],
      state: { tasks: {} },
    })
    expect(record.ended).toEqual([{ run, task: 'answer', status: 'done', startedAt: timeAt(1), attempts: 1, queueMs: 1, durationMs: 2 }])
  })

  test('a late result of an earlier run is ignored', () => {
    const again = play([message(2, { type: 'leave', data: {} }), message(3, { type: 'ask', data: { q: 'again' } })], asked.actor)
    expect(again.records[0]).toMatchObject({ stopped: [run], ended: [{ run, status: 'stopped' }] })
    expect(decideOn(again.actor, internal(4, done(run)))).toEqual({ kind: 'ignored', why: 'no_such_run' })
    expect(recordOf(again.actor, internal(4, done(again.records[1]?.started[0]?.run ?? ''))).to).toBe('open.idle')
  })

  test('a second result of one run is ignored', () => {
    const { actor } = play([internal(2, done(run))], asked.actor)
    expect(decideOn(actor, internal(3, done(run)))).toEqual({ kind: 'ignored', why: 'no_such_run' })
  })

  test('that fails or expires takes the error transition and is recorded as such', () => {
    const failed = { type: 'task.failed', run, attempts: 3, queueMs: 0, durationMs: 9, error: { code: 'http_500', message: 'no' } }
    expect(recordOf(asked.actor, internal(2, failed))).toMatchObject({
      to: 'open.failed',
      ended: [{ status: 'failed', error: { code: 'http_500' } }],
    })
    expect(recordOf(asked.actor, internal(2, { type: 'task.expired', run }))).toMatchObject({
      to: 'open.failed',
      stopped: [run],
      ended: [{ status: 'expired', error: { code: 'deadline' } }],
    })
  })

  test('that is pending when the machine ends is stopped', () => {
    expect(recordOf(asked.actor, message(2, { type: 'finish', data: {} }))).toMatchObject({
      status: 'done',
      stopped: [run],
      state: { tasks: {} },
    })
  })

  test('an invalid internal message is ignored', () => {
    expect(decideOn(asked.actor, internal(2, 'rubbish'))).toEqual({ kind: 'ignored', why: 'not_internal' })
  })
})

describe('a timer', () => {
  const failed = (seq: number) =>
    play([
      message(seq, { type: 'ask', data: { q: 'x' } }),
      internal(seq + 1, { type: 'task.expired', run: `${seq.toString(36)}-${Date.parse(timeAt(seq)).toString(36)}-t1` }),
    ])

  test('is set with its time and fires once', () => {
    const { actor, records } = failed(1)
    const [timer] = records[1]?.timers ?? []
    expect(timer).toMatchObject({ event: 'xstate.after.60000.toy.open.failed', at: new Date(Date.parse(timeAt(2)) + 60_000).toISOString() })
    const fired = play([internal(3, { type: 'timer.fired', run: timer?.run })], actor)
    expect(fired.records[0]).toMatchObject({ to: 'open.idle', state: { timers: {} } })
    expect(decideOn(fired.actor, internal(4, { type: 'timer.fired', run: timer?.run }))).toEqual({ kind: 'ignored', why: 'no_such_run' })
  })

  test('does not fire in a later visit of the state that set it', () => {
    const { actor, records } = failed(1)
    const old = records[1]?.timers[0]?.run
    const back = play([message(3, { type: 'ask', data: { q: 'y' } })], actor)
    expect(back.records[0]?.stopped).toEqual([old])
    const run = back.records[0]?.started[0]?.run
    const later = play([internal(4, { type: 'task.expired', run })], back.actor)
    expect(later.actor.state?.value).toEqual({ open: 'failed' })
    expect(decideOn(later.actor, internal(5, { type: 'timer.fired', run: old }))).toEqual({ kind: 'ignored', why: 'no_such_run' })
  })

  test('of a raise with a delay is cancelled by its id', () => {
    const { actor, records } = play([message(1, { type: 'pause', data: {} })])
    const run = records[0]?.timers[0]?.run
    expect(run).toBeDefined()
    expect(recordOf(actor, message(2, { type: 'resume', data: {} }))).toMatchObject({ stopped: [run], to: 'open.idle' })
  })
})
