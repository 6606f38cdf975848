import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { startDispatcher } from '../../../pipeline/dispatcher/dispatcher.ts'
import type { PartitionRun } from '../../../pipeline/runtime/partitioned-stage.ts'
import { createStreamTruncation } from '../../../pipeline/jetstream/stream-truncation.ts'
import { createCheckpoints } from '../../../pipeline/jetstream/checkpoints.ts'
import { partitionOf } from '../../../schemas/subjects.ts'
import { publishAll, readLog } from '../../support/system-assertions.ts'
import { sleeperKind } from '../../support/sleeper-kind.ts'
import { silent, startSystem, type System } from '../../support/test-system.ts'

const HOUR_MS = 3_600_000
const PARTITIONS = Array.from({ length: 64 }, (_, partition) => partition)

/** A host alone: the dispatcher is this file's own, and so is what it believes of its partitions. */
let system: System
beforeAll(async () => { system = await startSystem({ kinds: [sleeperKind], settings: { ROLES: 'host' } }) })
afterAll(() => system.stop())

const belief = { owns: true, holds: true }
let run: PartitionRun
beforeEach(async () => {
  Object.assign(belief, { owns: true, holds: true })
  run = await begin()
})
afterEach(() => run.stop())

const checkpoints = () => createCheckpoints(system.running.kv, 'dispatch')
function begin(): Promise<PartitionRun> {
  const { jetstream, kv, metrics } = system.running
  return startDispatcher({
    jetstream, metrics, log: silent, checkpoints: checkpoints(), truncation: createStreamTruncation({ jetstream, kv, log: silent, metrics }), partitions: PARTITIONS,
    isAssigned: () => belief.owns, hasValidLease: () => belief.holds, recordsMax: 64, bytesMax: 1024 ** 2, checkpointMs: 20,
  })
}

const nap = async (id: string): Promise<void> => {
  const before = (await readLog(system)).length
  await publishAll(system, [{ subject: `in.acme.sleeper.${id}`, body: { type: 'napA', data: { ms: HOUR_MS } } }])
  await expect.poll(async () => (await readLog(system)).length).toBe(before + 1)
}
const alarmOf = (id: string) => system.running.jetstream.jsm.streams.getMessage('TIMERS', { last_by_subj: `timer.acme.sleeper.${id}` })
const lastOfLog = async (): Promise<number> => (await system.running.jetstream.jsm.streams.info('LOG')).state.last_seq
const savedFor = async (id: string): Promise<number> =>
  (await checkpoints().load(partitionOf({ tenant: 'acme', kind: 'sleeper', id }, 64)))[0]?.seq ?? 0

test('an alarm that comes while the member is not heard of is put off, and not taken for set', async () => {
  belief.holds = false
  await nap('unheard')
  await expect.poll(() => run.progress().lag).toBe(1)
  expect(await alarmOf('unheard')).toBeNull()

  belief.holds = true

  await expect.poll(() => alarmOf('unheard')).not.toBeNull()
  await expect.poll(() => savedFor('unheard')).toBe(await lastOfLog())
})

test('an alarm of a partition that is another\'s by now is left to that one, and nothing says that it was done', async () => {
  belief.holds = false
  await nap('lost')
  await expect.poll(() => run.progress().lag).toBe(1)
  const before = await savedFor('lost')

  belief.owns = false
  await expect.poll(() => run.progress().lag).toBe(0)
  // Were the partition to come back at once, this run would have no part in it.
  Object.assign(belief, { owns: true, holds: true })
  await run.stop()

  expect(await alarmOf('lost')).toBeNull()
  expect(await savedFor('lost')).toBe(before)
  run = await begin()
  await expect.poll(() => alarmOf('lost')).not.toBeNull()
})

test.each([
  ['released', (id: string) => run.release([partitionOf({ tenant: 'acme', kind: 'sleeper', id }, 64)])],
  ['stopped', () => run.stop()],
] as const)('what is %s while the member is not heard of does not wait for that, and is left to the next', async (how, give) => {
  belief.holds = false
  await nap(how)
  await expect.poll(() => run.progress().lag).toBe(1)
  const before = await savedFor(how)

  await give(how)

  belief.holds = true
  await run.stop()
  expect(await savedFor(how)).toBe(before)
  expect(await alarmOf(how)).toBeNull()
  run = await begin()
  await expect.poll(() => alarmOf(how)).not.toBeNull()
})
