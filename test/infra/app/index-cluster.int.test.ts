import { afterAll, beforeAll, expect, test } from 'vitest'
import { type IndexCluster, joinIndexCluster } from '../../../infra/app/index-cluster.ts'
import { joinCluster, type Membership } from '../../../pipeline/cluster/membership.ts'
import { openClusterRegistry } from '../../../pipeline/cluster/registry.ts'
import { silent, startSystem, type System } from '../../support/test-system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ settings: { ROLES: 'host,dispatch' } })
})
afterAll(() => system.stop())

/** A member as another process would be. */
async function join(pid: number, workloads: readonly string[]): Promise<Membership> {
  const { jetstream } = system.running
  return joinCluster({
    jetstream,
    registry: await openClusterRegistry(jetstream, 1),
    id: `member-${pid}-${workloads.join()}`,
    workloads,
    hostIdentity: 'elsewhere pid:[7]',
    pid,
    isProcessAlive: () => true,
    leaseMs: 3_000,
    log: silent,
  })
}
const enter = (embedModel: string | undefined, started: AsyncDisposableStack): Promise<IndexCluster> =>
  joinIndexCluster(
    { settings: { EMBED_MODEL: embedModel, LEASE_MS: 3_000 }, jetstream: system.running.jetstream, replicas: 1, log: silent },
    started,
  )

test('a process lacks a model until it announces it, and one of an earlier version until it has left', async () => {
  await using started = new AsyncDisposableStack()
  const own = await enter(undefined, started)
  expect(await own.lacking('m-1')).toMatch(/^process \d+ on /)
  await own.announceModel('m-1')
  await expect.poll(() => own.lacking('m-1')).toBeUndefined()
  expect(await own.lacking('m-2')).toContain(String(process.pid))

  // Its index and the thread of its roles are one process.
  const other = [await join(4_711, ['search-index']), await join(4_711, ['embed-abc', 'train'])]
  const earlier = await join(4_712, ['project-abc', 'train'])
  const none = await join(4_713, ['host', 'dispatch'])
  await expect.poll(() => own.lacking('m-1')).toBe('process 4711 on elsewhere, process 4712 on elsewhere')
  await other[0]?.takeUp('search-index.has.m-1')
  await expect.poll(() => own.lacking('m-1')).toBe('process 4712 on elsewhere')
  await earlier.stop()
  await expect.poll(() => own.lacking('m-1')).toBeUndefined()
  for (const member of [...other, none]) await member.stop()
  own.withdrawModel('m-1')
  await expect.poll(() => own.lacking('m-1')).toContain(String(process.pid))
})

test('one process with the setting "auto" is enough, as long as it lives', async () => {
  await using started = new AsyncDisposableStack()
  const own = await enter(undefined, started)
  expect(own.wantsAuto()).toBe(false)
  const other = new AsyncDisposableStack()
  expect((await enter('auto', other)).wantsAuto()).toBe(true)
  await expect.poll(() => own.wantsAuto()).toBe(true)
  await other.disposeAsync()
  await expect.poll(() => own.wantsAuto()).toBe(false)
})
