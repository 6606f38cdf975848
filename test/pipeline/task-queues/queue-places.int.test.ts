import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { startHttpServer } from '../../../pipeline/http/http-server.ts'
import { createServiceTimesReader, MEASURED_RUNS } from '../../../pipeline/task-queues/measured-runs.ts'
import { createQueuePlaces } from '../../../pipeline/task-queues/queue-places.ts'
import { type LiveMessage, liveMessageSchema } from '../../../schemas/live-messages.ts'
import { inputSubject, liveSubject, taskSubject } from '../../../schemas/subjects.ts'
import { clientOf, type HttpClient, httpOptions } from '../../support/http-requests.ts'
import { createQueuedKind } from '../../support/queued-kind.ts'
import { publishAll } from '../../support/system-assertions.ts'
import { startSystem, type System } from '../../support/test-system.ts'

const { kind, works } = createQueuedKind()
let system: System
let http: HttpClient & { stop(): Promise<void> }
/** The places that records have told, by actor. */
const placed = new Map<string, number[]>()
let batches = 0
let ids: string[] = []

beforeAll(async () => {
  system = await startSystem({ kinds: [kind], settings: { ROLES: 'host,dispatch,tasks' } })
  const { jetstream, kv } = system.running
  jetstream.nc.subscribe('out.acme.queued.*.placed', {
    callback(_, message) {
      const id = message.subject.split('.')[3] ?? ''
      placed.set(id, [...(placed.get(id) ?? []), message.json<{ data: { place: number } }>().data.place])
    },
  })
  const queuePlaces = createQueuePlaces(jetstream, createServiceTimesReader(kv))
  const server = await startHttpServer(httpOptions(system, { queuePlaces }))
  http = { ...clientOf(server.url), stop: () => server.stop() }
})
afterAll(async () => {
  await http.stop()
  await system.stop()
})
beforeEach(() => {
  batches += 1
  ids = Array.from({ length: 8 }, (_, index) => `b${batches}-${index}`)
})

const actor = (id: string) => ({ tenant: 'acme', kind: 'queued', id })
const send = (type: 'go' | 'stop', to: readonly string[]) =>
  publishAll(
    system,
    to.map((id) => ({ subject: inputSubject(actor(id)), body: { type, data: {} } })),
  )

/** Lets runs end until none of the batch waits. */
async function finish(): Promise<void> {
  await expect
    .poll(async () => {
      for (const id of works.running) works.end(id)
      return (await Promise.all(ids.map(statusOf))).filter((status) => status !== 'done')
    })
    .toEqual([])
}
const statusOf = async (id: string): Promise<unknown> => (await http.get(`/v1/actors/acme/queued/${id}`)).body['status']

/** Waits until the records of all actors of the batch have told a place. @returns the actors in the order of their runs in TASKS */
async function allPlaced(): Promise<string[]> {
  await expect.poll(() => ids.filter((id) => placed.has(id))).toEqual(ids)
  const queued = await Promise.all(
    ids.map(async (id) => {
      const found = await system.running.jetstream.jsm.streams.getMessage('TASKS', { last_by_subj: taskSubject('work', actor(id)) })
      return { id, seq: found?.seq ?? 0 }
    }),
  )
  return queued.sort((one, other) => one.seq - other.seq).map(({ id }) => id)
}
const placeByHttp = async (id: string): Promise<unknown> => (await http.get(`/v1/actors/acme/queued/${id}`)).body['queue']

describe('a run that waits in the queue of its task', () => {
  test('has an expected time as soon as runs were measured', async () => {
    await system.running.kv.put('service-times.work.queued', JSON.stringify(Array.from({ length: MEASURED_RUNS }, () => 700)))
    await send('go', ids)
    onTestFinished(finish)
    const last = (await allPlaced()).at(-1) ?? ''
    // Two at a time: six wait, for three times 700 ms, and then its own.
    await expect.poll(() => placeByHttp(last)).toMatchObject([{ queuePlace: 6, expectedMs: 2_800 }])
  })

  test('has a place, which its records tell once, and the state of its actor as it is now', async () => {
    await send('go', ids)
    onTestFinished(finish)
    const order = await allPlaced()
    await expect.poll(() => works.running).toEqual(order.slice(0, 2))
    for (const [index, id] of order.entries()) {
      expect(await placeByHttp(id), `place of run ${index}`).toMatchObject([{ task: 'work', queuePlace: Math.max(0, index - 1) }])
    }
    works.end(order[0] ?? '')
    await expect.poll(() => works.running).toEqual(order.slice(1, 3))
    await expect.poll(() => placeByHttp(order[7] ?? '')).toMatchObject([{ queuePlace: 5 }])
    expect(ids.map((id) => placed.get(id))).toEqual(ids.map(() => [expect.any(Number) as number]))
  })

  test('is told its later places, each once, until it starts', async () => {
    const told = new Map<string, LiveMessage[]>()
    const live = system.running.jetstream.nc.subscribe(liveSubject(actor('*')), {
      callback(_, message) {
        const id = message.subject.split('.').at(-1) ?? ''
        told.set(id, [...(told.get(id) ?? []), liveMessageSchema.parse(message.json())])
      },
    })
    onTestFinished(() => live.unsubscribe())
    await system.running.jetstream.nc.flush()
    await send('go', ids)
    onTestFinished(finish)
    const order = await allPlaced()
    const last = order.at(-1) ?? ''
    works.end(order[0] ?? '')
    await expect.poll(() => told.get(last)?.at(-1)).toMatchObject({ event: 'place', task: 'work', queuePlace: 5 })
    await finish()
    await expect.poll(() => told.get(last)?.at(-1)).toMatchObject({ event: 'place', queuePlace: 0 })
    const places = (told.get(last) ?? []).map((message) => (message.event === 'place' ? message.queuePlace : -1))
    expect(places).toEqual([...new Set(places)].sort((a, b) => b - a))
  })

  test('leaves the queue when its machine stops it, and is never run', async () => {
    await send('go', ids)
    onTestFinished(async () => {
      for (const id of works.running) works.end(id)
    })
    const order = await allPlaced()
    await send('stop', order.slice(2, 7))
    const last = order[7] ?? ''
    await expect.poll(() => placeByHttp(last)).toMatchObject([{ queuePlace: 1 }])
    await finish()
    expect(works.started.filter((id) => ids.includes(id))).toEqual([order[0], order[1], last])
  })
})
