import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newActor } from '../../../actors/core/actor.ts'
import { sentBy } from '../../../pipeline/dispatcher/outgoing-messages.ts'
import { createLateSends } from '../../../pipeline/host/late-sends.ts'
import { LIMITS } from '../../../schemas/limits.ts'
import { actorSubject } from '../../../schemas/subjects.ts'
import { ledgerKind, tellerKind } from '../../support/sender-kinds.ts'
import { caughtUp, type Entry, publishAll, readLog } from '../../support/system-assertions.ts'
import { silent, startSystem, type System } from '../../support/test-system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ kinds: [ledgerKind, tellerKind], settings: { ROLES: 'host,dispatch,tasks' } })
})
afterAll(() => system.stop())

const longest = 'x'.repeat(128)
const recordsOf = async (actor: string): Promise<Entry[]> => {
  await caughtUp(system)
  return (await readLog(system)).filter((entry) => entry.actor === actor)
}
const pay = (to: string, no: number, more: object = {}) => ({
  subject: `in.acme.teller.t1`,
  body: { type: 'pay', id: `p${no}`, data: { to, no, ...more } },
})

test('messages to an actor arrive once, in order, with their cause and sender', async () => {
  await publishAll(
    system,
    Array.from({ length: 50 }, (_, index) => pay('l1', index + 1)),
  )
  const records = await recordsOf('acme/ledger/l1')
  expect(records.map(({ record }) => record.input.data)).toEqual(
    Array.from({ length: 50 }, (_, index) => [{ no: index + 1 }, { no: -(index + 1) }]).flat(),
  )
  expect(records[2]?.record.input).toMatchObject({ causationid: 'p2', source: 'colloquy/acme/teller/t1', type: 'booked' })
  const [cause] = (await recordsOf('acme/teller/t1')).filter(({ record }) => record.input.id === 'p2')
  expect(cause?.record.sent).toEqual([
    { id: records[2]?.record.input.id, kind: 'ledger', actor: 'l1', type: 'booked', data: { no: 2 } },
    { id: records[3]?.record.input.id, kind: 'ledger', actor: 'l1', type: 'booked', data: { no: -2 } },
  ])
})

test('a message that arrives again is a duplicate, however late', async () => {
  const before = await recordsOf('acme/ledger/l1')
  const [, , third] = before
  const { type, id, source, sequence, data } = third?.record.input ?? {}
  const { publisher } = system.running.jetstream
  await publisher.publish(actorSubject({ tenant: 'acme', kind: 'ledger', id: 'l1' }), JSON.stringify({ type, id, source, sequence, data }))
  expect(await recordsOf('acme/ledger/l1')).toEqual(before)
})

test('what a dispatcher publishes twice arrives once, also where more actors have sent since than the receiver remembers', async () => {
  const senders = Array.from({ length: LIMITS.seenIdsMax + LIMITS.seenSourcesMax }, (_, index) => `s${index}`)
  await publishAll(
    system,
    senders.map((id) => ({ subject: `in.acme.teller.${id}`, body: { type: 'pay', id: 'p', data: { to: 'busy', no: 1 } } })),
  )
  const before = await recordsOf('acme/ledger/busy')
  expect(before).toHaveLength(2 * senders.length)
  const address = { tenant: 'acme', kind: 'teller', id: 's0' }
  const [first] = (await recordsOf('acme/teller/s0')).filter(({ record }) => record.sent !== undefined)
  if (first === undefined) throw new Error('s0 has sent nothing')

  for (const { subject, payload, msgId } of sentBy(address, first.record, first.record.salt)) {
    await system.running.jetstream.publisher.publish(subject, payload, { msgId })
  }

  expect(await recordsOf('acme/ledger/busy')).toEqual(before)
})

