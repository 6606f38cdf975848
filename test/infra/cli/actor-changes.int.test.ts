import { afterAll, beforeAll, expect, test } from 'vitest'
import { refund } from '../../support/kit-kinds.ts'
import { cliJson, runCli } from '../../support/run-cli.ts'
import { caughtUp, publishAll, readLog, rows, tablesBesideLog } from '../../support/system-assertions.ts'
import { startSystem, type System } from '../../support/test-system.ts'

interface Changed {
  readonly actor: string
  readonly n: number
  readonly seq: number
  readonly outcome: string
  readonly from: string
  readonly to: string
  readonly status: string
}

const config = new URL('../../support/refund-same-config.ts', import.meta.url).pathname

let system: System
let cli: { dataDir: string }
beforeAll(async () => {
  system = await startSystem({ kinds: [refund], settings: { ROLES: 'host,dispatch,tasks,project' } })
  cli = { dataDir: system.settings.DATA_DIR }
  await send('o1', 'refund.asked', { amount: 500 })
  await send('o1', 'refund.approved', { by: 'ann' })
  await send('o2', 'refund.asked', { amount: 700 })
  await caughtUp(system)
})
afterAll(() => system.stop())

const send = (id: string, type: string, data: object) => publishAll(system, [{ subject: `in.acme.refund.${id}`, body: { type, data } }])
const change = async (...args: string[]): Promise<Changed> => {
  const [changed] = await cliJson<Changed>(args, cli)
  return changed ?? expect.fail(`colloquy ${args.join(' ')} printed nothing`)
}
const recordsOf = async (id: string) =>
  (await readLog(system)).filter(({ actor }) => actor === `acme/refund/${id}`).map(({ record }) => record)

test('an actor that has ended goes on from an earlier record, once for each id', async () => {
  expect((await recordsOf('o1')).at(-1)).toMatchObject({ to: 'paid', status: 'done' })
  const reset = await change('reset', 'acme/refund/o1', '--to', '1', '--by', 'ann', '--reason', '重复付款', '--id', 'r-1')
  expect(reset).toMatchObject({ actor: 'acme/refund/o1', n: 4, outcome: 'committed', from: 'paid', to: 'review', status: 'active' })
  expect(await change('reset', 'acme/refund/o1', '--to', '1', '--id', 'r-1')).toEqual(reset)

  const [record] = (await recordsOf('o1')).slice(-1)
  expect(record?.input.data).toEqual({ to: 1, by: 'ann', reason: '重复付款' })
  expect(record?.timers.map(({ event }) => event)).toEqual([expect.stringMatching('86400000')])
  await send('o1', 'refund.approved', { by: 'bob' })
  await caughtUp(system)
  expect((await recordsOf('o1')).map(({ to }) => to)).toEqual(['review', 'paying', 'paid', 'review', 'paying', 'paid'])
})

test('a cancelled actor has ended, and later inputs are rejected', async () => {
  const cancelled = await change('cancel', 'acme/refund/o2', '--id', 'c-1')
  expect(cancelled).toMatchObject({ n: 2, from: 'review', to: 'review', status: 'done' })
  expect(await change('cancel', 'acme/refund/o2', '--id', 'c-1')).toEqual(cancelled)
  await send('o2', 'refund.approved', { by: 'ann' })
  await caughtUp(system)
  const records = await recordsOf('o2')
  expect(records.slice(1)).toMatchObject([
    { input: { type: 'actor.cancelled' }, state: { timers: {} } },
    { outcome: 'rejected', reason: 'ended' },
  ])
  // The default is the user of the process, where it has a name.
  expect(Object.keys(records[1]?.input.data ?? {})).toEqual(['by'])
  expect((await runCli(['cancel', 'acme/refund/o2'], cli)).stderr).toContain('acme/refund/o2 has ended already, in "review"')
})

test('what there is not is refused, and says what there is', async () => {
  expect((await runCli(['reset', 'acme/refund/nobody', '--to', '1'], cli)).stderr).toContain('acme/refund/nobody has no record')
  expect((await runCli(['reset', 'acme/refund/o1', '--to', '99'], cli)).stderr).toContain('has records 1 to 6, and no 99')
  expect((await runCli(['reset', 'acme/refund/o1'], cli)).stderr).toContain('--to')
})

test('tables, their rebuild and the replay check understand both', async () => {
  await caughtUp(system)
  expect(await tablesBesideLog(system)).toEqual([])
  const states = await rows(system, `SELECT actor, state, status FROM colloquy.actors WHERE kind = 'refund' ORDER BY actor`)
  expect(states).toEqual([
    { actor: 'o1', state: 'paid', status: 'done' },
    { actor: 'o2', state: 'review', status: 'done' },
  ])
  const left = await rows<{ cause: string }>(system, `SELECT cause FROM colloquy.state_intervals WHERE actor = 'o1' AND state = 'paid'`)
  expect(left).toEqual([{ cause: 'actor.reset' }])
  expect((await runCli(['rebuild'], cli)).code).toBe(0)
  await caughtUp(system)
  expect(await tablesBesideLog(system)).toEqual([])
  const check = await runCli(['check', config], cli)
  expect([check.code, check.stdout, check.stderr]).toEqual([0, expect.any(String), expect.any(String)])
})
