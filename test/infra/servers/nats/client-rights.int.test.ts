import { connect, createInbox, headers, type Msg, type NatsConnection, PermissionViolationError } from '@nats-io/transport-node'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { askStatus } from '../../../../infra/app/status-service.ts'
import { CLIENT_SERVICES, EVENTS_CONSUMER } from '../../../../schemas/client-access.ts'
import { STREAMS } from '../../../../schemas/subjects.ts'
import { caughtUp, publishAll, readLog } from '../../../support/system-assertions.ts'
import { startSystem, type System } from '../../../support/test-system.ts'
import { toyKind } from '../../../support/toy-kind.ts'

/** Streams and buckets, and what each must keep while a client attacks. */
const ALL = [...STREAMS, 'KV_colloquy', 'KV_colloquy_cluster']
const OWN = ['LOG', 'KV_colloquy', 'EVIL']

let system: System
let client: NatsConnection
/** What the server refused to the client, as its messages name it. */
let refused: string[]
/** Answers to the client. */
let answers: Msg[]
let inbox: string

beforeAll(async () => {
  system = await startSystem({ kinds: [toyKind], settings: { ROLES: 'host,dispatch,tasks' } })
  await publishAll(system, [input('old', 1)])
  await caughtUp(system)
})
afterAll(() => system.stop())
beforeEach(async () => {
  client = await connect({ servers: system.running.nats.url })
  ;[refused, answers, inbox] = [[], [], createInbox()]
  void (async () => {
    for await (const status of client.status()) {
      if (status.type === 'error' && status.error instanceof PermissionViolationError) refused.push(status.error.subject)
    }
  })()
  client.subscribe(`${inbox}.>`, { callback: (_, message) => void answers.push(message) })
  await client.flush()
})
afterEach(() => client.close())

const input = (id: string, by: number) => ({ subject: `in.acme.toy.${id}`, body: { type: 'add', data: { by } } })

/** The configuration, the first and the last message and the consumers of everything that is stored. */
async function stored(names: readonly string[] = ALL): Promise<unknown[]> {
  const { jsm } = system.running.jetstream
  return Promise.all(
    names.map(async (name) => {
      const { config, state } = await jsm.streams.info(name)
      return { config, first: state.first_seq, last: state.last_seq, messages: state.messages }
    }),
  )
}
/** Streams without heartbeats and leases, which change by themselves. */
const QUIET = ALL.filter((name) => !name.startsWith('KV_'))

const STREAM_CALLS = [
  ...['CREATE', 'UPDATE', 'INFO', 'DELETE', 'PURGE', 'SNAPSHOT', 'RESTORE', 'MSG.DELETE', 'MSG.GET', 'PEER.REMOVE', 'PEER.EVACUATE'],
  ...['LEADER.STEPDOWN', 'CANCEL_MOVE'],
]
const CONSUMER_CALLS = ['INFO', 'DELETE', 'PAUSE', 'RESET', 'UNPIN', 'MSG.NEXT', 'LEADER.STEPDOWN', 'PEER.REMOVE', 'PEER.EVACUATE']
/** Every subject that nats-server 2.15 answers, with names where it has wildcards. */
const API = [
  ...['INFO', 'STREAM.NAMES', 'STREAM.LIST', 'META.LEADER.STEPDOWN', 'META.RESCUE', 'SERVER.REMOVE', 'SERVER.EVACUATE'],
  ...['ACCOUNT.PURGE.CORE', 'ACCOUNT.STREAM.MOVE.CORE.LOG', 'ACCOUNT.STREAM.CANCEL_MOVE.CORE.LOG'],
  ...OWN.flatMap((stream) => [
    ...STREAM_CALLS.map((call) => `STREAM.${call}.${stream}`),
    ...['NAMES', 'LIST', 'CREATE'].map((call) => `CONSUMER.${call}.${stream}`),
    ...[`CREATE.${stream}.evil`, `CREATE.${stream}.evil.log.>`, `DURABLE.CREATE.${stream}.evil`].map((call) => `CONSUMER.${call}`),
    ...CONSUMER_CALLS.map((call) => `CONSUMER.${call}.${stream}.${EVENTS_CONSUMER}`),
    ...[`DIRECT.GET.${stream}`, `DIRECT.GET.${stream}.log.0.acme.toy.old`],
  ]),
  ...['INFO', 'DELETE', 'PAUSE', 'RESET', 'MSG.NEXT'].map((call) => `CONSUMER.${call}.OUT.${EVENTS_CONSUMER}`),
  ...[`CONSUMER.CREATE.OUT.${EVENTS_CONSUMER}`, `CONSUMER.DURABLE.CREATE.OUT.${EVENTS_CONSUMER}`],
].map((call) => `$JS.API.${call}`)

