import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Actor, actorAfter, newActor } from '../../../actors/core/actor.ts'
import type { Message } from '../../../actors/core/decision.ts'
import { RESERVED_ID_PREFIX } from '../../../schemas/envelope.ts'
import { messageReceived } from '../../../schemas/events.ts'
import { LIMITS } from '../../../schemas/limits.ts'
import { type LogRecord, recordSchema } from '../../../schemas/record.ts'
import {
  type ActorHistory,
  applyEvent,
  decideAt,
  type HistoryEvent,
  historyEvents,
  type KindGenerators,
  newHistory,
  playHistory,
  replayInMemory,
  textOf,
} from '../../support/actor-histories.ts'
import { message, timeAt } from '../../support/core-helpers.ts'
import { parallel, supportDesk, toy } from '../../support/generators.ts'
import { cases } from '../../support/property-cases.ts'

const ALL_KINDS: readonly (readonly [string, KindGenerators])[] = [
  ['toy', toy],
  ['parallel', parallel],
  ['support', supportDesk],
]

/** Histories of some twenty events each; enough to find a fault that one history in fifty shows. */
const RUNS = 40

/** The fields of a record that the machine decides. */
const decided = ({ from, to, state, status, label, emitted, started, timers, stopped, ended, case: counts }: LogRecord) => ({
  from,
  to,
  state,
  status,
  label,
  emitted,
  started,
  timers,
  stopped,
  ended,
  counts,
})

/** A committed record's input in the form of a second publication. */
function republished(record: LogRecord): Message {
  const {
    input: { type, id, data, ...rest },
    inbox,
  } = record
  if (isFromInside(record)) {
    const { correlationid, traceparent } = rest
    return message(inbox.seq, { type, ...data, correlationid, traceparent }, { origin: 'internal', ts: inbox.ts })
  }
  const own = id.startsWith(RESERVED_ID_PREFIX) ? {} : { id }
  return message(inbox.seq, { type, data, ...own, ...rest }, { ts: inbox.ts })
}

const isCommitted = (record: LogRecord): boolean => record.outcome === 'committed'
const isFromInside = ({ input }: LogRecord): boolean => /^(task|timer)\./.test(input.type)
const isFromProducer = (record: LogRecord): boolean => isCommitted(record) && !isFromInside(record)

/** The actor before each message, and after the last. */
function stages(generators: KindGenerators, history: ActorHistory): Actor[] {
  const actors = [newHistory(generators).actor]
  let actor = newHistory(generators).actor
  for (const decision of history.decisions) {
    if (decision.kind === 'record') actor = actorAfter(actor.address, JSON.parse(textOf(decision.encoded)) as LogRecord)
    actors.push(actor)
  }
  return actors
}

