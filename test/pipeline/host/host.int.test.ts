import { headers } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createActorCache } from '../../../pipeline/host/actor-cache.ts'
import { startHost } from '../../../pipeline/host/host.ts'
import type { Delivery } from '../../../pipeline/host/message-handler.ts'
import type { JetStreamContext } from '../../../pipeline/jetstream/connection.ts'
import type { RequestMux } from '../../../pipeline/jetstream/request-mux.ts'
import { caughtUp, publishAll, readLog, rows } from '../../support/system-assertions.ts'
import { silent, startSystem, type System } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ kinds: [toyKind] })
})
afterAll(() => system.stop())

const add = (by: number, more: object = {}) => ({ type: 'add', data: { by }, ...more })
const recordsOf = async (actor: string) => (await readLog(system)).filter((entry) => entry.actor === actor)

describe('the path of a message', () => {
  test('a message ends in a record, an event on OUT, and rows', async () => {
    const outMessages: { subject: string; id: string | undefined; body: Record<string, unknown> }[] = []
    const subscription = system.producer.subscribe('out.acme.toy.path.>', {
      callback: (_, message) =>
        void outMessages.push({ subject: message.subject, id: message.headers?.get('Nats-Msg-Id'), body: message.json() }),
    })
    const [position] = await publishAll(system, [{ subject: 'in.acme.toy.path', body: add(2, { id: 'm-1', correlationid: 'c-1' }) }])
    await caughtUp(system)
    subscription.unsubscribe()

    const [entry] = await recordsOf('acme/toy/path')
    expect(entry?.record).toMatchObject({ n: 1, outcome: 'committed', inbox: { seq: position }, from: '', to: 'open.idle' })
    const event = entry?.record.emitted[0]
    expect(outMessages).toEqual([
      {
        subject: 'out.acme.toy.path.counted',
        id: event?.id,
        body: expect.objectContaining({
          specversion: '1.0',
          id: event?.id,
          type: 'counted',
          source: 'colloquy/acme/toy/path',
          causationid: 'm-1',
          correlationid: 'c-1',
          data: { count: 2 },
        }) as unknown,
      },
    ])
    expect(
      await rows(
        system,
        `SELECT idx, type, id, outcome, state_from, state_to, data_raw, seq FROM events WHERE actor = 'path' ORDER BY idx`,
      ),
    ).toEqual([
      {
        idx: 0,
        type: 'add',
        id: 'm-1',
        outcome: 'committed',
        state_from: '',
        state_to: 'open.idle',
        data_raw: '{"by":2}',
        seq: entry?.seq,
      },
      {
        idx: 1,
        type: 'counted',
        id: event?.id,
        outcome: 'committed',
        state_from: '',
        state_to: 'open.idle',
        data_raw: '{"count":2}',
        seq: entry?.seq,
      },
    ])
    expect(await rows(system, `SELECT state, status, n, label.count AS count FROM actors WHERE actor = 'path'`)).toEqual([
      { state: 'open.idle', status: 'active', n: 1, count: 2 },
    ])
  })

  test('a task runs, its result reaches the actor, and its row has the outcome', async () => {
    await publishAll(system, [{ subject: 'in.acme.toy.task', body: { type: 'ask', data: { q: 'why' } } }])
    await expect.poll(async () => (await recordsOf('acme/toy/task')).map((entry) => entry.record.to)).toEqual(['open.asking', 'open.idle'])
    await caughtUp(system)
    expect(
      await rows(
        system,
        `SELECT name, status, attempts, toBool(queue_ms >= 0) AS queued, toBool(duration_ms >= 0) AS took FROM tasks WHERE actor = 'task'`,
      ),
    ).toEqual([{ name: 'answer', status: 'done', attempts: 1, queued: true, took: true }])
  })
})

