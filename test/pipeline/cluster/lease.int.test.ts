import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openClusterRegistry } from '../../../pipeline/cluster/registry.ts'
import { encodeRecord, RECORD_FORM } from '../../../schemas/record-form.ts'
import { logSubject, partitionOf } from '../../../schemas/subjects.ts'
import { caughtUp, publishAll, readLog } from '../../support/system-assertions.ts'
import { startSystem, type System } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

/** With such a lease a member polls the registry every twelve seconds: a loss that it notices earlier it notices by a refused append. */
const LEASE_MS = '60000'
const ACTOR = { tenant: 'acme', kind: 'toy', id: 'mine' }

let system: System
beforeAll(async () => {
  system = await startSystem({ kinds: [toyKind], settings: { LEASE_MS } })
})
afterAll(() => system.stop())

test('after a refused append a host polls the registry and drops a partition that another member claimed, with its actors', async () => {
  const { jetstream, stages, metrics } = system.running
  const partition = partitionOf(ACTOR, 64)
  const add = { subject: 'in.acme.toy.mine', body: { type: 'add', data: { by: 1 } } }
  await publishAll(system, [add])
  await caughtUp(system)

  // Another member claims the partition and appends before the owner polls the registry again.
  const registry = await openClusterRegistry(jetstream, 1)
  await registry.heartbeat({ id: 'other', works: ['host'], place: 'elsewhere', pid: 1, shares: {}, declines: {}, recordForm: RECORD_FORM })
  const before = (await registry.read(['host'])).leases.get(`host.${partition}`)
  const taken = await registry.claim('host', partition, 'other', before)
  expect(taken?.epoch).toBe((before?.epoch ?? 0) + 1)
  const last = (await readLog(system)).at(-1)
  if (last === undefined) throw new Error('no record')
  await jetstream.publisher.publish(logSubject(partition, ACTOR), encodeRecord({ ...last.record, n: 2, emitted: [] }))

  await publishAll(system, [add])
  await expect.poll(() => stages.get('host')?.status().partitions?.includes(partition)).toBe(false)
  expect((await metrics.partitionsLost.get()).values).toEqual([{ labels: { work: 'host' }, value: 1 }])
  expect((await readLog(system)).map(({ record }) => record.n)).toEqual([1, 2])
  // The host does not release a lease that another member holds.
  expect((await registry.read(['host'])).leases.get(`host.${partition}`)).toMatchObject({ member: 'other', epoch: taken?.epoch })
  await registry.removeMember('other')
})

test('a host without heartbeats for longer than a lease waits until the registry confirms its partitions, then goes on', async () => {
  await using started = new AsyncDisposableStack()
  const own = started.adopt(await startSystem({ kinds: [toyKind], settings: { LEASE_MS: '1000' } }), (one) => one.stop())
  const { nats, metrics } = own.running
  const loads = async (): Promise<number> => (await metrics.actorLoads.get()).values.reduce((sum, { value }) => sum + value, 0)
  const add = { subject: 'in.acme.toy.mine', body: { type: 'add', data: { by: 1 } } }
  await publishAll(own, [add])
  await caughtUp(own)
  expect(await loads()).toBe(1)

  const pid = nats.pid ?? NaN
  process.kill(pid, 'SIGSTOP')
  const published = publishAll(own, [add])
  await delay(2_500) // Longer than the lease, which runs on the real clock.
  process.kill(pid, 'SIGCONT')
  await published
  await caughtUp(own)
  expect((await readLog(own)).map(({ record }) => record.n)).toEqual([1, 2])
  expect(await loads()).toBe(1)
})

test('a member that stops while NATS is slow to answer still releases its partitions', async () => {
  const { nats } = system.running
  const user = system.running.nats.connection.user ?? ''
  const password = system.running.nats.connection.pass ?? ''
  const other = await startSystem({
    kinds: [toyKind],
    settings: { LEASE_MS, ROLES: 'host', NATS_URL: nats.url, NATS_USER: user, NATS_PASSWORD: password },
  })
  const partitionsOf = ({ running }: System): number => running.stages.get('host')?.status().partitions?.length ?? 0
  await expect.poll(() => partitionsOf(other)).toBeGreaterThan(0)

  const pid = nats.pid ?? NaN
  process.kill(pid, 'SIGSTOP')
  const stopped = other.stop()
  await delay(1_500) // As long as a slow disk may take, and far less than the lease, so that no other member takes over.
  process.kill(pid, 'SIGCONT')
  await stopped

  await expect.poll(() => partitionsOf(system)).toBe(64)
})