describe.each(ALL_KINDS)('an actor of kind %s', (_, generators) => {
  test('reaches the states that its recorded inputs lead to', () => {
    fc.assert(
      fc.property(historyEvents(generators), (all) => {
        const { records } = playHistory(generators, all)
        let actor = newHistory(generators).actor
        for (const record of records) {
          if (isCommitted(record)) {
            const again = decideAt(generators, actor, republished(record), true, record.at)
            if (again.kind !== 'record') throw new Error(`record ${record.n} was decided as ${again.kind}`)
            expect(decided(again.record)).toEqual(decided(record))
          }
          actor = actorAfter(actor.address, record)
        }
      }),
      { numRuns: RUNS },
    )
  })

  test('decides the same, byte for byte, however often it is reloaded from the log', () => {
    fc.assert(
      fc.property(historyEvents(generators), fc.array(fc.boolean(), { minLength: 1 }), (all, evictions) => {
        const { messages, written } = playHistory(generators, all)
        expect(replayInMemory(generators, messages, () => false)).toEqual(written)
        expect(replayInMemory(generators, messages, (index) => evictions[index % evictions.length] === true)).toEqual(written)
      }),
      { numRuns: RUNS },
    )
  })

  test('treats a redelivered message as a duplicate at any later time', () => {
    fc.assert(
      fc.property(historyEvents(generators, 25), (all) => {
        const history = playHistory(generators, all)
        for (const [until, actor] of stages(generators, history).entries()) {
          for (const [index, earlier] of history.messages.slice(0, until).entries()) {
            const { kind } = decideAt(generators, actor, earlier, true)
            expect(kind).toBe(earlier.seq <= actor.inbox.seq ? 'duplicate' : history.decisions[index]?.kind)
            expect(kind).not.toBe('record')
          }
        }
      }),
      { numRuns: RUNS },
    )
  })

  test('treats a committed input with the same id or sequence as a duplicate while it remembers it', () => {
    fc.assert(
      fc.property(historyEvents(generators, 25), (all) => {
        const history = playHistory(generators, all)
        const later = history.messages.length + 1
        const decideOn = (body: object) => decideAt(generators, history.actor, message(later, body), true)
        for (const {
          input: { type, id, source, sequence, data },
        } of history.records.filter(isFromProducer)) {
          if (!id.startsWith(RESERVED_ID_PREFIX)) {
            expect(decideOn({ type, id, source, data })).toEqual({ kind: 'duplicate', by: 'id' })
            expect(decideOn({ type: 'other', id, source, data: {} })).toEqual({ kind: 'duplicate', by: 'id' })
            expect(decideOn({ type: 'other', id, source: 'elsewhere', data: {} }).kind).toBe('record')
          }
          if (sequence !== undefined) {
            expect(decideOn({ type, id: 'new', source, sequence, data })).toEqual({ kind: 'duplicate', by: 'sequence' })
          }
        }
      }),
      { numRuns: RUNS },
    )
  })

  test('decides the same bytes twice, and the same ids at another time', () => {
    fc.assert(
      fc.property(historyEvents(generators), (all) => {
        const history = playHistory(generators, all)
        const idsOf = ({ emitted, started, timers, stopped }: LogRecord) => [
          emitted.map(({ id }) => id),
          started.map(({ run }) => run),
          timers.map(({ run }) => run),
          stopped,
        ]
        const actors = stages(generators, history)
        for (const [index, at] of history.messages.entries()) {
          const decision = history.decisions[index]
          const actor = actors[index]
          if (decision?.kind !== 'record' || actor === undefined) continue
          const again = decideAt(generators, actor, at, true)
          const later = decideAt(generators, actor, at, true, timeAt(1_000_000))
          expect(again.kind === 'record' && textOf(again.encoded)).toBe(textOf(decision.encoded))
          expect(later.kind === 'record' && idsOf(later.record)).toEqual(idsOf(decision.record))
        }
      }),
      { numRuns: RUNS },
    )
  })

  test('appends complete records only, numbered in order, with counters that follow from them', () => {
    fc.assert(
      fc.property(historyEvents(generators), (all) => {
        const { records, messages, decisions } = playHistory(generators, all)
        expect(decisions).toHaveLength(messages.length)
        expect(decisions.every(({ kind }) => kind !== 'threw')).toBe(true)
        for (const [index, record] of records.entries()) {
          expect(recordSchema.safeParse(record).error).toBeUndefined()
          const before = records[index - 1]
          expect(record.n).toBe(index + 1)
          expect(record.from).toBe(before?.to ?? '')
          expect(record.at >= (before?.at ?? '') && record.inbox.seq > (before?.inbox.seq ?? 0)).toBe(true)
          if (!isCommitted(record) || record.input.history === true) {
            const { to, from, state, status } = record
            expect([to, state, status]).toEqual([from, before?.state ?? null, before?.status ?? 'none'])
            expect([record.emitted, record.started, record.timers, record.stopped, record.ended].flat()).toEqual([])
          }
          const pending = [...Object.keys(record.state?.tasks ?? {}), ...Object.keys(record.state?.timers ?? {})]
          expect(pending.sort()).toEqual(pendingAfter(records.slice(0, index + 1)))
          expect(remembered(record)).toEqual(rememberedAfter(records.slice(0, index + 1)))
        }
        const ids = records.flatMap((record) => [...record.emitted.map(({ id }) => id), ...runsOf(record)])
        expect(new Set(ids).size).toBe(ids.length)
        expect(records.map(({ case: counts }) => counts)).toMatchObject(JSON.parse(JSON.stringify(countedCases(records))) as object[])
      }),
      { numRuns: RUNS },
    )
  })

  test('records for every state interval the times and the records of its entry and exit', () => {
    fc.assert(
      fc.property(historyEvents(generators), (all) => {
        const { records } = playHistory(generators, all)
        for (const [index, record] of records.entries()) {
          const before = records[index - 1]
          const left = leavesOf(record.from).filter((leaf) => !leavesOf(record.to).includes(leaf))
          expect(record.left ?? []).toEqual(
            left.map((state) => {
              const entered = records[enteredAt(records.slice(0, index), state)]
              return { state, cause: record.left?.[0]?.cause, case: before?.case.no, enteredAt: entered?.at, enteredSeq: entered?.n }
            }),
          )
          const since = leavesOf(record.to).map((leaf) => [leaf, records[enteredAt(records.slice(0, index + 1), leaf)]?.n])
          expect(record.since).toEqual(Object.fromEntries(since.map(([leaf, n]) => [leaf, n === record.n ? 0 : n])))
          if (record.left !== undefined) expect(record.left[0]?.cause).toMatch(causeIn(record))
        }
      }),
      { numRuns: RUNS },
    )
  })

  test('pairs each question with its answer, once', () => {
    fc.assert(
      fc.property(historyEvents(generators, 60), (all) => {
        const { records } = playHistory(generators, all)
        const questions = records.filter((record) => isMessage(record) && record.input.data?.['role'] === 'user')
        const last = records.at(-1)?.case
        expect(last?.turns ?? 0).toBe(questions.length)
        const answered = records.flatMap((record) => (record.answered ?? []).map((question) => ({ ...question, by: record })))
        const turns = answered.map(({ turn }) => turn)
        expect(new Set(turns).size).toBe(turns.length)
        for (const { turn, id, seq, at, by, idx } of answered) {
          const asked = questions[turn - 1]
          expect([id, seq === 0 ? by.n : seq, at]).toEqual([
            asked?.input.id,
            asked?.n,
            asked?.input.history === true ? asked.input.time : asked?.inbox.ts,
          ])
          const reply = idx === 0 ? by.input.data : by.emitted[idx - 1]?.data
          expect(reply?.['replyTo'] ?? id).toBe(id)
        }
        const waiting = (last?.open ?? []).map(({ turn }) => turn)
        expect(waiting.filter((turn) => turns.includes(turn))).toEqual([])
        expect(waiting.length).toBeLessThanOrEqual(LIMITS.openTurnsMax)
      }),
      { numRuns: RUNS },
    )
  })

  test('is unaffected by messages to other actors in between', () => {
    const one = historyEvents(generators, 1).filter(({ length }) => length === 1)
    const three = fc.array(fc.tuple(fc.nat(2), one), { maxLength: 60, size: 'max' })
    fc.assert(
      fc.property(three, (all) => {
        const histories = ['a', 'b', 'c'].map((id) => newHistory(generators, id))
        for (const [index, [who, [one]]] of all.entries()) {
          applyEvent(generators, histories[who] as ActorHistory, one as HistoryEvent, index + 1)
        }
        for (const { actor, messages, written } of histories) {
          expect(replayInMemory(generators, messages, () => false, newActor(actor.address))).toEqual(written)
        }
      }),
      { numRuns: RUNS },
    )
  })
})