describe('bad input', () => {
  const text = (value: string) => JSON.stringify({ type: 'note', data: { text: value } })
  test.each([
    ['not-json', 'rubbish', 'bad_json'],
    ['not-utf8', new Uint8Array([0x7b, 0xff, 0x7d]), 'bad_json'],
    ['wrong-types', '{"type":7,"data":[]}', 'bad_envelope'],
    ['deep', `{"type":"note","data":{"a":${'['.repeat(3000)}${']'.repeat(3000)}}}`, 'bad_envelope'],
    ['columbus', JSON.stringify({ ...add(1), time: '1492-10-12T00:00:00Z' }), 'bad_envelope'],
    ['surrogate', '{"type":"note","data":{"text":"\\ud83d"}}', 'bad_envelope'],
    ['forged', JSON.stringify({ type: 'xstate.done.actor.answering', data: {} }), 'bad_envelope'],
    ['megabyte', text('x'.repeat(1_000_000)), 'too_large'],
    ['throws', JSON.stringify({ type: 'throw', data: {} }), 'poison'],
    ['spins', JSON.stringify({ type: 'spin', data: {} }), 'poison'],
    ['large-state', text('x'.repeat(100_000)), 'state_too_large'],
  ])('%s is rejected with a dead letter, and the next input is committed', async (id, payload, reason) => {
    const subject = `in.acme.toy.${id}`
    const [position] = await publishAll(system, [{ subject, body: payload }])
    await publishAll(system, [{ subject, body: add(1) }])
    await caughtUp(system)
    const [rejected, next] = await recordsOf(`acme/toy/${id}`)
    expect(rejected?.record).toMatchObject({ outcome: 'rejected', reason, subject })
    expect(next?.record).toMatchObject({ outcome: 'committed', label: { count: 1 } })

    const deadLetter = await system.running.jetstream.jsm.streams.getMessage('DEAD', { last_by_subj: `dead.${reason}.acme.toy.${id}` })
    expect(Buffer.from(deadLetter?.data ?? []).equals(Buffer.from(payload))).toBe(true)
    expect(deadLetter?.header.get('Colloquy-Reason')).toBe(reason)
    expect(deadLetter?.header.get('Colloquy-Inbox-Seq')).toBe(String(position))
    expect(await rows(system, `SELECT reason, subject, inbox_seq FROM dead_letters WHERE actor = '${id}'`)).toEqual([
      { reason, subject, inbox_seq: position },
    ])
  })

  test('an input for an unknown kind is rejected and makes no row of an actor', async () => {
    await publishAll(system, [{ subject: 'in.acme.nobody.x', body: add(1) }])
    await caughtUp(system)
    expect((await recordsOf('acme/nobody/x'))[0]?.record).toMatchObject({ reason: 'unknown_kind' })
    expect(await rows(system, `SELECT count() AS n FROM actors WHERE kind = 'nobody'`)).toEqual([{ n: 0 }])
  })

  test('a subject with a wildcard or a foreign token is rejected', async () => {
    await publishAll(system, [
      { subject: 'in.acme.toy.*', body: add(1) },
      { subject: 'in.acme.b.>', body: add(1) },
      { subject: 'in.acme.toy.商店', body: add(1) },
    ])
    await caughtUp(system)
    expect((await recordsOf('acme/_/_')).map((entry) => [entry.record.reason, entry.record.subject])).toEqual(
      expect.arrayContaining([
        ['bad_subject', 'in.acme.toy.*'],
        ['bad_subject', 'in.acme.b.>'],
        ['bad_subject', 'in.acme.toy.商店'],
      ]),
    )
  })

  test('an input with an id that its actor has handled is a duplicate and leaves no record', async () => {
    await publishAll(system, [
      { subject: 'in.acme.toy.again', body: add(1, { id: 'one' }) },
      { subject: 'in.acme.toy.again', body: add(5, { id: 'one' }) },
    ])
    await caughtUp(system)
    expect((await recordsOf('acme/toy/again')).map((entry) => entry.record.label)).toEqual([{ count: 1 }])
  })

  test('an input of a type that the machine does not know is committed, and its row has the data as sent', async () => {
    await publishAll(system, [
      { subject: 'in.acme.toy.unheard', body: { type: 'un.heard', data: { 'a.b': 1, a: { b: 2 }, nul: '\u0000', text: '你好' } } },
    ])
    await caughtUp(system)
    const [row] = await rows(system, `SELECT outcome, data_raw, data_error FROM events WHERE actor = 'unheard'`)
    expect(row).toMatchObject({ outcome: 'committed', data_raw: '{"a.b":1,"a":{"b":2},"nul":"\\u0000","text":"你好"}' })
    expect(row?.['data_error']).toBeTruthy()
  })

  test('a message with a rollup header is refused and deletes nothing', async () => {
    const { jetstream } = system.running
    const before = (await jetstream.jsm.streams.info('INBOX')).state.messages
    const rollup = headers()
    rollup.set('Nats-Rollup', 'all')
    const reply = await system.producer.request('in.acme.toy.rollup', JSON.stringify(add(1)), { headers: rollup, timeout: 5_000 })
    expect(reply.json<{ error?: object }>().error).toBeDefined()
    expect((await jetstream.jsm.streams.info('INBOX')).state.messages).toBeGreaterThanOrEqual(before)
  })

  test('a producer cannot publish on an internal subject', async () => {
    await publishAll(system, [{ subject: 'in.acme.toy.inside', body: { type: 'pause', data: {} } }])
    await caughtUp(system)
    const [entry] = await recordsOf('acme/toy/inside')
    const forged = JSON.stringify({ type: 'timer.fired', run: entry?.record.timers[0]?.run })
    await expect(system.producer.request('int.acme.toy.inside', forged, { timeout: 2_000 })).rejects.toThrow()
    await publishAll(system, [{ subject: 'in.acme.toy.inside', body: add(1) }])
    await caughtUp(system)
    expect((await recordsOf('acme/toy/inside')).at(-1)?.record.to).toBe('paused')
  })
})

