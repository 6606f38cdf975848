import { afterAll, beforeAll, expect, test } from 'vitest'
import { billingKind, orderKind } from '../../support/billed-order.ts'
import { cliJson, runCli } from '../../support/run-cli.ts'
import { caughtUp, publishAll, readLog, rows, tablesBesideLog } from '../../support/system-assertions.ts'
import { startSystem, type System } from '../../support/test-system.ts'

const config = new URL('../../support/child-config.ts', import.meta.url).pathname

let system: System
let cli: { dataDir: string }
beforeAll(async () => {
  system = await startSystem({ kinds: [orderKind, billingKind], settings: { ROLES: 'host,dispatch,tasks,project' } })
  cli = { dataDir: system.settings.DATA_DIR }
})
afterAll(() => system.stop())

const send = (actor: string, type: string, data: object) =>
  publishAll(system, [{ subject: `in.acme.${actor.replace('/', '.')}`, body: { type, data } }])
const change = (...args: string[]) => cliJson<{ n: number; status: string; to: string }>(args, cli)
const recordsOf = async (actor: string) =>
  (await readLog(system)).filter((entry) => entry.actor === `acme/${actor}`).map(({ record }) => record)
const last = async (actor: string) => (await recordsOf(actor)).at(-1)

/** The children of an order that any of its records has, oldest first. */
const childrenOf = async (order: string): Promise<string[]> => [
  ...new Set(
    (await recordsOf(`order/${order}`)).flatMap(({ state }) => Object.values(state?.children ?? {}).map(({ actor }) => `billing/${actor}`)),
  ),
]

/** An order whose child has charged the amount and waits to be confirmed. */
async function waiting(order: string): Promise<string> {
  await send(`order/${order}`, 'placed', { amount: 7 })
  await expect.poll(async () => (await last(`order/${order}`))?.state?.context['receipt'], { timeout: 60_000 }).toBe('seen r-7')
  const [child = ''] = await childrenOf(order)
  expect(await last(child)).toMatchObject({ to: 'confirming', status: 'active' })
  return child
}

test('a cancel ends the children of an actor, and the parent of a cancelled child takes its error', async () => {
  const child = await waiting('o1')
  await change('cancel', 'acme/order/o1', '--reason', '不再需要')
  await expect.poll(async () => (await last(child))?.status, { timeout: 60_000 }).toBe('stopped')
  expect(await last('order/o1')).toMatchObject({ to: 'billing', status: 'done', sent: [{ type: 'xstate.stop' }] })

  const other = await waiting('o2')
  await change('cancel', `acme/${other}`)
  await expect.poll(async () => (await last('order/o2'))?.to, { timeout: 60_000 }).toBe('failed')
  expect((await last('order/o2'))?.state?.context['problem']).toContain('child_cancelled')
})

test('a reset stops the children of now and starts those of then again, which go on to the end', async () => {
  const child = await waiting('o3')
  await send('order/o3', 'split', { name: 'later', amount: 3 })
  await expect.poll(() => childrenOf('o3'), { timeout: 60_000 }).toHaveLength(2)
  await change('reset', 'acme/order/o3', '--to', '1', '--by', 'ann')
  for (const of of (await childrenOf('o3')).slice(0, 2)) {
    await expect.poll(async () => (await last(of))?.status, { timeout: 60_000 }).toBe('stopped')
  }
  const again = (await childrenOf('o3')).at(-1) ?? ''
  expect(again).not.toBe(child)
  await expect.poll(async () => (await last(again))?.to, { timeout: 60_000 }).toBe('confirming')
  await expect.poll(async () => (await last('order/o3'))?.state?.context['receipt'], { timeout: 60_000 }).toBe('seen r-7')
  await send('order/o3', 'confirm', { receipt: 'r-7' })
  await expect.poll(async () => (await last('order/o3'))?.to, { timeout: 60_000 }).toBe('paid')
  expect(await last(again)).toMatchObject({ to: 'charged', status: 'done' })
})

test('the tables, the replay check and `show` say the same', async () => {
  await caughtUp(system)
  expect(
    await rows(system, "SELECT status, count() AS n FROM colloquy.actors WHERE kind = 'billing' GROUP BY status ORDER BY status"),
  ).toEqual([
    { status: 'done', n: 2 },
    { status: 'stopped', n: 3 },
  ])
  expect(await tablesBesideLog(system)).toEqual([])
  const [again = ''] = (await childrenOf('o3')).slice(-1)
  expect((await runCli(['show', `acme/${again}`], cli)).stdout).toContain('order/o3')
  const check = await runCli(['check', config], cli)
  expect([check.code, check.stdout, check.stderr]).toEqual([0, expect.any(String), expect.any(String)])
})