/** Subjects of Colloquy, of JetStream, and of the server itself. */
const INTERNAL = [
  ...['log.0.evil.toy.x', 'inbox.0.evil.toy.x', 'int.evil.toy.x', 'act.evil.toy.x', 'timer.evil.toy.x', 'task.answer.evil.toy.x'],
  ...['dead.bad_json.evil.toy.x', 'sent.evil.toy.x', 'out.evil.toy.x.counted', 'live.evil.toy.x', 'abort.run', '$KV.colloquy.evil'],
  ...['$KV.colloquy_cluster.member.evil', '$O.evil.C.x', '$JS.FC.LOG.evil.x', '$JS.ACK.LOG.evil.1.1.1.1.0', '$JS.SNAPSHOT.ACK.LOG.x'],
  ...['$JS.SNAPSHOT.RESTORE.LOG.x', 'colloquy.status', 'colloquy.search', '$SYS.REQ.USER.INFO', '$SYS.REQ.SERVER.PING'],
  ...['$SYS.REQ.ACCOUNT.PING.CONNZ', '$SYS.REQ.ACCOUNT.CORE.JSZ', '$SYS.REQ.SERVER.X.RELOAD', 'in.evil.toy', 'in.evil.toy.x.y', 'evil'],
]

/** Bodies that would do harm if the call were heard. */
const BODIES = [
  '',
  '{"seq":1}',
  '{"batch":100}',
  '{"name":"EVIL","stream_name":"LOG","config":{"durable_name":"evil","deliver_subject":"evil"}}',
]

/** Replies that a client must not be able to write to. */
const FOREIGN_REPLIES = [
  ...INTERNAL.filter((subject) => !subject.startsWith('$JS.ACK')),
  ...API.filter((subject) => /PURGE|DELETE|CREATE|UPDATE|STEPDOWN|MSG\.NEXT/.test(subject)),
]

test('an input for an actor of the cluster itself is refused', async () => {
  const before = await stored(['INBOX'])
  client.publish('in.colloquy.canary.cluster', JSON.stringify({ type: 'canary.sent', data: {} }))
  await expect.poll(() => refused).toEqual(['in.colloquy.canary.cluster'])
  expect(await stored(['INBOX'])).toEqual(before)
})