const leavesOf = (path: string): string[] => path.split('+').filter((leaf) => leaf !== '')

/** The record that entered a leaf state in which the last record is. */
function enteredAt(records: readonly LogRecord[], leaf: string): number {
  const outside = records.findLastIndex(({ to }) => !leavesOf(to).includes(leaf))
  return outside + 1
}

function causeIn({ input }: LogRecord): RegExp {
  if (input.type === 'timer.fired') return /^timer:[\w.]+$/
  if (input.type.startsWith('task.')) return input.type === 'task.done' ? /^task:\w+:done$/ : /^task:\w+:error$/
  return new RegExp(`^${input.type.replaceAll('.', '\\.')}$`)
}

const runsOf = ({ started, timers }: LogRecord): string[] => [...started, ...timers].map(({ run }) => run)

/** The runs that records started and did not end, stop or fire. */
function pendingAfter(records: readonly LogRecord[]): string[] {
  const pending = new Set<string>()
  for (const record of records.filter(isCommitted)) {
    if (record.input.type === 'timer.fired') pending.delete(String(record.input.data?.['run']))
    for (const run of [...record.stopped, ...record.ended.map((end) => end.run)]) pending.delete(run)
    for (const run of runsOf(record)) pending.add(run)
  }
  return [...pending].sort()
}

/** Characters of one remembered id. */
const ID_CHARS = 8
const remembered = ({ seen }: LogRecord) => ({ ids: seen.ids.length / ID_CHARS, sources: new Map(seen.sources) })

/** The number of ids and the sequences that an actor must remember: those of producers' committed inputs. */
function rememberedAfter(records: readonly LogRecord[]): ReturnType<typeof remembered> {
  const inputs = records.filter(isFromProducer).map(({ input }) => input)
  const sequences = inputs.filter(({ sequence }) => sequence !== undefined)
  return {
    ids: Math.min(LIMITS.seenIdsMax, inputs.filter(({ id }) => !id.startsWith(RESERVED_ID_PREFIX)).length),
    sources: new Map(sequences.map(({ source, sequence = 0 }) => [source, sequence])),
  }
}

