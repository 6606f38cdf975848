import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { type Kind, kindsByName } from '../../../actors/definition/define-kind.ts'
import { canaryKind } from '../../../actors/kinds/canary/kind.ts'
import { withJetStream } from '../../../infra/app/connect-to-running.ts'
import { given } from '../../../infra/testkit.ts'
import type { Found } from '../../../pipeline/replay-check/deviation-causes.ts'
import { checkLog, type CheckOptions, type CheckSummary } from '../../../pipeline/replay-check/replay-check.ts'
import { CANARY_ADDRESS } from '../../../schemas/canary-events.ts'
import { inputSubject } from '../../../schemas/subjects.ts'
import { createRefund, createRefund2, refund } from '../../support/kit-kinds.ts'
import { cliJson, runCli } from '../../support/run-cli.ts'
import { caughtUp, publishAll } from '../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../support/test-system.ts'

const MEMORY_BYTES_MAX = 64 * 1024 * 1024
const config = (name: string): string => fileURLToPath(new URL(`../../support/refund-${name}-config.ts`, import.meta.url))

let system: System
let cli: { dataDir: string }

/** Refunds of two tenants: small amounts, large ones, some without a decision; and invalid inputs. */
beforeAll(async () => {
  system = await startSystem({ kinds: [refund], settings: { ROLES: 'host,dispatch,tasks' } })
  cli = { dataDir: system.settings.DATA_DIR }
  const send = (actor: string, type: string, data: object) => ({
    subject: `in.${actor.replaceAll('/', '.')}`,
    body: { type, data, id: `${actor} ${type}` },
  })
  const amounts = {
    'acme/refund/r1': 20,
    'acme/refund/r2': 60,
    'acme/refund/r3': 70,
    'acme/refund/r4': 500,
    'other/refund/r5': 800,
    'other/refund/r6': 30,
  }
  await publishAll(
    system,
    Object.entries(amounts).map(([actor, amount]) => send(actor, 'refund.asked', { amount })),
  )
  await publishAll(system, [
    send('acme/refund/r4', 'refund.refused', {}),
    { subject: 'in.acme.refund.r4', body: 'not json' },
    send('other/refund/r5', 'refund.asked', { amount: 'much' }),
  ])
  await caughtUp(system)
})
afterAll(() => system.stop())

const DEFAULTS = { onProgress: () => undefined, mode: 'each' as const, memoryBytesMax: MEMORY_BYTES_MAX }

async function check(kind: Kind, options: Partial<CheckOptions> = {}): Promise<CheckSummary & { found: Found[] }> {
  const found: Found[] = []
  const summary = await withJetStream(system.settings, (jetstream) =>
    checkLog({ ...DEFAULTS, jetstream, kinds: kindsByName([kind]), kind: 'refund', onFound: (one) => found.push(one), ...options }),
  )
  return { ...summary, found }
}

const actorsOf = (found: readonly Found[]): string[] => [...new Set(found.map(({ address }) => address.id))].sort()

