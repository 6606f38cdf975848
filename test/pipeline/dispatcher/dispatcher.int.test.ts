import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { startDispatcher } from '../../../pipeline/dispatcher/dispatcher.ts'
import { createCheckpoints } from '../../../pipeline/jetstream/checkpoints.ts'
import { createStreamTruncation } from '../../../pipeline/jetstream/stream-truncation.ts'
import type { PartitionRun } from '../../../pipeline/runtime/partitioned-stage.ts'
import { partitionOf } from '../../../schemas/subjects.ts'
import { sleeperKind } from '../../support/sleeper-kind.ts'
import { publishAll, readLog } from '../../support/system-assertions.ts'
import { silent, startSystem, type System } from '../../support/test-system.ts'

const HOUR_MS = 3_600_000
const PARTITIONS = Array.from({ length: 64 }, (_, partition) => partition)

/** A system with a host only: each test runs its own dispatcher, with control over its leases. */
let system: System
beforeAll(async () => {
  system = await startSystem({ kinds: [sleeperKind], settings: { ROLES: 'host' } })
})
afterAll(() => system.stop())

const lease = { isAssigned: true, isValid: true }
let run: PartitionRun
beforeEach(async () => {
  Object.assign(lease, { isAssigned: true, isValid: true })
  run = await start()
})
afterEach(() => run.stop())

const checkpoints = () => createCheckpoints(system.running.kv, 'dispatch')
function start(): Promise<PartitionRun> {
  const { jetstream, kv, metrics } = system.running
  return startDispatcher({
    jetstream,
    metrics,
    log: silent,
    checkpoints: checkpoints(),
    partitions: PARTITIONS,
    truncation: createStreamTruncation({ jetstream, kv, log: silent, metrics }),
    isAssigned: () => lease.isAssigned,
    hasValidLease: () => lease.isValid,
    recordsMax: 64,
    bytesMax: 1024 ** 2,
    checkpointMs: 20,
    now: Date.now,
  })
}

const setTimer = async (id: string): Promise<void> => {
  const before = (await readLog(system)).length
  await publishAll(system, [{ subject: `in.acme.sleeper.${id}`, body: { type: 'napA', data: { ms: HOUR_MS } } }])
  await expect.poll(async () => (await readLog(system)).length).toBe(before + 1)
}
const wakeUpOf = (id: string) => system.running.jetstream.jsm.streams.getMessage('TIMERS', { last_by_subj: `timer.acme.sleeper.${id}` })
const lastLogSeq = async (): Promise<number> => (await system.running.jetstream.jsm.streams.info('LOG')).state.last_seq
const checkpointOf = async (id: string): Promise<number> =>
  (await checkpoints().load(partitionOf({ tenant: 'acme', kind: 'sleeper', id }, 64)))[0]?.seq ?? 0

test('a wake-up that is due while the lease is invalid is deferred, and the checkpoint waits for it', async () => {
  lease.isValid = false
  await setTimer('unheard')
  await expect.poll(() => run.progress().lag).toBe(1)
  expect(await wakeUpOf('unheard')).toBeNull()

  lease.isValid = true

  await expect.poll(() => wakeUpOf('unheard')).not.toBeNull()
  await expect.poll(() => checkpointOf('unheard')).toBe(await lastLogSeq())
})

test('a wake-up of a partition that another member took over is left to that member, and no checkpoint covers it', async () => {
  lease.isValid = false
  await setTimer('lost')
  await expect.poll(() => run.progress().lag).toBe(1)
  const before = await checkpointOf('lost')

  lease.isAssigned = false
  await expect.poll(() => run.progress().lag).toBe(0)
  // This run must not act for the partition even if its lease becomes valid again.
  Object.assign(lease, { isAssigned: true, isValid: true })
  await run.stop()

  expect(await wakeUpOf('lost')).toBeNull()
  expect(await checkpointOf('lost')).toBe(before)
  run = await start()
  await expect.poll(() => wakeUpOf('lost')).not.toBeNull()
})

test.each([
  ['released', (id: string) => run.release([partitionOf({ tenant: 'acme', kind: 'sleeper', id }, 64)])],
  ['stopped', () => run.stop()],
] as const)('a run %s while the lease is invalid does not wait for the lease, and leaves the wake-up to the next run', async (how, end) => {
  lease.isValid = false
  await setTimer(how)
  await expect.poll(() => run.progress().lag).toBe(1)
  const before = await checkpointOf(how)

  await end(how)

  lease.isValid = true
  await run.stop()
  expect(await checkpointOf(how)).toBe(before)
  expect(await wakeUpOf(how)).toBeNull()
  run = await start()
  await expect.poll(() => wakeUpOf(how)).not.toBeNull()
})