/** Whether the table messages has a row for it. */
const isMessage = ({ outcome, input }: LogRecord): boolean =>
  outcome === 'committed' && input.type === 'message.received' && messageReceived.safeParse(input.data).success

/** The counters of each record, counted from the records up to it alone. */
function countedCases(records: readonly LogRecord[]): Partial<LogRecord['case']>[] {
  const first = records[0]?.at ?? ''
  let [no, openedAt, closed, past] = [1, first, false, records[0]?.input.history === true]
  let begins = 0
  return records.map((record, index) => {
    const messages = records.slice(0, index + 1).filter(isMessage)
    const roles = messages.map((one) => one.input.data?.['role'])
    const emitted = records.slice(0, index + 1).flatMap((one) => one.emitted)
    const sent = emitted.filter(({ type }) => type === 'message.sent').length
    const by = (role: string): number => roles.filter((one) => one === role).length
    const reopens = (closed || past) && index > 0 && messages.includes(record) && record.input.history !== true
    if (reopens) [no, openedAt, past, begins] = [no + 1, record.at, false, index]
    const ofCase = records.slice(begins, index + 1)
    const [events, ends] = [ofCase.flatMap((one) => one.emitted), ofCase.flatMap((one) => one.ended)]
    const emittedOf = (type: string): number | undefined => events.filter((event) => event.type === type).length || undefined
    closed = record.emitted.some(({ type }) => type === 'case.closed') || (closed && !reopens)
    return {
      no,
      openedAt,
      closed,
      firstAt: first,
      messages: roles.length + sent,
      userMessages: by('user'),
      botMessages: by('assistant') + sent,
      agentMessages: by('agent'),
      history: past ? true : undefined,
      counts: {
        records: ofCase.length,
        rejected: ofCase.filter((one) => !isCommitted(one)).length || undefined,
        messages: ofCase.filter(isMessage).length + (emittedOf('message.sent') ?? 0) || undefined,
        escalations: emittedOf('escalated'),
        tasks: ofCase.flatMap((one) => one.started).length || undefined,
        tasksFailed: ends.filter(({ status }) => status === 'failed' || status === 'expired').length || undefined,
      },
    }
  })
}

describe('any bytes', () => {
  const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.stringify(value))
  const almost = fc
    .record(
      {
        type: fc.oneof(fc.constantFrom('add', 'note', 'timer.fired', 'task.done', 'message.received'), fc.string(), fc.jsonValue()),
        data: fc.oneof(fc.constantFrom({ by: 1 }, { text: 'x' }, { q: '?' }), fc.jsonValue()),
        id: fc.oneof(fc.string(), fc.jsonValue()),
        time: fc.oneof(fc.constant('2026-01-01T00:00:00Z'), fc.string(), fc.jsonValue()),
        sequence: fc.oneof(fc.nat(), fc.jsonValue()),
        source: fc.oneof(fc.string(), fc.jsonValue()),
        run: fc.jsonValue(),
        history: fc.boolean(),
      },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value))
  const cut = fc.tuple(almost, fc.nat()).map(([text, at]) => text.slice(0, at % (text.length + 1)))
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.oneof(json, almost, cut).map((text) => Buffer.from(text)),
  )
  const anything = fc.record({
    payload,
    origin: fc.constantFrom<Message['origin']>('producer', 'internal'),
    addressable: fc.boolean(),
    msgId: fc.option(fc.string({ unit: 'binary' }), { nil: undefined }),
  })

  test('lead to one decision and at most one record, which can be read back', () => {
    fc.assert(
      fc.property(historyEvents(toy, 8), fc.array(anything, { minLength: 1, maxLength: 5 }), (all, rubbish) => {
        let { actor } = playHistory(toy, all)
        for (const [index, more] of rubbish.entries()) {
          const decision = decideAt(toy, actor, message(100 + index, '', more), true)
          expect(['record', 'duplicate', 'ignored']).toContain(decision.kind)
          if (decision.kind !== 'record') continue
          expect(decision.encoded.length).toBeLessThanOrEqual(LIMITS.recordBytesMax)
          const record = JSON.parse(textOf(decision.encoded)) as LogRecord
          expect(recordSchema.safeParse(record).error).toBeUndefined()
          expect(JSON.stringify(record)).toBe(JSON.stringify(decision.record))
          actor = actorAfter(actor.address, record)
        }
      }),
      { numRuns: cases(1_000) },
    )
  })
})
