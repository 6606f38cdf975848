import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { setup, type StateValue } from 'xstate'
import { z } from 'zod'
import { defineKind, defineTask, type Kind, kindsByName } from '../../../actors/definition/define-kind.ts'
import { registerKinds, versionsOf } from '../../../infra/app/kind-registry.ts'
import { codeOf, messageOf } from '../../../schemas/errors.ts'
import { runCli } from '../../support/run-cli.ts'
import { publishAll, readLog } from '../../support/system-assertions.ts'
import { silent, startSystem, type System, temporaryFolder } from '../../support/test-system.ts'

const never = defineTask({
  input: z.object({}),
  output: z.object({}),
  deadlineMs: 3_600_000,
  attemptsMax: 1,
  concurrencyMax: 9,
  run: ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))),
})

/** A version of the kind `order`; the options change one part of its definition. */
const order = (
  version: number,
  {
    task = 'ship',
    waits = true,
    waiting = 'waiting',
    after = 3_600_000,
    migrate,
  }: { task?: string; waits?: boolean; waiting?: string; after?: number; migrate?: (value: StateValue) => StateValue } = {},
): Kind => {
  const kind = defineKind({
    name: 'order',
    version,
    context: z.object({}),
    events: { ask: z.object({}), wait: z.object({}), look: z.object({}) },
    emits: {},
    tasks: { [task]: never },
    ...(migrate === undefined ? {} : { migrate: { 1: ({ value }) => ({ value: migrate(value), context: {} }) } }),
  })
  return kind.with(
    setup(kind.xstate).createMachine({
      id: 'order',
      context: {},
      initial: 'idle',
      states: {
        idle: { on: { ask: 'asking', wait: waiting } },
        asking: waits ? { invoke: { id: task, src: task, input: {}, onDone: 'idle', onError: 'idle' } } : { on: { look: 'idle' } },
        [waiting]: { after: { [after]: 'idle' } },
      },
    }),
  )
}
const other = (): Kind => {
  const kind = defineKind({ name: 'other', version: 1, context: z.object({}), events: { x: z.object({}) }, emits: {}, tasks: {} })
  return kind.with(setup(kind.xstate).createMachine({ context: {} }))
}

const ROLES = 'host,dispatch,tasks'
let dataDir: string
let system: System
const start = async (...kinds: Kind[]): Promise<void> => {
  system = await startSystem({ dataDir, kinds, settings: { ROLES } })
}
beforeAll(async () => {
  dataDir = await temporaryFolder()
  await start(order(1), other())
})
afterAll(async () => {
  await system.stop()
  await rm(dataDir, { recursive: true })
})

const registering = async (kinds: Kind[], acceptChanges = false): Promise<string> => {
  const { kv, jetstream } = system.running
  return registerKinds({ kv, jetstream, log: silent, now: () => new Date().toISOString(), acceptChanges }, kindsByName(kinds)).then(
    () => 'registered',
    (error: unknown) => `${codeOf(error)}: ${messageOf(error)}`,
  )
}
const publish = (id: string, type: string) => publishAll(system, [{ subject: `in.acme.order.${id}`, body: { type, data: {} } }])
const wakeUpsSet = (count: number) =>
  expect
    .poll(async () => {
      const { state } = await system.running.jetstream.jsm.streams.info('TIMERS', { subjects_filter: 'timer.>' })
      return Object.keys(state.subjects ?? {}).length
    })
    .toBe(count)

describe('the register', () => {
  test('accepts a changed definition of a version without records', async () => {
    expect(await registering([order(1, { after: 5 }), other()])).toBe('registered')
    expect(await registering([order(1), other()])).toBe('registered')
  })

  test('refuses a changed definition of a version with records, and names the change', async () => {
    await publish('o1', 'ask')
    await publish('o2', 'wait')
    await wakeUpsSet(2)
    expect(await registering([order(1), other()])).toBe('registered')
    expect(await registering([order(1, { waiting: 'resting' }), other()])).toMatch(
      new RegExp(
        '^definition_changed: order@1 has records and is another machine now '
          + '\\(machine\\.states\\.idle\\.on\\.wait\\.0\\.target\\.0: was "order\\.waiting", is "order\\.resting"\\)\\. '
          + 'Raise its version to 2',
      ),
    )
  })

  test('refuses a new version without a migration from the recorded one', async () => {
    expect(await registering([order(2), other()])).toMatch(/^missing_migration: LOG has actors of order@1, and order@2 has no migrate\[1\]/)
  })

  test('refuses a version that lacks the state or task of a pending actor, and names the actor', async () => {
    const migrate = (value: StateValue): StateValue => value
    expect(await registering([order(2, { waiting: 'resting', migrate }), other()])).toMatch(/^state_gone: acme\/order\/o2: /)
    expect(await registering([order(2, { waits: false, migrate }), other()])).toMatch(/^task_gone: acme\/order\/o1: waits for task "ship"/)
    expect(await registering([order(2, { task: 'send', migrate }), other()])).toBe('registered')
    const broken = order(3, {
      migrate: () => {
        throw new Error('broken')
      },
    })
    expect(await registering([broken, other()])).toMatch(/^migration_failed: acme\/order\/o[12]: .*broken/)
  })

  test('refuses to drop a kind in use, and names its pending actors', async () => {
    expect(await registering([order(1)])).toMatch(/^kind_missing: kind "other" is in use here/)
    expect(await registering([other()])).toMatch(/and 2 of its actors wait for tasks or timers, such as acme\/order\/o/)
    const { code, stderr } = await runCli(['kinds', '--retire', 'order'], { dataDir })
    expect([code, stderr]).toEqual([1, expect.stringContaining('kind_in_use')])
  })

  test('is shown as JSON and as a diagram', async () => {
    const { stdout } = await runCli(['kinds', '--json'], { dataDir })
    expect(JSON.parse(stdout)).toMatchObject({
      order: { version: 2, versions: [1, 2], states: 3, events: ['ask', 'wait', 'look'], tasks: { send: { attemptsMax: 1 } } },
    })
    expect((await runCli(['kinds', '--mermaid'], { dataDir })).stdout).toContain('stateDiagram-v2')
  })
})

describe('an actor of an older version', () => {
  test('is migrated at its next input, whatever state it is in', async () => {
    await system.stop()
    await start(order(3, { task: 'send', migrate: (value) => value }), other())
    await publish('o1', 'look')
    await publish('o2', 'look')
    const migrated = async () =>
      (await readLog(system))
        .filter(({ record }) => record.machine === 'order@3')
        .map(({ actor, record }) => ({ actor, machine: record.machine, to: record.to, started: record.started.map(({ task }) => task) }))
    await expect.poll(migrated).toEqual([
      { actor: 'acme/order/o1', machine: 'order@3', to: 'asking', started: ['send'] },
      { actor: 'acme/order/o2', machine: 'order@3', to: 'waiting', started: [] },
    ])
  })
})

describe('while the system is stopped', () => {
  test('a user can accept a change and retire a kind, and the next start succeeds', async () => {
    await system.stop()
    const changed = order(3, { task: 'send', after: 1_000_000, migrate: (value) => value })
    await expect(start(changed, other())).rejects.toThrow(/order@3 has records and is another machine now/)
    expect(await runCli(['kinds', '--accept', 'order'], { dataDir })).toMatchObject({ code: 0, stderr: '' })
    expect(await runCli(['kinds', '--retire', 'other'], { dataDir })).toMatchObject({ code: 0, stderr: '' })
    await start(changed)
    expect((await versionsOf(system.running.kv, 'order')).map(({ version }) => version)).toEqual([1, 2, 3])
  })
})
