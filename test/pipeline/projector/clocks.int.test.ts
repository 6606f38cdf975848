import { afterAll, beforeAll, expect, test } from 'vitest'
import { openProgressMarks } from '../../../pipeline/projector/progress-mark.ts'
import { startProjector } from '../../../pipeline/projector/projector.ts'
import { caughtUp, publishAll, rows } from '../../support/system-assertions.ts'
import { silent, startSystem, type System } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

let system: System
beforeAll(async () => {
  // The test runs the projector itself.
  system = await startSystem({ kinds: [toyKind], settings: { ROLES: 'host,dispatch,tasks,serve' } })
})
afterAll(() => system.stop())

const DAY_MS = 86_400_000

/** A projector by a clock that is ahead. */
async function projectorAhead(days: number) {
  const { jetstream, kv, client, metrics } = system.running
  if (client === undefined) throw new Error('no tables')
  return startProjector({
    jetstream,
    kv,
    clickhouse: client,
    metrics,
    log: silent,
    partitionCount: system.settings.PARTITIONS,
    batchRecordsMax: 100,
    batchMs: 5,
    recordsMax: 200,
    bytesMax: 1_000_000,
    progressMs: 20,
    now: () => new Date(Date.now() + days * DAY_MS).toISOString(),
  })
}

async function addAndWait(count: number): Promise<void> {
  await publishAll(
    system,
    Array.from({ length: count }, () => ({ subject: 'in.acme.toy.t1', body: { type: 'add', data: { by: 1 } } })),
  )
  await caughtUp(system)
}
const projected = async (): Promise<unknown> => (await rows<{ seq: number }>(system, 'SELECT projected_seq AS seq FROM freshness'))[0]?.seq

test('after a run by a clock 400 days ahead the next run moves the progress mark, and so does one that is behind', async () => {
  await addAndWait(3)
  const ahead = await projectorAhead(400)
  await expect.poll(projected).toBe(3)
  await ahead.stop()

  const right = await projectorAhead(0)
  await addAndWait(4)
  await expect.poll(projected).toBe(7)
  // The time of the mark is the present one again, and no longer a condition for the next mark.
  await expect.poll(() => rows(system, 'SELECT at < now() + INTERVAL 1 DAY AS present FROM freshness')).toEqual([{ present: 1 }])
  await right.stop()

  const behind = await projectorAhead(-400)
  await addAndWait(2)
  await expect.poll(projected).toBe(9)
  await behind.stop()
})

test('a run that was replaced does not set the mark of its successor back', async () => {
  const { client } = system.running
  if (client === undefined) throw new Error('no tables')
  const mark = (projectedSeq: number) => {
    const at = new Date().toISOString()
    return { projectedSeq, logLastSeq: projectedSeq, completeTo: at, at, history: [] }
  }
  const before = await openProgressMarks(client)
  await before.save(mark(100))
  const after = await openProgressMarks(client)
  await after.save(mark(101))
  await before.save(mark(100))
  expect(await projected()).toBe(101)
})
