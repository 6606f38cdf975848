import { afterAll, beforeAll, expect, test } from 'vitest'
import { refund } from '../../support/kit-kinds.ts'
import { cliJson, runCli } from '../../support/run-cli.ts'
import { caughtUp, publishAll, readLog } from '../../support/system-assertions.ts'
import { startSystem, type System } from '../../support/test-system.ts'

let system: System
let cli: { dataDir: string }
beforeAll(async () => {
  system = await startSystem({ kinds: [refund], settings: { ROLES: 'host,dispatch,tasks,project' } })
  cli = { dataDir: system.settings.DATA_DIR }
  const asked = (actor: string, amount: number) => ({ subject: `in.${actor}`, body: { type: 'refund.asked', data: { amount } } })
  await publishAll(system, [asked('acme.refund.small', 20), asked('acme.refund.large', 500), asked('other.refund.large', 700)])
  await caughtUp(system)
})
afterAll(() => system.stop())

const list = async (...args: string[]): Promise<string[]> =>
  (await cliJson<{ tenant: string; kind: string; id: string }>(['actors', ...args], cli))
    .map(({ tenant, kind, id }) => `${tenant}/${kind}/${id}`)
    .sort()

test('actors are listed by kind, tenant, state and text', async () => {
  expect(await list('--kind', 'refund')).toEqual(['acme/refund/large', 'acme/refund/small', 'other/refund/large'])
  expect(await list('--kind', 'refund', '--state', 'review')).toEqual(['acme/refund/large', 'other/refund/large'])
  expect(await list('--tenant', 'acme', '--text', 'large')).toEqual(['acme/refund/large'])
  expect(await list('--kind', 'nobody')).toEqual([])
  expect(await list('--limit', '1')).toHaveLength(1)
})

test('a tenant that no actor has is told, with those that actors have', async () => {
  expect(await runCli(['actors', '--tenant', 'acm'], cli)).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('No actor is of the tenant "acm"; did you mean "acme"? tenants of actors: acme, other') as string,
  })
  const { stderr } = await runCli(['actors', '--tenant', 'other', '--kind', 'refund', '--state', 'reviewed'], cli)
  expect(stderr).toContain('No actor of the tenant "other" of the kind "refund" is in the state "reviewed"')
})

test('a kind or state that no actor has is told, with those that actors have', async () => {
  const kind = await runCli(['actors', '--kind', 'refnd', '--state', 'review'], cli)
  expect(kind).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/No actor is of the kind "refnd"; did you mean "refund"\? kinds of actors: .*refund/) as string,
  })
  const state = await runCli(['actors', '--kind', 'refund', '--state', 'reviewed', '--json'], cli)
  expect(state).toMatchObject({
    code: 0,
    stdout: '',
    stderr: expect.stringMatching(/No actor of the kind "refund" is in the state "reviewed"; .*states of actors: .*review/) as string,
  })
  const both = await runCli(['actors', '--kind', 'refund', '--state', 'review', '--text', 'none such'], cli)
  expect(both.stderr).not.toContain('No actor')
})

test('any condition over the table narrows them further, and a wrong one says what is wrong', async () => {
  expect(await list('--kind', 'refund', '--where', "n = 1 AND tenant != 'acme' -- as in SQL")).toEqual(['other/refund/large'])
  const wrong = await runCli(['actors', '--where', 'nothing = 1'], cli)
  expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringMatching(/nothing/)])
  const empty = await runCli(['actors', '--where', ' '], cli)
  expect([empty.code, empty.stderr]).toEqual([1, expect.stringMatching(/--where[^]*It must be a text/)])
  const written = await runCli(['actors', '--where', '1) SETTINGS x = 1; DROP TABLE actors --'], cli)
  expect(written.code).toBe(1)
  expect(await list('--text', 'small')).toEqual(['acme/refund/small'])
})

test('for people a table, with the state and the label', async () => {
  const { stdout } = await runCli(['actors', '--kind', 'refund', '--tenant', 'acme', '--state', 'review'], cli)
  expect(stdout).toMatch(/^actor\tstate\tstatus\trecords\tlast\tlabel\nacme\/refund\/large\treview\tactive\t1\t\d{4}-/)
})

test('tail begins at a time', async () => {
  const log = await readLog(system)
  const last = log.at(-1)
  const from = new Date(Date.parse(last?.record.inbox.ts ?? '') - 1).toISOString()
  const lines = await cliJson<{ seq: number }>(['tail', '--from', '2020-01-01', '--limit', String(log.length)], cli)
  expect(lines.map(({ seq }) => seq)).toEqual(log.map(({ seq }) => seq))
  const [first] = await cliJson<{ seq: number }>(['tail', '--from', from, '--limit', '1'], cli)
  expect(first?.seq).toBeLessThanOrEqual(last?.seq ?? 0)
  expect(first?.seq).toBeGreaterThan(1)
  expect((await runCli(['tail', '--from', 'yesterday'], cli)).stderr).toContain('It must be a day or a time')
  expect((await runCli(['tail', '--from', '2020-01-01', '--since', '1'], cli)).stderr).toContain('cannot be used with')
})