describe('colloquy check', () => {
  test('finds no deviation without a change', async () => {
    const { code, stdout } = await runCli(['check', config('same')], cli)
    expect(stdout).toMatch(/^8 actors would behave as recorded \(\d+ records replayed, 1 skipped, LOG up to \d+\)\n$/)
    expect(code).toBe(0)
  })

  test('lists every deviating actor by cause with the first record, and exits with 1', async () => {
    const { code, stdout, stderr } = await runCli(['check', config('changed'), '--kind', 'refund'], cli)
    expect(code).toBe(1)
    expect(stderr).toContain('would_differ')
    expect(stdout).toContain('4 of 6 actors would differ, for 2 causes')
    expect(stdout).toMatch(
      new RegExp(
        [
          'refund: in "paying", on "task.done pay": emitted.\\*.data.receipt would differ',
          ' {2}4 actors, 4 records; the first is record 2 of acme/refund/r1, LOG sequence \\d+',
          ' {4}emitted.0.data.receipt: recorded ".+", today "\\w"\n',
        ].join('\n'),
      ),
    )
    expect(stdout).toMatch(
      new RegExp(
        [
          'refund: at its first input, on "refund.asked": it led to "paying"; it would lead to "review"',
          ' {2}2 actors, 2 records; [^\n]+\n[^]*acme/refund/r2, acme/refund/r3',
        ].join('\n'),
      ),
    )
  })

  test("counts the cluster's own canaries only where their tenant is named", async () => {
    const { actors, records } = await check(refund, { kind: undefined })
    await system.running.jetstream.publisher.publish(inputSubject(CANARY_ADDRESS), JSON.stringify({ type: 'canary.sent', data: {} }))
    await caughtUp(system)
    const kinds = kindsByName([refund, canaryKind])
    expect(await check(refund, { kind: undefined, kinds })).toMatchObject({ actors, records })
    expect(await check(refund, { kind: undefined, kinds, sample: 100 })).toMatchObject({ actors })
    expect(await check(refund, { kind: undefined, kinds, tenant: CANARY_ADDRESS.tenant })).toMatchObject({ actors: 1, records: 1 })
  })

  test('prints the same as JSON, with one line per actor and cause', async () => {
    const { code, stdout } = await runCli(['check', config('changed'), '--kind', 'refund', '--tenant', 'acme', '--json'], cli)
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(code).toBe(1)
    expect(lines.slice(0, -1).map(({ id, cause }) => `${String(id)} ${String(cause)}`)).toHaveLength(5)
    const difference = { path: 'to', recorded: 'paying', today: 'review' }
    expect(lines).toContainEqual(expect.objectContaining({ id: 'r2', n: 1, differences: expect.arrayContaining([difference]) as unknown }))
    const causes = [{ actors: 3 }, { actors: 2, first: { id: 'r2', n: 1 } }]
    expect(lines.at(-1)).toMatchObject({ summary: { actors: 4, differing: 3, causes } })
  })

  test('passes where all causes are accepted with a reason, until their day', async () => {
    const file = join(await temporaryFolder(), 'accepted.yaml')
    const check = () => runCli(['check', config('changed'), '--kind', 'refund', '--accept', file], cli)
    const receipts = 'refund: in "paying", on "task.done pay": emitted.*.data.receipt would differ'
    const reviews = 'refund: at its first input, on "refund.asked": it led to "paying"; it would lead to "review"'
    const entry = (cause: string, more: object = {}) => ({ cause, reason: '收据号码更短 (shorter receipts)', ...more })

    await writeFile(file, stringify([entry(receipts)]))
    const some = await check()
    expect(some.code).toBe(1)
    expect(some.stdout).toContain('2 of 6 actors would differ, for 1 cause, with 1 accepted cause')

    await writeFile(file, stringify([entry(receipts), entry(reviews, { until: '2999-12-31' }), entry('refund: gone')]))
    const all = await check()
    expect(all.code).toBe(0)
    expect(all.stdout).toContain('6 actors would behave as recorded, with 2 accepted causes')
    expect(all.stdout).toContain('accepted: 收据号码更短 (shorter receipts)')
    expect(all.stdout).toContain('Accepted, and in no record: 1 cause. Take them out of the file:\n  refund: gone')

    await writeFile(file, stringify([entry(receipts), entry(reviews, { until: '2020-01-31' })]))
    expect((await check()).stdout).toContain('2 of 6 actors would differ')

    await writeFile(file, '- cause: x\n  reason: ""\n')
    expect((await check()).stderr).toMatch(/accepted\.yaml:2: accepted\.0\.reason[^]*bad_accepted/)
  })

  test('checks the same sample in each run', async () => {
    const [once] = await cliJson<{ summary: { actors: number } }>(['check', config('same'), '--sample', '2'], cli)
    expect(once).toEqual((await cliJson(['check', config('same'), '--sample', '2'], cli))[0])
    expect(once?.summary.actors).toBe(2)
  })

  test('refuses a missing module, and one with other exports', async () => {
    expect((await runCli(['check', '/nowhere/config.ts'], cli)).stderr).toContain('there is no module /nowhere/config.ts')
    expect((await runCli(['check', fileURLToPath(import.meta.resolve('../../support/run-cli.ts'))], cli)).code).toBe(1)
  })
})

