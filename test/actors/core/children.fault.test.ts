import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { billingKind, orderKind } from '../../support/billed-order.ts'
import { runCli } from '../../support/run-cli.ts'
import { type Entry, publishAll, readLog, rows, tablesBesideLog } from '../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../support/test-system.ts'
import { createWorkers } from '../../support/workers.ts'

const CONFIG = fileURLToPath(new URL('../../support/child-config.ts', import.meta.url))

/** Workers as processes of their own, against the servers of a system that runs none of their stages. */
let system: System
let dataDir: string
const workers = createWorkers(() => system)

beforeAll(async () => {
  dataDir = await temporaryFolder()
  system = await startSystem({ dataDir, kinds: [orderKind, billingKind], settings: { CONFIG, ROLES: 'project,serve' } })
})
afterAll(async () => {
  await workers.kill()
  await system.stop()
})

const ORDERS = 40
const isCancelled = (order: number): boolean => order % 4 === 3

const lastOf = (log: readonly Entry[], kind: string): Entry[] => [
  ...new Map(log.filter(({ actor }) => actor.startsWith(`acme/${kind}/`)).map((entry) => [entry.actor, entry])).values(),
]
/** The number of actors of a kind by their last status and state. */
const standing = (log: readonly Entry[], kind: string): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const { record } of lastOf(log, kind)) {
    const name = `${record.status} ${kind === 'order' ? record.to : ''}`.trim()
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

test('kill -9 of the workers of parents and children loses and doubles no start, no stop and no end', async () => {
  const input = (order: number, type: string, data: object) => ({
    subject: `in.acme.order.o${order}`,
    body: { type, id: `${type}-${order}`, data },
  })
  const orders = Array.from({ length: ORDERS }, (_, order) => order)
  await publishAll(
    system,
    // An order that is cancelled waits for a confirmation that never comes.
    orders.map((order) => input(order, 'placed', { amount: order, confirms: !isCancelled(order) })),
  )
  // An order, its child's start, the charge, progress, confirmation and end are six records.
  for (const records of [ORDERS * 0.5, ORDERS * 2, ORDERS * 4]) {
    const pair = [await workers.start({ CONFIG }), await workers.start({ CONFIG })]
    await expect.poll(async () => (await readLog(system)).length, { timeout: 60_000, interval: 20 }).toBeGreaterThan(records)
    if (records === ORDERS * 2)
      await publishAll(
        system,
        orders.filter(isCancelled).map((order) => input(order, 'cancelled', {})),
      )
    for (const worker of pair) worker.signal('SIGKILL')
    await Promise.all(pair.map((worker) => worker.ended))
  }
  await workers.start({ CONFIG })

  const cancelled = orders.filter(isCancelled).length
  await expect
    .poll(async () => standing(await readLog(system), 'order'), { timeout: 120_000 })
    .toEqual({ 'done paid': ORDERS - cancelled, 'active open': cancelled })
  await expect
    .poll(async () => standing(await readLog(system), 'billing'), { timeout: 120_000 })
    .toEqual({ done: ORDERS - cancelled, stopped: cancelled })

  const log = await readLog(system)
  expect(log.filter(({ record }) => record.outcome === 'rejected').map(({ record }) => record.error)).toEqual([])
  const times = (type: string): number[] => [
    ...new Set(
      lastOf(log, 'billing').map(({ actor }) => log.filter((entry) => entry.actor === actor && entry.record.input.type === type).length),
    ),
  ]
  expect(times('xstate.init')).toEqual([1])
  const ends = log.filter(({ record }) => record.input.type === 'xstate.done.actor.bill')
  expect(new Set(ends.map(({ actor }) => actor)).size).toBe(ends.length)
  expect(log.filter(({ record }) => record.input.type === 'xstate.stop')).toHaveLength(cancelled)

  await expect.poll(() => tablesBesideLog(system), { timeout: 60_000 }).toEqual([])
  const children = "SELECT parent_kind, child, status, count() AS n FROM actors WHERE kind = 'billing' GROUP BY ALL ORDER BY status"
  const counted = [
    { parent_kind: 'order', child: 'bill', status: 'done', n: ORDERS - cancelled },
    { parent_kind: 'order', child: 'bill', status: 'stopped', n: cancelled },
  ]
  expect(await rows(system, children)).toEqual(counted)
  for (const command of [['rebuild'], ['check'], ['verify']]) {
    const { code, stdout, stderr } = await runCli(command, { dataDir, settings: { CONFIG } })
    expect({ command, code, said: code === 0 ? '' : `${stdout}${stderr}` }).toEqual({ command, code: 0, said: '' })
  }
  expect(await rows(system, children)).toEqual(counted)

  const [child] = lastOf(log, 'billing').filter(({ record }) => record.status === 'stopped')
  const parent = { kind: 'order', id: String(child?.record.case.parent?.id), child: 'bill' }
  const shown = await runCli(['show', child?.actor ?? ''], { dataDir })
  expect(shown.stdout).toContain(`parent    acme/order/${parent.id} (as bill)`)
  const answer = await fetch(`${system.running.http?.url}/v1/actors/${child?.actor}`)
  expect(await answer.json()).toMatchObject({ status: 'stopped', parent, children: [] })
}, 300_000)
