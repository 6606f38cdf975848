import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hookKind } from '../../../actors/kinds/hook/kind.ts'
import { type HookReceiver, startHookReceiver } from '../../support/hook-receiver.ts'
import { type CliProcess, startUp } from '../../support/run-cli.ts'
import { publishAll } from '../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'
import { natsSettingsOf } from '../../support/workers.ts'

const CONFIG = fileURLToPath(new URL('../../support/toy-config.ts', import.meta.url))
const ACTORS = 20
const EVENTS = 60

let receiver: HookReceiver
let system: System
const workers: CliProcess[] = []
beforeAll(async () => {
  receiver = await startHookReceiver()
  system = await startSystem({ kinds: [toyKind, hookKind], settings: { ROLES: 'host', LEASE_MS: '2000' } })
})
afterAll(async () => {
  for (const worker of workers) worker.signal('SIGKILL')
  await system.stop()
  await receiver.stop()
})

async function startWorker(): Promise<CliProcess> {
  const settings = { ...(await natsSettingsOf(system)), CONFIG, ROLES: 'dispatch', LEASE_MS: '2000', HOOK_HOSTS: receiver.host }
  const worker = await startUp({ dataDir: await temporaryFolder(), settings })
  workers.push(worker)
  return worker
}

test('a hook goes on after kill -9 of its process: every event arrives, those of an actor in order, repeats under their ids', async () => {
  await publishAll(system, [{ subject: 'in.acme.hook.all', body: { type: 'hook.set', data: { type: 'counted', url: receiver.url } } }])
  const first = await startWorker()
  const ids = Array.from({ length: ACTORS }, (_, index) => `k${index}`)
  const inputs = Array.from({ length: EVENTS }, () =>
    ids.map((id) => ({ subject: `in.acme.toy.${id}`, body: { type: 'add', data: { by: 1 } } })),
  )
  const published = publishAll(system, inputs.flat())
  await expect.poll(() => receiver.calls.length).toBeGreaterThan((ACTORS * EVENTS) / 4)
  first.signal('SIGKILL')
  await first.ended
  await startWorker()
  await published
  const arrived = (id: string): number[] => {
    const own = receiver.calls.filter(({ event }) => event.source.endsWith(`/${id}`))
    return [...new Map(own.map((call) => [call.id, Number(call.event.data['count'])])).values()]
  }
  await expect.poll(() => ids.map((id) => arrived(id).length)).toEqual(ids.map(() => EVENTS))
  for (const id of ids) expect(arrived(id)).toEqual(Array.from({ length: EVENTS }, (_, index) => index + 1))
})