describe('a client without a name', () => {
  test('reaches nothing of the JetStream API, of the server, and of the subjects of Colloquy', async () => {
    const before = await stored(QUIET)
    let calls = 0
    for (const subject of [...API, ...INTERNAL]) {
      for (const body of BODIES) client.publish(subject, body, { reply: `${inbox}.${(calls += 1)}` })
    }
    await client.flush()

    await expect.poll(() => refused.length).toBe(calls)
    expect(new Set(refused)).toEqual(new Set([...API, ...INTERNAL]))
    expect(answers).toEqual([])
    expect(await stored(QUIET)).toEqual(before)
  })

  test('writes nowhere by the reply subject of a call that it may make', async () => {
    const acksOf = (subject: string): string => subject.replace('>', '1.1.1.1.0')
    const calls = CLIENT_SERVICES.map(({ client: subject }) => subject.replace('in.*.*.*', 'in.acme.toy.replies')).map(acksOf)
    const bodies = ['{"type":"add","data":{"by":1}}', '{"batch":1,"no_wait":true}', '+NXT {"batch":1,"no_wait":true}', 'no JSON']
    for (const subject of calls) {
      for (const reply of FOREIGN_REPLIES) for (const body of bodies) client.publish(subject, body, { reply })
    }
    await client.flush()
    await publishAll(system, [input('replies-end', 1)])
    await caughtUp(system)

    const records = (await readLog(system)).filter(({ actor }) => actor.startsWith('acme/toy/replies'))
    expect(records.length).toBe(bodies.length * FOREIGN_REPLIES.length + 1)
    const { jsm } = system.running.jetstream
    for (const stream of ALL) {
      for (const filter of ['*.*.evil.>', '*.evil.>', '*.*.*.evil.>', '$KV.*.evil', '$KV.*.*.evil']) {
        const found = await jsm.streams.getMessage(stream, { last_by_subj: filter }).catch(() => null)
        expect([stream, filter, found?.subject]).toEqual([stream, filter, undefined])
      }
    }
  })

  test('hears no reply and no message of Colloquy, whatever it subscribes to', async () => {
    const heard: string[] = []
    const wide = ['>', '*', '*.>', 'log.>', 'inbox.>', 'in.>', 'int.>', 'act.>', 'task.>', 'timer.>', 'dead.>', 'abort.>', '$KV.>', '$O.>']
    const system_ = ['$JS.>', '$JS.API.>', '$JS.ACK.>', '$JS.EVENT.>', '$JS.FC.>', '$SYS.>', 'colloquy.>', '_R_.>', '_GR_.>']
    for (const subject of [...wide, ...system_])
      client.subscribe(subject, { callback: (error, message) => void (error ?? heard.push(message.subject)) })
    client.subscribe('_INBOX.>', { callback: (_, message) => void heard.push(message.subject) })
    await client.flush()
    await expect.poll(() => refused.length).toBe(wide.length + system_.length)

    // Colloquy's own requests, consumers, records, tasks and events.
    await system.running.jetstream.js.publish('in.acme.toy.heard', JSON.stringify({ type: 'ask', data: { q: 'who listens?' } }))
    await caughtUp(system)
    expect(await askStatus(system.running.jetstream.nc)).toHaveLength(1)
    await client.flush()

    expect(heard).toEqual([])
  })

  test('harms no other message by a header', async () => {
    const before = await stored(QUIET)
    const all: readonly (readonly [name: string, value: string])[] = [
      ['Nats-Rollup', 'all'],
      ['Nats-Rollup', 'sub'],
      ['Nats-TTL', '1s'],
      ['Nats-TTL', 'never'],
      ['Nats-Schedule', '@at 2020-01-01T00:00:00Z'],
      ['Nats-Schedule', '@every 1s'],
      ['Nats-Schedule-Target', 'log.0.evil.toy.x'],
      ['Nats-Schedule-Source', 'log.0.evil.toy.x'],
      ['Nats-Schedule-TTL', '1s'],
      ['Nats-Schedule-Rollup', 'all'],
      ['Nats-Scheduler', 'timer.acme.toy.old'],
      ['Nats-Schedule-Next', 'purge'],
      ['Nats-Expected-Stream', 'LOG'],
      ['Nats-Expected-Last-Sequence', '1'],
      ['Nats-Expected-Last-Msg-Id', 'none'],
      ['Nats-Expected-Last-Subject-Sequence', '7'],
      ['Nats-Expected-Last-Subject-Sequence-Subject', 'log.>'],
      ['Nats-Incr', '+1'],
      ['Nats-Batch-Id', 'evil'],
      ['Nats-Batch-Commit', '1'],
      ['Nats-Marker-Reason', 'Purge'],
      ['Nats-Required-Api-Level', '99'],
      ['Nats-Trace-Dest', 'log.0.evil.toy.x'],
      ['Nats-Trace-Dest', 'out.evil.toy.x.counted'],
      ['KV-Operation', 'PURGE'],
      ['Colloquy-Log-Seq', '1'],
    ]
    const heard: string[] = []
    client.subscribe('out.evil.>', { callback: (_, { subject }) => void heard.push(subject) })
    for (const [index, [name, value]] of all.entries()) {
      const head = headers()
      head.set(name, value)
      if (name.startsWith('Nats-Schedule-')) head.set('Nats-Schedule', '@at 2020-01-01T00:00:00Z')
      if (name.startsWith('Nats-Batch')) head.set('Nats-Batch-Sequence', '1')
      if (name === 'Nats-Batch-Commit') head.set('Nats-Batch-Id', 'other')
      client.publish(`in.acme.toy.headers`, JSON.stringify(input('', 1).body), { headers: head, reply: `${inbox}.${index}` })
    }
    await publishAll(system, [input('headers-end', 1)])
    await caughtUp(system)

    const after = await stored(QUIET)
    for (const [index, was] of before.entries()) expect(after[index]).toMatchObject({ config: (was as { config: object }).config })
    const log = await readLog(system)
    expect(log.filter(({ actor }) => actor === 'acme/toy/old')).toHaveLength(1)
    expect(log.filter(({ subject }) => subject.includes('evil'))).toEqual([])
    expect(heard).toEqual([])
    const taken = answers.filter((message) => message.json<{ error?: object }>().error === undefined)
    const own = log.filter(({ actor }) => actor === 'acme/toy/headers')
    // None has an id: each is an input of its own, whatever headers it has.
    expect(own.map(({ record }) => record.inbox.seq)).toEqual(taken.map((message) => message.json<{ seq: number }>().seq))
    expect(new Set(refused)).toEqual(new Set(['log.0.evil.toy.x', 'out.evil.toy.x.counted']))
  })

  test('keeps INBOX from nothing by claiming that its messages were sourced, also after a restart', async () => {
    const { jsm } = system.running.jetstream
    await publishAll(system, [{ subject: 'in.acme.toy.first', body: { type: 'ask', data: { q: '?' } } }])
    await caughtUp(system)
    const sourced = await jsm.streams.getMessage('INBOX', { last_by_subj: 'inbox.*.*.*.*.int' })
    for (const source of [
      sourced?.header.get('Nats-Stream-Source').replace(/ \d+ /, ' 1000000 ') ?? '',
      'TIMERS 1000000',
      'SENT 1000000',
      'TIMERS 1000000 int.*.*.* x int.acme.toy.x',
      'TIMERS:abc 1000000 > > x',
    ]) {
      const head = headers()
      head.set('Nats-Stream-Source', source)
      const ack = await client.request('in.acme.toy.forged', JSON.stringify(input('', 1).body), { headers: head, timeout: 5_000 })
      expect(ack.json()).toMatchObject({ stream: 'INBOX' })
    }
    const { nats, jetstream: own } = system.running
    const { pid } = nats
    process.kill(pid ?? 0, 'SIGKILL')
    await expect.poll(() => nats.pid === pid || nats.pid === undefined, { timeout: 20_000 }).toBe(false)
    await expect
      .poll(
        async () =>
          own.jsm.streams.info('INBOX').then(
            () => true,
            () => false,
          ),
        { timeout: 20_000 },
      )
      .toBe(true)

    await publishAll(system, [{ subject: 'in.acme.toy.asks', body: { type: 'ask', data: { q: 'still sourced?' } } }])
    await caughtUp(system)
    const records = (await readLog(system)).filter(({ actor }) => actor === 'acme/toy/asks').map(({ record }) => record.input.type)
    expect(records).toEqual(['ask', 'task.done'])
  })
})