/** A host of all partitions, beside the system's own. */
const startSecond = (jetstream: JetStreamContext, actors = createActorCache<Delivery>(1_000)) => {
  const { kv, kinds, metrics } = system.running
  return startHost({
    jetstream,
    kv,
    kinds,
    metrics,
    log: silent,
    partitions: Array.from({ length: 64 }, (_, partition) => partition),
    actors,
    isAssigned: () => true,
    hasValidLease: () => true,
    isLost: async () => false,
    yieldPartition: async () => undefined,
    recordForm: () => 2,
    messagesMax: 256,
    bytesMax: 8 * 1024 * 1024,
    now: () => new Date().toISOString(),
  })
}

test('a host loads at most 32 actors at a time: nats-server appends nothing while it searches LOG for one that rested', async () => {
  const { jetstream } = system.running
  const { promise: mayLoad, resolve: open } = Promise.withResolvers<void>()
  let loading = 0
  const mux: RequestMux = {
    ...jetstream.mux,
    async request(subject, ...given) {
      if (!subject.includes('.DIRECT.GET.LOG.')) return jetstream.mux.request(subject, ...given)
      loading += 1
      await mayLoad
      return jetstream.mux.request(subject, ...given).finally(() => (loading -= 1))
    },
  }
  const actors = createActorCache<Delivery>(1_000)
  const second = await startSecond({ ...jetstream, mux }, actors)
  await publishAll(
    system,
    Array.from({ length: 300 }, (_, i) => ({ subject: `in.acme.toy.cold-${i}`, body: add(1) })),
  )
  // It takes 256 messages at most.
  await expect.poll(() => actors.size).toBeGreaterThan(200)
  expect(loading).toBe(32)
  open()
  await expect.poll(() => second.progress().lag).toBe(0)
  await second.stop()
})

describe('competing hosts', () => {
  test('two hosts on the same partitions give every input exactly one record, in order', async () => {
    const second = await startSecond(system.running.jetstream)
    const messages = Array.from({ length: 2_000 }, (_, i) => ({ subject: `in.acme.toy.both-${i % 20}`, body: add(1, { id: `b-${i}` }) }))
    await publishAll(system, messages)
    await caughtUp(system)
    await expect.poll(() => second.progress().lag).toBe(0)
    await second.stop()
    for (let actor = 0; actor < 20; actor++) {
      const entries = await recordsOf(`acme/toy/both-${actor}`)
      expect(entries.map((entry) => entry.record.input.id)).toEqual(Array.from({ length: 100 }, (_, i) => `b-${i * 20 + actor}`))
      expect(entries.map((entry) => entry.record.n)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
    }
  })
})
