import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBucket } from '../../../infra/app/prepare-streams.ts'
import { logSubject, partitionOf } from '../../../schemas/subjects.ts'
import { cliJson, runCli } from '../../support/run-cli.ts'
import { publishAll } from '../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

const actor = (id: string) => ({ tenant: 'acme', kind: 'toy', id })
const add = (id: string) => ({ subject: `in.acme.toy.${id}`, body: { type: 'add', data: { by: 1 } } })

let dataDir: string
let system: System
const start = () => startSystem({ kinds: [toyKind], dataDir, settings: { ROLES: 'host' } })
beforeAll(async () => {
  dataDir = await temporaryFolder()
  system = await start()
})
afterAll(async () => {
  await system.stop()
  await rm(dataDir, { recursive: true, force: true })
})

const partition = partitionOf(actor('a'), 64)
const ownPartitions = (): readonly number[] => system.running.stages.get('host')?.status().partitions ?? []
const recordsOf = async (id: string): Promise<number> => {
  const subject = logSubject(partitionOf(actor(id), 64), actor(id))
  const { state } = await system.running.jetstream.jsm.streams.info('LOG', { subjects_filter: subject })
  return state.subjects?.[subject] ?? 0
}

test('a host gives up the partition of a record of a newer form, and readers say which process to upgrade', async () => {
  await publishAll(system, [add('a')])
  await expect.poll(() => recordsOf('a')).toBe(1)
  await system.running.jetstream.js.publish(logSubject(partition, actor('a')), JSON.stringify({ v: 3, n: 2 }))
  // The next input is decided on the actor in memory, whose append is refused: the host then reads the record.
  await publishAll(system, [add('a')])
  await expect.poll(ownPartitions).not.toContain(partition)
  expect(ownPartitions().length).toBe(63)

  const other = ['b', 'c', 'd'].find((id) => partitionOf(actor(id), 64) !== partition) ?? ''
  await publishAll(system, [add(other)])
  await expect.poll(() => recordsOf(other)).toBe(1)
  expect(await recordsOf('a')).toBe(2)

  const shown = await runCli(['show', 'acme/toy/a'], { dataDir })
  expect(shown.code).not.toBe(0)
  expect(shown.stderr).toContain('newer_record')
  expect(await cliJson<{ n: number }>(['show', `acme/toy/${other}`], { dataDir })).toMatchObject([{ n: 1 }])
})

test('a process does not start where LOG may have records that it cannot read', async () => {
  const kv = await openBucket(system.running.jetstream.nc)
  await kv.put('kinds.upgrade-this-process--records-have-form-3', JSON.stringify({ version: 3 }))
  await system.stop()
  await expect(start()).rejects.toMatchObject({ code: 'newer_record' })
  // For the end of the test.
  system = await startSystem({ settings: { ROLES: 'host' } })
})
