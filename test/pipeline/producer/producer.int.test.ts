import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  createProducer,
  InputRefusedError,
  NotAcknowledgedError,
  type Producer,
  publish,
  type Receipt,
  WaitTimeoutError,
} from '../../../infra/index.ts'
import { cliJson, runCli } from '../../support/run-cli.ts'
import { caughtUp, readLog, rows } from '../../support/system-assertions.ts'
import { startSystem, type System } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

let system: System
let producer: Producer
beforeAll(async () => {
  system = await startSystem({ kinds: [toyKind] })
  producer = await createProducer(system.producer)
})
afterAll(async () => {
  await producer.close()
  await system.stop()
})

const add = (id: string, by = 1, messageId?: string) => ({ tenant: 'acme', kind: 'toy', id, type: 'add', data: { by }, messageId })
const recordsOf = async (actor: string) => (await readLog(system)).filter((entry) => entry.actor === `acme/toy/${actor}`)

describe('a producer in Node with the rights of any producer', () => {
  test('gets a receipt with the position, the id and the durability', async () => {
    const receipt = await publish(system.producer, add('plain', 1, '订单 1'))
    expect(receipt).toEqual({
      position: expect.any(Number) as number,
      id: '订单 1',
      duplicate: false,
      durability: { replicas: 1, fsync: '2m' },
    })
    const stored = await system.running.jetstream.jsm.streams.getMessage('INBOX', { seq: receipt.position })
    expect(stored?.header.get('Nats-Msg-Id')).toMatch(new RegExp(`^acme/toy/plain/${encodeURI('订单 1')}/[\\w-]{12}$`))
    expect(await publish({ servers: system.running.nats.url }, add('plain', 1, '订单 1'))).toEqual({ ...receipt, duplicate: true })
  })

  test('waits until its input is decided, sent or in the tables, and then finds it there', async () => {
    const { outcome, position } = await producer.publish(add('waits'), { wait: 'actor' })
    const [record] = await recordsOf('waits')
    expect([outcome, record?.record.inbox.seq]).toEqual(['committed', position])

    await producer.publish(add('waits', 2), { wait: 'out' })
    const out = await system.running.jetstream.jsm.streams.getMessage('OUT', { last_by_subj: 'out.acme.toy.waits.counted' })
    expect(out?.json<{ data: object }>().data).toEqual({ count: 3 })

    const { position: third } = await producer.publish(add('waits', 4), { wait: 'tables' })
    expect(await rows(system, `SELECT last_seq, label.count AS count FROM actors WHERE actor = 'waits'`)).toMatchObject([{ count: 7 }])
    expect((await recordsOf('waits')).at(-1)?.record.inbox.seq).toBe(third)
  })

  test('has a record for the same id from another source, and none for a repeat from the same', async () => {
    const from = (source: string | undefined, by: number) => producer.publish({ ...add('sources', by, 'm-1'), source }, { wait: 'actor' })
    const outcomes = [await from('web', 1), await from('crm', 2), await from(undefined, 4), await from('nats', 8), await from('crm', 16)]
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['committed', 'committed', 'committed', 'repeat', 'repeat'])
    expect((await recordsOf('sources')).map(({ record }) => record.input.source)).toEqual(['web', 'crm', 'nats'])
  })

  test('gets the outcome of a rejected input and of a repeat', async () => {
    expect(await producer.publish({ ...add('outcomes'), data: { by: 'much' } }, { wait: 'tables' })).toMatchObject({
      outcome: 'rejected',
      reason: 'bad_data',
    })
    expect(await producer.publish({ ...add('outcomes'), source: 'crm', sequence: 4 }, { wait: 'actor' })).toMatchObject({
      outcome: 'committed',
    })
    expect(await producer.publish({ ...add('outcomes'), source: 'crm', sequence: 4 }, { wait: 'out' })).toMatchObject({
      outcome: 'repeat',
      duplicate: false,
    })
  })

  test('refuses at once an input that any actor would reject', async () => {
    const refused = async (publication: Parameters<Producer['publish']>[0]) =>
      producer.publish(publication).catch((error: unknown) => error)
    expect(await refused({ ...add('x'), kind: 'a.b' })).toMatchObject({ code: 'bad_address' })
    expect(await refused({ ...add('x'), type: 'task.done' })).toMatchObject({ code: 'bad_input' })
    expect(await refused({ ...add('x'), data: { by: 'x'.repeat(300_000) } })).toMatchObject({ code: 'bad_input' })
    expect(await refused({ ...add('x'), data: { by: 1n } })).toBeInstanceOf(InputRefusedError)
  })

  test('publishes each input once although NATS is killed meanwhile', async () => {
    const { jetstream, nats } = system.running
    const before = nats.pid
    const receipts: Receipt[] = []
    await Promise.all(
      Array.from({ length: 10 }, async (_, actor) => {
        for (let i = 0; i < 30; i++) {
          receipts.push(await producer.publish(add(`killed-${actor}`, 1, `k-${actor}-${i}`), { timeoutMs: 60_000 }))
          if (receipts.length === 100) process.kill(before ?? 0, 'SIGKILL')
        }
      }),
    )
    expect(nats.pid).not.toBe(before)
    expect(new Set(receipts.map(({ position }) => position)).size).toBe(300)
    await caughtUp(system)
    const records = (await readLog(system)).filter(({ actor }) => actor.startsWith('acme/toy/killed-'))
    expect(records.map(({ record }) => record.input.id).sort()).toEqual(receipts.map(({ id }) => id).sort())
    expect(jetstream.nc.isClosed()).toBe(false)
  })

  test('reports within the timeout an input that may be stored, which can be published again with the same id', async () => {
    const { jsm } = system.running.jetstream
    await jsm.streams.update('INBOX', { max_bytes: 1 })
    const error: unknown = await producer.publish(add('full', 1, 'f-1'), { timeoutMs: 3_000 }).catch((failure: unknown) => failure)
    expect(error).toBeInstanceOf(NotAcknowledgedError)
    const message = expect.stringContaining('full until hosts have caught up') as string
    expect(error).toMatchObject({ code: 'not_acknowledged', messageId: 'f-1', message })
    await jsm.streams.update('INBOX', { max_bytes: 100_000_000 })
    expect(await producer.publish(add('full', 1, 'f-1'), { wait: 'actor' })).toMatchObject({ outcome: 'committed', id: 'f-1' })
  })
})

