import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { z } from 'zod'
import { defineKind, defineTask } from '../../../actors/definition/define-kind.ts'
import { newestDeadLetters } from '../../../pipeline/dead-letters/dead-letters.ts'
import { type Resolved, resolveDeadLetters } from '../../../pipeline/dead-letters/resolve-dead-letters.ts'
import { TerminalError } from '../../../schemas/errors.ts'
import { LIMITS } from '../../../schemas/limits.ts'
import { caughtUp, publishAll, readLog, rows, tablesBesideLog } from '../../support/system-assertions.ts'
import { startSystem, type System } from '../../support/test-system.ts'

const DEADLINE_MS = 5_000
const CONCURRENCY = 3

/** The observations of the tasks; they run in this process. */
const seen = { keys: [] as string[], aborted: [] as string[], attempts: new Map<string, number>(), running: 0, runningMost: 0 }
const attempt = (key: string): number => {
  const attempts = (seen.attempts.get(key) ?? 0) + 1
  seen.attempts.set(key, attempts)
  return attempts
}
const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })

const how = z.enum(['works', 'flaky', 'broken', 'terminal', 'silent', 'obedient', 'huge', 'unfit', 'slow'])
const worker = defineKind({
  name: 'worker',
  version: 1,
  context: z.object({}),
  events: { go: z.object({ how }), leave: z.object({}) },
  emits: { out: z.object({ text: z.string() }) },
  tasks: {
    work: defineTask({
      input: z.object({ how }),
      output: z.object({ text: z.string() }),
      deadlineMs: DEADLINE_MS,
      attemptsMax: 3,
      concurrencyMax: CONCURRENCY,
      async run({ input, key, signal }) {
        seen.keys.push(key)
        const attempts = attempt(key)
        switch (input.how) {
          case 'works':
            return { text: 'done' }
          case 'flaky':
            if (attempts < 3) throw Object.assign(new Error('not yet'), { code: 'not_yet' })
            return { text: `after ${attempts}` }
          case 'broken':
            throw Object.assign(new Error('never'), { code: 'never' })
          case 'terminal':
            throw new TerminalError('no_use', 'trying again is of no use')
          case 'silent':
            return new Promise<never>(() => undefined)
          case 'obedient':
            await untilAborted(signal)
            seen.aborted.push(key)
            throw signal.reason
          case 'huge':
            return { text: 'x'.repeat(LIMITS.resultBytesMax) }
          case 'unfit':
            return { text: '\ud800' }
          case 'slow':
            seen.running += 1
            seen.runningMost = Math.max(seen.runningMost, seen.running)
            await new Promise((resolve) => setTimeout(resolve, 200))
            seen.running -= 1
            return { text: 'slow' }
        }
      },
    }),
  },
})
const workerKind = worker.with(
  setup(worker.xstate).createMachine({
    id: 'worker',
    context: {},
    initial: 'idle',
    states: {
      idle: { on: { go: 'working' } },
      working: {
        invoke: {
          src: 'work',
          input: ({ event }) => ({ how: event.type === 'go' ? event.data.how : 'works' }),
          onDone: 'succeeded',
          onError: 'failed',
        },
        on: { leave: 'left' },
      },
      succeeded: { on: { go: 'working' } },
      failed: { on: { go: 'working' } },
      left: { on: { go: 'working' } },
    },
  }),
)

let system: System
beforeAll(async () => {
  system = await startSystem({ kinds: [workerKind] })
})
afterAll(() => system.stop())

const go = (id: string, kind: z.infer<typeof how>) =>
  publishAll(system, [{ subject: `in.acme.worker.${id}`, body: { type: 'go', data: { how: kind } } }])
const statesOf = async (id: string) =>
  (await readLog(system)).filter((entry) => entry.actor === `acme/worker/${id}`).map((entry) => entry.record.to)
const expectStates = (id: string, states: string[]) => expect.poll(() => statesOf(id)).toEqual(states)
const taskRow = async (id: string) => {
  await caughtUp(system)
  const [row] = await rows(system, `SELECT status, attempts, error_code FROM tasks WHERE actor = '${id}'`)
  return row
}

test('a task whose deadline is further away than a timer of Node can be runs, and is not ended at once', async () => {
  const { jetstream } = system.running
  const run = 'far-away'
  const deadlineAt = new Date(Date.now() + 400 * 86_400_000).toISOString()
  const task = { run, task: 'work', startedAt: new Date().toISOString(), deadlineAt, input: { how: 'slow' } }
  await jetstream.js.publish('task.work.acme.worker.far', JSON.stringify(task))
  await expect
    .poll(async () =>
      (await jetstream.jsm.streams.getMessage('INBOX', { last_by_subj: 'inbox.*.acme.worker.far.int' }))?.json<{
        run: string
        type: string
      }>(),
    )
    .toMatchObject({ run, type: 'task.done' })
  expect(seen.attempts.get(run)).toBe(1)
})