describe('a replay check', () => {
  const changed = createRefund({ smallBelow: 50 })

  test('replays each record on its recorded state, or folds them from the first one', async () => {
    const each = await check(changed)
    const folded = await check(changed, { mode: 'fold' })
    expect(actorsOf(each.found)).toEqual(['r2', 'r3'])
    expect(actorsOf(folded.found)).toEqual(['r2', 'r3'])
    expect(folded.skipped).toBeGreaterThan(each.skipped)
  })

  test.each(['each', 'fold'] as const)('in the mode %s finds the same with memory for hardly any actor', async (mode) => {
    expect(await check(changed, { mode, memoryBytesMax: 1 })).toEqual(await check(changed, { mode }))
  })

  test('finds the same if it reads LOG by partition', async () => {
    const [one, parts] = [await check(changed), await check(changed, { onePassRecordsMax: 1 })]
    expect({ ...parts, found: actorsOf(parts.found) }).toEqual({ ...one, found: actorsOf(one.found) })
    const sampled = await check(changed, { onePassRecordsMax: 1, sample: 3 })
    expect(sampled).toMatchObject({ ...(await check(changed, { sample: 3 })), actors: 3, found: expect.anything() as unknown })
  })

  test('migrates the records of an earlier version', async () => {
    expect((await check(createRefund2('unchanged'))).causes).toEqual([])
    const { causes } = await check(createRefund2('again'))
    expect(causes.map(({ cause, actors }) => `${cause} (${actors})`)).toEqual([
      'refund: at its first input, on "refund.asked": it led to "idle"; it would lead to "inspection" (2)',
      'refund: in "review", on "refund.refused": it led to "denied"; it would lead to "idle" (1)',
    ])
  })

  test('reports a missing kind, migration or version', async () => {
    const { migrate: _, ...unmigrated } = createRefund2('unchanged')
    expect((await check({ ...unmigrated, migrate: {} })).causes[0]?.cause).toContain('there is no migrate[1]')
    expect((await check({ ...refund, version: 0 })).causes.some(({ cause }) => cause.includes('newer_machine'))).toBe(true)
    expect((await check({ ...refund, name: 'another' })).causes.map(({ cause, actors }) => `${cause} (${actors})`)).toEqual([
      'refund: kind_gone: the kind is missing, so its inputs would be rejected as unknown_kind (6)',
    ])
  })
})

describe('given.recorded', () => {
  const settings = () => ({ DATA_DIR: cli.dataDir, CONFIG: config('same') })

  test("turns the history of an actor into a test of today's kind", async () => {
    const recording = await given.recorded('acme/refund/r2', { kind: refund, settings: settings() })
    recording.thenAsRecorded().thenState('paid').thenStatus('done').when('refund.refused', {}).thenRejected('ended')
    expect(recording.toCode()).toContain(
      ".when('refund.asked', { amount: 60 }, { id: 'acme/refund/r2 refund.asked', source: 'nats' })\n  .thenState('paying')",
    )
  })

  test('loads the kind from the module in the settings', async () => {
    const recording = await given.recorded('acme/refund/r4', { settings: { ...settings(), CONFIG: config('changed') } })
    recording.thenAsRecorded().thenState('denied')
    const changed = given.recorded('acme/refund/r2', { settings: { ...settings(), CONFIG: config('changed') } })
    await expect(changed.then((one) => one.thenAsRecorded())).rejects.toThrow(
      'today, record 1 would differ: ' + 'refund: at its first input, on "refund.asked": it led to "paying"; it would lead to "review"',
    )
  })

  test('reports a missing actor or kind, and an invalid address', async () => {
    await expect(given.recorded('acme/refund/none', { settings: settings() })).rejects.toThrow('acme/refund/none has no records')
    await expect(given.recorded('acme/ledger/main', { settings: settings() })).rejects.toThrow('is of kind "ledger", which')
    await expect(given.recorded('acme', { settings: settings() })).rejects.toThrow('write tenant/kind/id')
  })
})
