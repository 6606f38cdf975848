import { Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { setup } from 'xstate'
import { z } from 'zod'
import { defineKind, defineTask } from '../../../actors/definition/define-kind.ts'
import { publishAll, readLog } from '../../support/system-assertions.ts'
import { startSystem, type System } from '../../support/test-system.ts'

const BLOCKED_MS = 900
const compute = (): void => {
  for (const end = performance.now() + BLOCKED_MS; performance.now() < end;);
}
const task = (run: () => Promise<Record<string, never>>) =>
  defineTask({ input: z.object({}), output: z.object({}), deadlineMs: 20_000, attemptsMax: 1, concurrencyMax: 4, run })
const miner = defineKind({
  name: 'miner',
  version: 1,
  context: z.object({}),
  events: { at: z.object({ once: z.boolean() }) },
  emits: {},
  tasks: {
    digs: task(async () => {
      compute()
      return {}
    }),
    digsLater: task(async () => {
      await delay(300)
      compute()
      return {}
    }),
  },
})
const minerKind = miner.with(
  setup({ ...miner.xstate, guards: { once: ({ event }) => event.type === 'at' && event.data.once } }).createMachine({
    context: {},
    initial: 'idle',
    states: {
      idle: { on: { at: [{ guard: 'once', target: 'digging' }, { target: 'diggingLater' }] } },
      digging: { invoke: { id: 'digs', src: 'digs', input: {}, onDone: 'idle', onError: 'idle' } },
      diggingLater: { invoke: { id: 'digsLater', src: 'digsLater', input: {}, onDone: 'idle', onError: 'idle' } },
    },
  }),
)

interface Line {
  readonly msg: string
  readonly task?: string
  readonly kind?: string
  readonly blockedMs?: number
}
const lines: Line[] = []
const log = pino(
  { level: 'warn' },
  new Writable({
    write(chunk: Buffer, _, done) {
      lines.push(JSON.parse(chunk.toString()) as Line)
      done()
    },
  }),
)

let system: System
beforeAll(async () => {
  system = await startSystem({ kinds: [minerKind], log, settings: { ROLES: 'host,dispatch,tasks' } })
})
afterAll(() => system.stop())

test.each([
  ['before its first await', true, 'digs'],
  ['after an await', false, 'digsLater'],
] as const)('a task that blocks the event loop %s is logged, and other actors continue after it', async (_, once, name) => {
  const id = `m-${name}`
  await publishAll(system, [
    { subject: `in.acme.miner.${id}`, body: { type: 'at', data: { once } } },
    { subject: `in.acme.miner.other-${name}`, body: { type: 'unknown.type', data: {} } },
  ])
  const stateOf = async (actor: string) => (await readLog(system)).findLast((entry) => entry.actor === `acme/miner/${actor}`)?.record.to
  await expect.poll(async () => (await readLog(system)).filter((entry) => entry.actor === `acme/miner/${id}`).length).toBe(2)
  expect([await stateOf(id), await stateOf(`other-${name}`)]).toEqual(['idle', 'idle'])
  await expect.poll(() => lines.filter((line) => line.blockedMs !== undefined && line.task === name)).toHaveLength(1)
  const line = lines.find((one) => one.task === name)
  expect(line).toMatchObject({ kind: 'miner', msg: expect.stringContaining('a task blocked the event loop') as string })
  expect(line?.blockedMs).toBeGreaterThan(BLOCKED_MS / 2)
})