describe('a task', () => {
  test('that fails is retried with the same key until it succeeds', async () => {
    await go('flaky', 'flaky')
    await expectStates('flaky', ['working', 'succeeded'])
    expect(await taskRow('flaky')).toEqual({ status: 'done', attempts: 3, error_code: null })
    expect(await rows(system, "SELECT attempt_error_code, attempt_error FROM tasks WHERE actor = 'flaky'")).toEqual([
      { attempt_error_code: 'not_yet', attempt_error: 'not yet' },
    ])
    const [entry] = (await readLog(system)).filter((one) => one.actor === 'acme/worker/flaky')
    expect(seen.keys.filter((key) => key === entry?.record.started[0]?.run)).toHaveLength(3)
  })

  test.each([
    ['broken', 'failed', 3, 'never'],
    ['terminal', 'failed', 1, 'no_use'],
    ['huge', 'failed', 1, 'result_too_large'],
    ['unfit', 'failed', 1, 'result_unfit'],
  ] as const)('that is %s leads to an error event, one outcome and a dead letter', async (kind, status, attempts, code) => {
    await go(kind, kind)
    await expectStates(kind, ['working', 'failed'])
    expect(await taskRow(kind)).toEqual({ status, attempts, error_code: code })
    expect(await rows(system, `SELECT reason FROM dead_letters WHERE actor = '${kind}'`)).toEqual([{ reason: 'task_failed' }])
    const { jsm } = system.running.jetstream
    const deadLetter = await jsm.streams.getMessage('DEAD', { last_by_subj: `dead.task_failed.acme.worker.${kind}` })
    expect(deadLetter?.json<{ error: { code: string } }>().error.code).toBe(code)
  })

  test('that failed permanently is not redriven: the error has the remedy, and its dead letter can be dropped', async () => {
    const { jetstream } = system.running
    await go('given-up', 'terminal')
    await expectStates('given-up', ['working', 'failed'])
    await caughtUp(system)
    const deadLetters = await newestDeadLetters(jetstream, { actor: 'given-up' }, 10)
    const resolved: Resolved[] = []
    const onResolved = (result: Resolved): void => void resolved.push(result)
    const how = { jetstream, force: false, inFlightMax: 1, timeoutMs: 10_000, onResolved }
    await resolveDeadLetters({ ...how, resolution: 'redriven' }, deadLetters)
    await resolveDeadLetters({ ...how, resolution: 'dropped' }, deadLetters)
    await caughtUp(system)
    expect(resolved).toMatchObject([
      { outcome: 'refused', error: expect.stringContaining('send the actor an event that starts the task again') as string },
      { outcome: 'dropped' },
    ])
    expect(await rows(system, "SELECT reason, resolved FROM dead_letters WHERE actor = 'given-up'")).toEqual([
      { reason: 'task_failed', resolved: true },
    ])
    expect(await newestDeadLetters(jetstream, { actor: 'given-up' }, 10)).toEqual([])
    expect(await tablesBesideLog(system)).toEqual([])
  })

  test('that never settles ends at its deadline and frees its slot', async () => {
    await go('silent', 'silent')
    await expectStates('silent', ['working', 'failed'])
    expect(await taskRow('silent')).toMatchObject({ status: 'expired', error_code: 'deadline' })
    await expect.poll(async () => (await system.running.jetstream.jsm.streams.info('TASKS')).state.messages).toBe(0)
  })

  test('that the machine no longer needs is aborted and frees its slot', async () => {
    await go('left', 'obedient')
    await expectStates('left', ['working'])
    const [entry] = (await readLog(system)).filter((one) => one.actor === 'acme/worker/left')
    const run = entry?.record.started[0]?.run ?? ''
    await expect.poll(() => seen.keys).toContain(run)
    await publishAll(system, [{ subject: 'in.acme.worker.left', body: { type: 'leave', data: {} } }])
    await expect.poll(() => seen.aborted).toContain(run)
    expect(await taskRow('left')).toMatchObject({ status: 'stopped' })
    expect(await statesOf('left')).toEqual(['working', 'left'])
  })

  test('never exceeds the concurrency limit of its kind', async () => {
    await Promise.all(Array.from({ length: 12 }, (_, i) => go(`slow-${i}`, 'slow')))
    for (let i = 0; i < 12; i++) await expectStates(`slow-${i}`, ['working', 'succeeded'])
    expect(seen.runningMost).toBe(CONCURRENCY)
  })
})
