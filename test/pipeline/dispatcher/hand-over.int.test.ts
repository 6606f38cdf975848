import { afterEach, expect, test } from 'vitest'
import type { LogRecord } from '../../../schemas/record.ts'
import { encodeRecord } from '../../../schemas/record-form.ts'
import { logSubject, partitionOf } from '../../../schemas/subjects.ts'
import { caughtUp, publishAll, readLog } from '../../support/system-assertions.ts'
import { startSystem, type System } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

const ACTOR = { tenant: 'acme', kind: 'toy', id: 'mine' }
const add = (id = ACTOR.id) => ({ subject: `in.acme.toy.${id}`, body: { type: 'add', data: { by: 1 } } })

const started: System[] = []
afterEach(async () => {
  for (const system of started.splice(0)) await system.stop()
})
async function start(settings: Parameters<typeof startSystem>[0] = {}): Promise<System> {
  const system = await startSystem({ kinds: [toyKind], ...settings })
  started.push(system)
  return system
}

const handedOver = async ({ running }: System): Promise<number> =>
  (await running.metrics.handedOver.get()).values.reduce((sum, { value }) => sum + value, 0)

/** The ids of what is on OUT, in order. */
async function published({ running: { jetstream } }: System): Promise<string[]> {
  const { state } = await jetstream.jsm.streams.info('OUT')
  const consumer = await jetstream.js.consumers.get('OUT')
  const ids: string[] = []
  for await (const message of await consumer.fetch({ max_messages: state.messages, expires: 5_000 })) {
    ids.push(message.headers?.get('Nats-Msg-Id') ?? '')
    if (ids.length === state.messages) break
  }
  return ids
}
const emittedIn = (records: readonly LogRecord[]): string[] => records.flatMap(({ emitted }) => emitted.map(({ id }) => id))

test('the records of a host go to the dispatcher of its thread from hand to hand, each once and in order', async () => {
  const system = await start()
  await publishAll(
    system,
    Array.from({ length: 200 }, (_, index) => add(`a${index % 7}`)),
  )
  await caughtUp(system)

  const records = (await readLog(system)).map(({ record }) => record)
  expect((await published(system)).sort()).toEqual(emittedIn(records).sort())
  // A host that answers late on a busy machine is not waited for.
  expect(await handedOver(system)).toBeGreaterThan(records.length / 2)
})

test('what does not fit into the bounds is read from LOG', async () => {
  const system = await start({ settings: { IN_FLIGHT_MAX: '2' } })
  await publishAll(
    system,
    Array.from({ length: 200 }, () => add()),
  )
  await caughtUp(system)

  const records = (await readLog(system)).map(({ record }) => record)
  expect(await published(system)).toEqual(emittedIn(records))
})

test('a record that another host appended is dispatched in its place: before what this host appends after it', async () => {
  const system = await start()
  const { jetstream } = system.running
  await publishAll(system, [add()])
  await caughtUp(system)

  // As a host that was paused during its append, and lost the partition meanwhile.
  const [last] = (await readLog(system)).slice(-1)
  if (last === undefined) throw new Error('no record')
  const foreign = { ...last.record, n: 2, emitted: last.record.emitted.map((event) => ({ ...event, id: `foreign-${event.id}` })) }
  await jetstream.publisher.publish(logSubject(partitionOf(ACTOR, 64), ACTOR), encodeRecord(foreign))
  await publishAll(system, [add(), add()])
  await caughtUp(system)

  const records = (await readLog(system)).map(({ record }) => record)
  expect(records.map(({ n }) => n)).toEqual([1, 2, 3, 4])
  expect(await published(system)).toEqual(emittedIn(records))
  expect(emittedIn(records)).toContainEqual(expect.stringContaining('foreign-'))
  expect(await handedOver(system)).toBeLessThan(4)
})
