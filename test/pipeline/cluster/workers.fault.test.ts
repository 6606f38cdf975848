import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askStatus } from '../../../infra/app/status-service.ts'
import { openClusterRegistry } from '../../../pipeline/cluster/registry.ts'
import { publishAll, readLog } from '../../support/system-assertions.ts'
import { startSystem, type System } from '../../support/test-system.ts'
import { createWorkers } from '../../support/workers.ts'

/** Workers as processes of their own, against the servers of a system that runs none of the shared stages itself. */
let system: System
const workers = createWorkers(() => system)
let lastId = 0

beforeAll(async () => {
  system = await startSystem({ settings: { ROLES: 'project,serve' } })
})
afterAll(async () => {
  await workers.kill()
  await system.stop()
})

/** Number of the host partitions that each process reports, by pid. */
async function owners(): Promise<Map<number, number>> {
  const statuses = await askStatus(system.running.jetstream.nc)
  return new Map(
    statuses.flatMap(({ pid, stages }) => (stages.host?.partitions === undefined ? [] : [[pid, stages.host.partitions.length]])),
  )
}
const owned = async (): Promise<number> => [...(await owners()).values()].reduce((sum, count) => sum + count, 0)
const everyWorkerOwnsPartitions = (count: number) =>
  expect
    .poll(async () => {
      const counts = [...(await owners()).values()]
      return counts.length === count && counts.every((partitions) => partitions > 0) && counts.reduce((sum, one) => sum + one, 0) === 64
    })
    .toBe(true)

const send = async (count: number): Promise<string[]> => {
  const sentIds = Array.from({ length: count }, () => `w-${(lastId += 1)}`)
  await publishAll(
    system,
    sentIds.map((id, index) => ({
      subject: `in.acme.support.worker-${index % 50}`,
      body: { type: 'message.received', id, data: { role: 'user', text: 'hello' } },
    })),
  )
  return sentIds
}

describe('workers', () => {
  test('one worker owns all partitions, a second takes its share under load, and each input has one record, in order', async () => {
    await workers.start()
    await expect.poll(owned).toBe(64)
    const sentIds = await send(100)
    await workers.start()
    sentIds.push(...(await send(200)))
    await everyWorkerOwnsPartitions(2)
    sentIds.push(...(await send(100)))
    await expectRecorded(sentIds)
  })

  test('a worker that stops in order hands its partitions over at once', async () => {
    await workers.start()
    await everyWorkerOwnsPartitions(3)
    const leaving = workers.started.pop()
    const sentIds = send(200)
    leaving?.signal('SIGTERM')
    expect((await leaving?.ended)?.code).toBe(0)
    // It leaves no lease behind that others would have to wait for.
    const { members, leases } = await (await openClusterRegistry(system.running.jetstream, 1)).read(['host', 'dispatch'])
    const present = new Set<string | null>(members.map(({ id }) => id)).add(null)
    expect([...leases.values()].filter(({ member }) => !present.has(member))).toEqual([])
    await expect.poll(owned).toBe(64)
    await expectRecorded(await sentIds)
  })

  test('the partitions of a killed worker are taken over by the others', async () => {
    const killed = workers.started.pop()
    const sentIds = send(200)
    killed?.signal('SIGKILL')
    await killed?.ended
    await expect.poll(owned).toBe(64)
    await expectRecorded(await sentIds)
  })

  test('the partitions of a paused worker are taken over, and it appends nothing when it resumes', async () => {
    const paused = await workers.start()
    await everyWorkerOwnsPartitions(2)
    const sentIds = send(300)
    paused.signal('SIGSTOP')
    await expect
      .poll(async () => {
        const others = [...(await owners())].filter(([pid]) => pid !== paused.pid)
        return others.reduce((sum, [, count]) => sum + count, 0)
      })
      .toBe(64)
    await expectRecorded(await sentIds)
    paused.signal('SIGCONT')
    await everyWorkerOwnsPartitions(2)
    const more = await send(100)
    await expectRecorded(more)
  })
})

async function expectRecorded(sentIds: readonly string[]): Promise<void> {
  const expectedIds = new Set(sentIds)
  await expect
    .poll(async () => (await readLog(system)).filter(({ record }) => expectedIds.has(record.input.id)).length)
    .toBe(sentIds.length)
  const entries = (await readLog(system)).filter(({ record }) => record.input.id.startsWith('w-'))
  const byActor = Map.groupBy(entries, (entry) => entry.actor)
  for (const [, records] of byActor) {
    const numbers = records.map(({ record }) => Number(record.input.id.slice(2)))
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
    expect(new Set(numbers).size).toBe(numbers.length)
  }
}
