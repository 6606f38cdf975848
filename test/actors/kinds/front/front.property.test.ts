import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Actor, actorAfter, newActor } from '../../../../actors/core/actor.ts'
import { decide } from '../../../../actors/core/decide.ts'
import { observedMessages } from '../../../../actors/core/observed-messages.ts'
import { replayRecord } from '../../../../actors/core/replay.ts'
import { kindsByName } from '../../../../actors/definition/kind.ts'
import { createFront } from '../../../../actors/kinds/front/kind.ts'
import { sentBy } from '../../../../pipeline/dispatcher/outgoing-messages.ts'
import { rowsOf } from '../../../../pipeline/projector/rows/record-rows.ts'
import type { LogRecord } from '../../../../schemas/record.ts'
import { type Origin, publishedSubject } from '../../../../schemas/subjects.ts'
import { createCounterKind } from '../../../support/desk-kind.ts'
import { cases } from '../../../support/property-cases.ts'

const KINDS = kindsByName([createFront(), createCounterKind('support'), createCounterKind('sales')])
const BEGIN = Date.parse('2026-01-01T00:00:00Z')

interface Delivery {
  readonly kind: string
  readonly origin: Origin
  readonly body: string
}

/** One conversation with its front and both targets. What waits is in channels; each keeps its own order, as the streams do. */
function createConversation() {
  const actors = new Map<string, Actor>()
  const records: { readonly kind: string; readonly record: LogRecord }[] = []
  const channels = new Map<string, Delivery[]>()
  let seq = 0
  const post = (channel: string, delivery: Delivery): void => void channels.set(channel, [...(channels.get(channel) ?? []), delivery])
  const deliver = ({ kind, origin, body }: Delivery, outcome: (task: string, input: unknown) => object): void => {
    const address = { tenant: 'acme', kind, id: 'c1' }
    const before = actors.get(kind) ?? newActor(address)
    seq += 1
    const ts = new Date(BEGIN + seq * 1_000).toISOString()
    const subject = publishedSubject({ partition: 0, address, origin, addressable: true }, `inbox.0.acme.${kind}.c1`)
    const message = { seq, ts, payload: Buffer.from(body), subject, origin, addressable: true }
    const decision = decide(KINDS, before, message, { now: ts, low: 0 }, true)
    if (decision.kind !== 'record') return
    const record = JSON.parse(JSON.stringify(decision.record)) as LogRecord
    expect(replayRecord(KINDS, before, record).kind).toBe('same')
    records.push({ kind, record })
    actors.set(kind, actorAfter(address, record))
    for (const sent of sentBy(address, record)) {
      post(`from ${kind}`, { kind: sent.subject.split('.')[2] ?? '', origin: 'actor', body: sent.payload })
    }
    for (const { run, task, input } of record.started) {
      post(`task of ${kind}`, {
        kind,
        origin: 'internal',
        body: JSON.stringify({ run, attempts: 1, queueMs: 0, durationMs: 0, ...outcome(task, input) }),
      })
    }
  }
  return { records, channels, post, deliver }
}

const NO_ROUTE = { act: 'new_topic', route: null, fails: false }
const pick = (picks: fc.Stream<number>): number => [...picks.take(1)][0] ?? 0

const understandings = fc.record({
  act: fc.constantFrom('new_topic', 'continuation'),
  route: fc.constantFrom('sales', null, 'front'),
  fails: fc.boolean(),
})
const messages = fc.array(fc.record({ role: fc.constantFrom('user', 'user', 'agent'), bye: fc.boolean() }), { minLength: 1, maxLength: 40 })

test('messages reach their targets once, in order, whatever the interleaving; replies come back for the original message', () => {
  fc.assert(
    fc.property(messages, fc.infiniteStream(fc.nat()), fc.infiniteStream(understandings), (given, picks, found) => {
      const { records, channels, post, deliver } = createConversation()
      const outcome = (task: string, input: unknown): object => {
        if (task === 'work') return { type: 'task.done', output: { text: `re ${JSON.stringify(input)}` } }
        const [{ act, route, fails } = NO_ROUTE] = found.take(1)
        if (fails) return { type: 'task.failed', error: { code: 'x', message: 'x' } }
        const intents = [{ name: 'one', confidence: 1 }]
        const rest = { outOfScope: false, topic: null, lang: null, version: 'v' }
        return { type: 'task.done', output: { act: { name: act, confidence: 1 }, intents, route, ...rest } }
      }
      for (const [index, { role, bye }] of given.entries()) {
        const data = { role, text: `${index}${bye ? ' bye' : ''}` }
        post('producer', { kind: 'front', origin: 'producer', body: JSON.stringify({ type: 'message.received', id: `m${index}`, data }) })
      }
      for (;;) {
        const ready = [...channels].filter(([, waiting]) => waiting.length > 0)
        const [name = '', [next, ...later] = []] = ready[pick(picks) % Math.max(1, ready.length)] ?? []
        if (next === undefined) break
        channels.set(name, later)
        deliver(next, outcome)
      }

      const of = (kind: string): LogRecord[] => records.filter((one) => one.kind === kind).map(({ record }) => record)
      expect(records.filter(({ record }) => record.outcome === 'rejected')).toEqual([])
      const front = of('front')
      const emitted = front.flatMap((record) => record.emitted.filter(({ type }) => type === 'message.sent'))
      const refused = emitted.filter(({ data }) => String(data['text']).startsWith('We have')).map(({ data }) => data['replyTo'])
      const passed = front.flatMap((record) => (record.sent ?? []).map(({ causationid }) => causationid))
      const accepted = given.map((_, index) => `m${index}`).filter((id) => !refused.includes(id))
      expect(passed).toEqual(accepted)

      const inputs = ['support', 'sales'].flatMap((kind) => of(kind).filter(({ input }) => input.type === 'message.received'))
      for (const kind of ['support', 'sales']) {
        const order = of(kind).flatMap(({ input }) => (input.causationid === undefined ? [] : [accepted.indexOf(input.causationid)]))
        expect(order).toEqual([...order].sort((a, b) => a - b))
      }
      expect(inputs.map(({ input }) => input.causationid).sort()).toEqual([...accepted].sort())
      const answered = emitted.map(({ data }) => data['replyTo']).filter((id) => !refused.includes(id))
      expect([...answered].sort()).toEqual([...accepted].sort())

      // The front counts nothing; each message has its row at the target.
      for (const [index, record] of front.entries()) {
        const rows = rowsOf({ tenant: 'acme', kind: 'front', id: 'c1' }, record, index + 1)
        expect(
          Object.entries(rows)
            .filter(([, all]) => all.length > 0)
            .map(([name]) => name),
        ).toEqual(record.ended.some(({ status }) => status === 'failed') ? ['events', 'dead_letters'] : ['events'])
        expect(record.case).toMatchObject({ messages: 0, no: 1, closed: false })
      }
      expect(inputs.flatMap((record) => observedMessages(record).filter(({ idx }) => idx === 0))).toHaveLength(accepted.length)
    }),
    { numRuns: cases(1_000) },
  )
})
