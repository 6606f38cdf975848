import { afterAll, beforeAll, expect, test } from 'vitest'
import { assign, setup } from 'xstate'
import { z } from 'zod'
import { defineKind, type Kind } from '../../../actors/definition/define-kind.ts'
import { publishAll, readLog } from '../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../support/test-system.ts'
import { natsSettingsOf } from '../../support/workers.ts'

/** A counter whose second version counts in another field. */
function counter(version: 1 | 2): Kind {
  const field = version === 1 ? 'count' : 'total'
  const kind = defineKind({
    name: 'counter',
    version,
    context: z.record(z.string(), z.number()),
    events: { add: z.object({ by: z.number() }) },
    emits: {},
    tasks: {},
    ...(version === 1 ? {} : { migrate: { 1: ({ value, context }) => ({ value, context: { total: Number(context['count']) } }) } }),
  })
  return kind.with(
    setup({
      ...kind.xstate,
      actions: { add: assign(({ context, event }) => ({ [field]: (context[field] ?? 0) + event.data.by })) },
    }).createMachine({ id: 'counter', context: { [field]: 0 }, initial: 'open', states: { open: { on: { add: { actions: 'add' } } } } }),
  )
}

const ACTORS = Array.from({ length: 30 }, (_, index) => `c${index}`)

let older: System
const newer: System[] = []
let dataDir: string

beforeAll(async () => {
  dataDir = await temporaryFolder()
  older = await startSystem({ kinds: [counter(1)], dataDir })
})
afterAll(async () => {
  for (const system of newer) await system.stop()
  await older.stop()
})

async function startNewer(): Promise<System> {
  const system = await startSystem({ kinds: [counter(2)], settings: { ...(await natsSettingsOf(older)), ROLES: 'host,dispatch' } })
  newer.push(system)
  return system
}
const partitionsOf = (system: System): number => system.running.stages.get('host')?.status().partitions?.length ?? 0
const addToAll = (): Promise<number[]> =>
  publishAll(
    older,
    ACTORS.map((id) => ({ subject: `in.acme.counter.${id}`, body: { type: 'add', data: { by: 1 } } })),
  )
/** The machine and sum of every actor's last record. */
async function lastRecords(): Promise<Map<string, { n: number; machine: string; sum: number }>> {
  return new Map(
    (await readLog(older)).map(({ actor, record }) => {
      const context = record.state?.context ?? {}
      return [actor, { n: record.n, machine: record.machine, sum: Number(context['count'] ?? context['total']) }]
    }),
  )
}
const allAt = (n: number) =>
  expect.poll(async () => [...(await lastRecords()).values()].filter((last) => last.n === n && last.sum === n).length).toBe(ACTORS.length)

test('hosts of both versions run side by side, and the older one leaves actors alone that the newer one has migrated', async () => {
  await addToAll()
  await allAt(1)
  const second = await startNewer()
  await expect.poll(() => partitionsOf(second) > 0 && partitionsOf(older) + partitionsOf(second) === 64).toBe(true)
  await addToAll()
  await allAt(2)
  const machines = new Set([...(await lastRecords()).values()].map(({ machine }) => machine))
  expect([...machines].sort()).toEqual(['counter@1', 'counter@2'])

  // After the newer host stops, the actors that it has migrated wait, and all others go on.
  newer.pop()
  await second.stop()
  await expect.poll(() => partitionsOf(older)).toBe(64)
  await addToAll()
  const migrated = [...(await lastRecords())].filter(([, { machine }]) => machine === 'counter@2').map(([actor]) => actor)
  await expect.poll(async () => [...(await lastRecords())].filter(([, { n }]) => n === 3).length).toBeGreaterThan(0)
  await expect.poll(() => partitionsOf(older)).toBeLessThan(64)
  expect([...(await lastRecords())].filter(([actor, { n }]) => migrated.includes(actor) && n > 2)).toEqual([])

  // With a newer host again, the waiting actors go on.
  await startNewer()
  await allAt(3)
})
