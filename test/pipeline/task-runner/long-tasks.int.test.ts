import { afterAll, beforeAll, expect, test } from 'vitest'
import { setup } from 'xstate'
import { z } from 'zod'
import { defineKind, defineTask, type TaskCall } from '../../../actors/definition/define-kind.ts'
import { progressOf } from '../../../pipeline/task-runner/task-progress.ts'
import { cliJson, runCli } from '../../support/run-cli.ts'
import { publishAll, readLog } from '../../support/system-assertions.ts'
import { startSystem, type System } from '../../support/test-system.ts'

type Seen = Pick<TaskCall<unknown>, 'attempt' | 'lastError' | 'lastProgress'>

/** What the attempts saw; they run in this process. */
const seen: Seen[] = []
const allowed = Promise.withResolvers<void>()
const TOLD = { pages: 40, of: 100, 现在: '第四十页' }

const how = z.enum(['hangs', 'talks', 'tells too much', 'fails'])
const crawler = defineKind({
  name: 'crawler',
  version: 1,
  context: z.object({}),
  events: { start: z.object({ how }) },
  emits: {},
  tasks: {
    crawl: defineTask({
      input: z.object({ how }),
      output: z.object({}),
      deadlineMs: 60_000,
      attemptsMax: 3,
      concurrencyMax: 4,
      heartbeatMs: 400,
      retry: { initialMs: 10, factor: 1, jitter: 0 },
      async run({ input, attempt, lastError, lastProgress, progress, signal }) {
        seen.push({ attempt, ...(lastError !== undefined && { lastError }), lastProgress })
        if (input.how === 'fails') throw Object.assign(new Error(`attempt ${attempt}`), { code: 'no_page' })
        if (input.how === 'tells too much') progress('x'.repeat(2_000))
        if (input.how === 'hangs' && attempt === 1) {
          progress(TOLD)
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
          throw signal.reason
        }
        if (input.how === 'talks') {
          const telling = setInterval(() => progress(TOLD), 50)
          await allowed.promise.finally(() => clearInterval(telling))
        }
        return {}
      },
    }),
  },
})
const crawlerKind = crawler.with(
  setup(crawler.xstate).createMachine({
    context: {},
    initial: 'idle',
    states: {
      idle: { on: { start: 'crawling' } },
      crawling: { invoke: { id: 'crawl', src: 'crawl', input: ({ event }) => event.data, onDone: 'finished', onError: 'failed' } },
      finished: {},
      failed: {},
    },
  }),
)

let system: System
beforeAll(async () => {
  system = await startSystem({ kinds: [crawlerKind] })
})
afterAll(() => system.stop())

async function start(id: string, kind: z.infer<typeof how>): Promise<void> {
  seen.length = 0
  await publishAll(system, [{ subject: `in.acme.crawler.${id}`, body: { type: 'start', data: { how: kind } } }])
}
const lastOf = async (id: string) => (await readLog(system)).findLast(({ actor }) => actor === `acme/crawler/${id}`)?.record
const reaches = (id: string, state: string) => expect.poll(async () => (await lastOf(id))?.to, { timeout: 20_000 }).toBe(state)

test('an attempt that tells nothing for too long is aborted, and the next one knows why and how far it came', async () => {
  await start('h1', 'hangs')
  await reaches('h1', 'finished')
  expect(seen).toEqual([
    { attempt: 1, lastProgress: undefined },
    { attempt: 2, lastProgress: TOLD, lastError: { code: 'no_heartbeat', message: expect.stringContaining('400 ms') as string } },
  ])
  expect((await lastOf('h1'))?.ended).toMatchObject([{ status: 'done', attempts: 2, attemptError: { code: 'no_heartbeat' } }])
})

test('a task that tells its progress lives longer than its heart-beat, and people see how far it is', async () => {
  await start('t1', 'talks')
  await reaches('t1', 'crawling')
  const [run = ''] = Object.keys((await lastOf('t1'))?.state?.tasks ?? {})
  const dataDir = system.settings.DATA_DIR
  const shown = async () => (await cliJson<{ progress: unknown }>(['show', 'acme/crawler/t1'], { dataDir }))[0]?.progress
  await expect.poll(shown, { timeout: 20_000 }).toMatchObject({ [run]: { attempt: 1, progress: TOLD } })
  expect((await runCli(['show', 'acme/crawler/t1'], { dataDir })).stdout).toContain(`attempt 1 told ${JSON.stringify(TOLD)}`)
  allowed.resolve()
  await reaches('t1', 'finished')
  expect(seen).toHaveLength(1)
  await expect.poll(() => progressOf(system.running.kv, run)).toBeUndefined()
})

test('a progress beyond its bound fails the attempt with what to do', async () => {
  await start('b1', 'tells too much')
  await reaches('b1', 'failed')
  expect((await lastOf('b1'))?.ended).toMatchObject([
    { status: 'failed', attempts: 3, error: { code: 'bad_progress', message: expect.stringContaining('at most 1024') as string } },
  ])
})

test('each attempt knows its number and the error of the one before', async () => {
  await start('f1', 'fails')
  await reaches('f1', 'failed')
  expect(seen).toEqual([
    { attempt: 1, lastProgress: undefined },
    { attempt: 2, lastProgress: undefined, lastError: { code: 'no_page', message: 'attempt 1' } },
    { attempt: 3, lastProgress: undefined, lastError: { code: 'no_page', message: 'attempt 2' } },
  ])
})
