import { closeSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { countEndedProcesses, openDecisionSlot } from '../../../../infra/app/watchdog/decision-slots.ts'
import { loadHostEnds } from '../../../../pipeline/watchdog/ended-hosts.ts'
import { openSlotFile, writeSlot } from '../../../../pipeline/watchdog/slot-file.ts'
import { publishAll } from '../../../support/system-assertions.ts'
import { silent, startSystem, type System, temporaryFolder } from '../../../support/test-system.ts'

let system: System
let folder: string
beforeAll(async () => {
  folder = await temporaryFolder()
  system = await startSystem({ settings: { ROLES: 'dispatch' } })
})
afterAll(async () => {
  await system.stop()
  await rm(folder, { recursive: true })
})

const deps = () => ({ dataDir: folder, kv: system.running.kv, jetstream: system.running.jetstream, log: silent })
const files = async () => (await readdir(join(folder, 'decisions'))).filter((name) => !name.endsWith('-journal'))
const all = () => readdir(join(folder, 'decisions'))

test('the slot of a process that lives is left alone; that of one that ended is counted once and removed', async () => {
  const [seq = 0] = await publishAll(system, [{ subject: 'in.acme.support.x', body: { type: 'a', data: {} } }])
  const input = await system.running.jetstream.jsm.direct.getMessage('INBOX', { seq })
  const storedMs = input?.time.getTime() ?? 0

  const slot = await openDecisionSlot(folder)
  const file = openSlotFile(slot.path)
  writeSlot(file, seq, storedMs)
  closeSync(file)
  await countEndedProcesses(deps())
  expect(await files()).toHaveLength(2)
  expect((await loadHostEnds(system.running.kv, 0)).size).toBe(0)

  // A stop in the middle of a decision leaves the file, as an end does.
  await slot.remove()
  await countEndedProcesses(deps())
  await countEndedProcesses(deps())
  expect(await all()).toEqual([])
  expect([...(await loadHostEnds(system.running.kv, 0))]).toMatchObject([[seq, { storedMs, count: 1 }]])
  // INBOX no longer holds an input below this.
  expect((await loadHostEnds(system.running.kv, seq + 1)).size).toBe(0)
})

test('a slot that names another input, of a stream that was made again, counts for nobody', async () => {
  const [seq = 0] = await publishAll(system, [{ subject: 'in.acme.support.x', body: { type: 'a', data: {} } }])
  const slot = await openDecisionSlot(folder)
  const file = openSlotFile(slot.path)
  writeSlot(file, seq, 1)
  closeSync(file)
  await slot.remove()
  await countEndedProcesses(deps())
  expect((await loadHostEnds(system.running.kv, 0)).size).toBe(0)
  expect(await all()).toEqual([])
})