test('the command line waits for the same and prints it', async () => {
  const dataDir = system.settings.DATA_DIR
  const [receipt] = await cliJson(['publish', 'acme/toy/cli', 'add', '{"by":2}', '--id', 'c-1', '--wait', 'tables'], { dataDir })
  expect(receipt).toMatchObject({ actor: 'acme/toy/cli', id: 'c-1', outcome: 'committed', durability: { replicas: 1 } })
  expect(await rows(system, "SELECT label.count AS count FROM actors WHERE actor = 'cli'")).toEqual([{ count: 2 }])
  const rejected = await runCli(['publish', 'acme/toy/cli', 'add', '{}', '--force', '--wait', 'actor'], { dataDir })
  expect([rejected.code, rejected.stdout]).toEqual([1, expect.stringMatching(/rejected: bad_data \(data\.by/)])
})

test('a client without a name asks for the outcome of an input by hand, and is told what is wrong with a bad request', async () => {
  const ask = async (request: string): Promise<object> =>
    (await system.producer.request('colloquy.receipt', request, { timeout: 5_000 })).json<object>()
  const durability = { replicas: 1, fsync: '2m' }
  expect(await ask('{}')).toEqual({ durability })
  const stored = { tenant: 'acme', kind: 'toy', id: 'asked', payload: '{"type":"add","data":{"by":1}}' }
  const ack = await system.producer.request('in.acme.toy.asked', stored.payload, { timeout: 5_000 })
  const position = ack.json<{ seq: number }>().seq
  const input = { ...stored, wait: 'actor', position }
  expect(await ask(JSON.stringify({ input }))).toEqual({ durability, handled: { outcome: 'committed' } })
  // Nobody has published it: the process answers after a second that the input is pending.
  expect(await ask(JSON.stringify({ input: { ...input, id: 'nobody' } }))).toEqual({ durability })
  for (const bad of [
    '',
    'nonsense',
    'null',
    '[]',
    '{"position":21}',
    'x'.repeat(100_000),
    JSON.stringify({ input: { ...input, id: '*' } }),
  ]) {
    expect(await ask(bad)).toMatchObject({ error: { code: 'bad_receipt_request' } })
  }
})

test('a wait that times out is an error with the receipt', async () => {
  await system.running.stages.get('project')?.stop()
  const published = producer.publish(add('late', 1, 'l-1'), { wait: 'tables', timeoutMs: 3_000 })
  const error: unknown = await published.catch((failure: unknown) => failure)
  expect(error).toBeInstanceOf(WaitTimeoutError)
  const [record] = await recordsOf('late')
  expect(error).toMatchObject({ code: 'wait_timeout', receipt: { id: 'l-1', position: record?.record.inbox.seq } })
})