describe('a message that comes later than SENT recognises repeats, from an actor that its receiver has forgotten', () => {
  const address = { tenant: 'acme', kind: 'teller', id: 's0' }
  const hourAgo = new Date(Date.now() - 3_600_000).toISOString()
  const firstOf = async (): Promise<Entry['record']> => {
    const [first] = (await recordsOf('acme/teller/s0')).filter(({ record }) => record.sent !== undefined)
    if (first === undefined) throw new Error('s0 has sent nothing')
    return { ...first.record, at: hourAgo }
  }
  const sendLate = async (record: Entry['record']): Promise<void> => {
    for (const { subject, payload } of sentBy(address, record)) await system.running.jetstream.publisher.publish(subject, payload)
  }

  test('is taken once', async () => {
    const before = await recordsOf('acme/ledger/busy')
    expect(before.at(-1)?.record.seen.sources.map(([source]) => source)).not.toContain('colloquy/acme/teller/s0')
    await sendLate(await firstOf())
    expect(await recordsOf('acme/ledger/busy')).toEqual(before)
  })

  test('is taken where it never came before, and then once', async () => {
    const before = await recordsOf('acme/ledger/busy')
    const first = await firstOf()
    const late = { ...first, n: first.n + 1, sent: first.sent?.map((sent, index) => ({ ...sent, id: `late-${index}`, data: { no: 7 } })) }
    await sendLate(late)
    const after = await recordsOf('acme/ledger/busy')
    expect(after.slice(before.length).map(({ record }) => record.input.data)).toEqual([{ no: 7 }, { no: 7 }])
    await publishAll(
      system,
      Array.from({ length: LIMITS.seenIdsMax + LIMITS.seenSourcesMax }, (_, index) => ({
        subject: `in.acme.teller.u${index}`,
        body: { type: 'pay', id: 'p', data: { to: 'busy', no: 2 } },
      })),
    )
    const forgotten = await recordsOf('acme/ledger/busy')
    await sendLate(late)
    await sendLate(first)
    expect(await recordsOf('acme/ledger/busy')).toEqual(forgotten)
  })

  test('counts as new where its receiver has more records since than are read', async () => {
    const { jetstream } = system.running
    const last = (await recordsOf('acme/ledger/busy')).at(-1)
    if (last === undefined) throw new Error('there is no record')
    const { record } = (await recordsOf('acme/ledger/busy'))[0] ?? last
    const message = { storedMs: Date.now() }
    const input = { ...record.input, time: hourAgo }
    const receiver = { tenant: 'acme', kind: 'ledger', id: 'busy' }
    const cached = {
      actor: { ...newActor(receiver), dedupState: last.record.seen },
      lastSeq: last.seq,
      expectedSeq: last.seq,
      lastHash: undefined,
    }
    expect(await (await createLateSends(jetstream, silent)).isRecorded(cached, message, last.subject, input)).toBe(true)
    expect(await (await createLateSends(jetstream, silent, 100)).isRecorded(cached, message, last.subject, input)).toBe(false)
  })
})

test('a message stays in its tenant, and names of the maximum length arrive', async () => {
  await publishAll(system, [{ subject: `in.${longest}.teller.${longest}`, body: { type: 'pay', data: { to: longest, no: 1 } } }])
  expect((await recordsOf(`${longest}/ledger/${longest}`)).map(({ record }) => record.outcome)).toEqual(['committed', 'committed'])
})

test('a message to an unknown kind is rejected, and the others of its record arrive', async () => {
  await publishAll(system, [pay('l2', 99, { kind: 'nobody' })])
  const [rejected] = await recordsOf('acme/nobody/l2')
  const id = expect.any(String) as string
  expect(rejected?.record).toMatchObject({ reason: 'unknown_kind', subject: 'act.acme.nobody.l2', input: { id } })
  expect((await recordsOf('acme/ledger/l2')).map(({ record }) => record.input.data)).toEqual([{ no: -99 }])
})

test('a producer has no permission to publish on the subjects of messages between actors', async () => {
  const refused = new Promise<string>((resolve) => {
    const watch = async (): Promise<void> => {
      for await (const status of system.producer.status()) if (status.type === 'error') resolve(String(status.error))
    }
    void watch()
  })
  system.producer.publish(actorSubject({ tenant: 'acme', kind: 'ledger', id: 'l3' }), '{}')
  expect(await refused).toContain('Permissions Violation')
})

test('a metric counts messages by the kind that sends them', async () => {
  expect(await system.running.metrics.sent.get()).toMatchObject({ values: [{ labels: { kind: 'teller' }, value: 296 }] })
})
