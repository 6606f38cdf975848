import { afterAll, beforeAll, expect, test } from 'vitest'
import { canaryKind } from '../../../actors/kinds/canary/kind.ts'
import { joinCluster, type Membership } from '../../../pipeline/cluster/membership.ts'
import { openClusterRegistry } from '../../../pipeline/cluster/registry.ts'
import { silent, startSystem, type System } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ kinds: [canaryKind, toyKind], settings: { CANARY: 'on', ROLES: 'host,dispatch' } })
})
afterAll(() => system.stop())

async function join(id: string, workloads: readonly string[]): Promise<Membership> {
  const { jetstream } = system.running
  return joinCluster({
    jetstream,
    registry: await openClusterRegistry(jetstream, 1),
    id,
    workloads,
    hostIdentity: id,
    pid: process.pid,
    isProcessAlive: () => true,
    leaseMs: 3_000,
    log: silent,
  })
}

test('a host takes part in sending the canary, and one of an earlier version holds it back until it has left', async () => {
  const watcher = await join('watcher', [])
  await watcher.poll()
  expect(watcher.takePart('host', 'canary')).toBe(true)
  const earlier = await join('earlier', ['host'])
  await watcher.poll()
  expect(watcher.takePart('host', 'canary')).toBe(false)
  await earlier.leave()
  await earlier.stop()
  await watcher.poll()
  expect(watcher.takePart('host', 'canary')).toBe(true)
  await watcher.leave()
  await watcher.stop()
})
