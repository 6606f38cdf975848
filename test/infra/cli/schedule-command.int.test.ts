import { afterAll, beforeAll, expect, test } from 'vitest'
import { scheduleKind } from '../../../actors/kinds/schedule/kind.ts'
import { refund } from '../../support/kit-kinds.ts'
import { cliJson, runCli } from '../../support/run-cli.ts'
import { startSystem, type System } from '../../support/test-system.ts'

interface Listed {
  readonly name: string
  readonly schedule: object
  readonly due: string
  readonly sent: number
}

let system: System
let cli: { dataDir: string }
beforeAll(async () => {
  system = await startSystem({ kinds: [refund, scheduleKind], settings: { ROLES: 'host,dispatch,serve' } })
  cli = { dataDir: system.settings.DATA_DIR }
})
afterAll(() => system.stop())

const schedule = (...args: string[]) => cliJson<Listed>(['schedule', ...args, '--tenant', 'acme'], cli)
const refused = async (...args: string[]): Promise<string> => {
  const { code, stderr } = await runCli(['schedule', ...args, '--tenant', 'acme'], cli)
  expect(code).toBe(1)
  return stderr
}
const asked = ['refund/daily', 'refund.asked', '{"amount":5}'] as const

test('a schedule is added, listed, replaced and removed', async () => {
  const [added] = await schedule('add', 'morning', '0 8 * * 1-5', ...asked, '--time-zone', 'Asia/Shanghai', '--missed', 'skip')
  const target = { kind: 'refund', id: 'daily', type: 'refund.asked', data: { amount: 5 } }
  const morning = { every: '0 8 * * 1-5', timeZone: 'Asia/Shanghai', missed: 'skip', ...target }
  expect(added).toMatchObject({ name: 'morning', schedule: morning, sent: 0 })
  expect(added?.due).toMatch(/T00:00:00\.000Z$/)
  expect(await schedule('add', 'morning', '0 8 * * 1-5', ...asked, '--time-zone', 'Asia/Shanghai', '--missed', 'skip')).toEqual([added])

  await schedule('add', 'evening', '0 18 * * *', ...asked)
  expect((await schedule('ls')).map(({ name }) => name)).toEqual(['evening', 'morning'])
  expect(await schedule('add', 'morning', '30 7 * * *', ...asked)).toMatchObject([{ schedule: { every: '30 7 * * *' } }])
  expect(await schedule('rm', 'morning')).toEqual([{ name: 'morning' }])
  expect((await schedule('ls')).map(({ name }) => name)).toEqual(['evening'])
  const { stdout } = await runCli(['schedule', 'ls', '--tenant', 'acme'], cli)
  expect(stdout).toMatch(/evening\s+0 18 \* \* \*\s+UTC\s+refund\/daily\s+refund\.asked\s+once\s+\d{4}-/)
})

test('what no actor would take is refused before it is set', async () => {
  expect(await refused('add', 'x', 'every day', ...asked)).toContain('every: "every day" is no cron')
  expect(await refused('add', 'x', '* * * * * *', ...asked)).toContain('is due again after 1000 ms; at least 60000 ms')
  expect(await refused('add', 'x', '@daily', ...asked, '--time-zone', 'Mars')).toContain('there is no "Mars"')
  expect(await refused('add', 'x', '@daily', 'refunt/daily', 'refund.asked')).toContain('did you mean "refund"?')
  expect(await refused('add', 'x', '@daily', 'refund/daily', 'refund.asked', '{"amount":-5}')).toContain('Nothing was set')
  expect(await refused('add', 'x', '@daily', 'refund', 'refund.asked')).toContain('It must be <kind>/<id>')
  expect(await refused('rm', 'nothing')).toContain('the tenant acme has no schedule "nothing"')
  expect((await schedule('ls')).map(({ name }) => name)).toEqual(['evening'])
})
