import { appendFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../../actors/definition/define-kind.ts'
import { defineTask } from '../../../actors/definition/task-definition.ts'
import { authorKind } from '../../../actors/kinds/author/author-kind.ts'
import { postKind } from '../../../actors/kinds/post/post-kind.ts'
import { topicKind } from '../../../actors/kinds/topic/topic-kind.ts'
import { topicsKind } from '../../../actors/kinds/topic/topics-kind.ts'
import { streamInfo } from '../../../pipeline/jetstream/stream-info.ts'
import { cliJson, runCli } from '../../support/run-cli.ts'
import { caughtUp, publishAll, readLog, rows } from '../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../support/test-system.ts'

let system: System
let dataDir: string
beforeAll(async () => {
  dataDir = await temporaryFolder()
  system = await startSystem({ dataDir, kinds: [postKind, authorKind, topicKind, topicsKind, hangingKind] })
})
afterAll(async () => {
  await system.stop()
  await rm(dataDir, { recursive: true })
})

const hanging = defineKind({
  name: 'hanging',
  version: 1,
  context: z.object({}),
  events: { begun: z.object({}) },
  emits: {},
  tasks: {
    hang: defineTask({
      input: z.object({}),
      output: z.object({}),
      deadlineMs: 600_000,
      attemptsMax: 1,
      concurrencyMax: 1,
      run: ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped')))),
    }),
  },
})
/** Its task never ends. */
const hangingKind = hanging.with(
  setup(hanging.xstate).createMachine({
    context: {},
    initial: 'idle',
    states: { idle: { on: { begun: 'busy' } }, busy: { invoke: { src: 'hang', input: {}, onDone: 'idle', onError: 'idle' } } },
  }),
)

/** More than the ids that an actor remembers. */
const LIKES = 80
const line = (actor: string, type: string, data: object): string => JSON.stringify({ actor, type, data, time: '2026-11-01T10:00:00Z' })
const importFile = (path: string, ...more: string[]) =>
  cliJson<{ sent: number; known: number; source: string }>(['import', '--kind', 'post', '--events', path, '--tenant', 'acme', ...more], {
    dataDir,
  })
const inputs = async (type: string): Promise<number> =>
  (await readLog(system)).filter(({ record }) => record.input.type === type && record.outcome === 'committed').length

test('a file of events is sent once, however often it is imported', async () => {
  const path = join(dataDir, 'posts.jsonl')
  const likes = Array.from({ length: LIKES }, (_, account) => line('x-1', 'post.liked', { by: `reader-${account}` }))
  const lines = [line('x-1', 'post.published', { author: 'ann', text: 'A great phone', platform: 'x' }), ...likes]
  await writeFile(path, `${lines.join('\n')}\n`)
  const [first] = await importFile(path, '--wait')
  expect(first).toMatchObject({ events: LIKES + 1, sent: LIKES + 1, known: 0, wrong: 0 })
  expect((await importFile(path))[0]).toMatchObject({ sent: 0, known: LIKES + 1 })
  await appendFile(path, `${line('x-1', 'post.shared', { by: 'bob' })}\n`)
  expect((await importFile(path, '--wait'))[0]).toMatchObject({ sent: 1, known: LIKES + 1, source: first?.source })

  // Without the ids that INBOX remembers for a while: the actor itself knows the lines.
  const again = lines.map((text, index) => {
    const { type, data, time } = JSON.parse(text) as { type: string; data: object; time: string }
    return { subject: 'in.acme.post.x-1', body: { type, data, time, source: first?.source, sequence: index + 1 } }
  })
  await publishAll(system, again)
  await caughtUp(system)
  expect(await inputs('post.liked')).toBe(LIKES)
  const found = await rows<{ label: string }>(system, `SELECT label_raw AS label FROM actors WHERE kind = 'post' AND actor = 'x-1'`)
  expect(JSON.parse(found[0]?.label ?? '')).toMatchObject({ author: 'ann', likes: LIKES, shares: 1 })
  expect(await rows(system, `SELECT toString(published_at) AS at FROM posts WHERE actor = 'x-1'`)).toEqual([
    { at: '2026-11-01 10:00:00.000' },
  ])

  await writeFile(path, `${[lines[0], ...likes.slice(1)].join('\n')}\n`)
  expect(await runCli(['import', '--kind', 'post', '--events', path, '--tenant', 'acme'], { dataDir })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('have changed. Nothing was sent') as string,
  })
}, 180_000)

test('an import waits for what it sent, and for no task of another tenant', async () => {
  await publishAll(system, [{ subject: 'in.other.hanging.h', body: { type: 'begun', data: {} } }])
  const tasks = async (): Promise<number> => (await streamInfo(system.running.jetstream.jsm, 'TASKS')).state.messages
  await expect.poll(tasks).toBe(1)
  const path = join(dataDir, 'more.jsonl')
  await writeFile(path, `${line('x-2', 'post.published', { author: 'ann', text: 'A great phone', platform: 'x' })}\n`)
  expect((await importFile(path, '--wait', '--timeout-ms', '60000'))[0]).toMatchObject({ sent: 1 })
  expect(await tasks()).toBe(1)
  expect(await rows(system, `SELECT actor FROM posts WHERE actor = 'x-2'`)).toEqual([{ actor: 'x-2' }])
  await writeFile(path, `${JSON.stringify({ actor: 'h2', type: 'begun' })}\n`)
  const own = ['import', '--kind', 'hanging', '--events', path, '--tenant', 'other', '--wait', '--timeout-ms', '3000']
  expect(await runCli(own, { dataDir })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('tasks of the tenant other run') as string,
  })
}, 180_000)

test('nothing is sent where a line is wrong, or all others if that is wanted', async () => {
  const path = join(dataDir, 'wrong.csv')
  await writeFile(path, 'actor,type,author,text\nx-9,post.published,ann,hello\nx-9,post.lied,ann,hello\nx-8,post.published,ann,\n')
  const command = ['import', '--kind', 'post', '--events', path, '--tenant', 'wrong']
  const failed = await runCli(command, { dataDir })
  expect(failed).toMatchObject({ code: 1, stdout: expect.stringContaining('0 sent') as string })
  expect(failed.stderr).toContain('line 3, column 2: type: the kind post takes no "post.lied"')
  expect(failed.stderr).toContain('line 4, column 4: data.text: is missing')
  const skipped = await runCli([...command, '--skip-wrong', '--wait'], { dataDir })
  expect(skipped).toMatchObject({ code: 1, stdout: expect.stringContaining('1 sent') as string })
  const written = (await readLog(system)).filter(({ subject }) => subject.includes('.wrong.post.'))
  expect(written[0]?.record.input).toMatchObject({ type: 'post.published', sequence: 2 })
  expect(await runCli(['import', '--kind', 'nothing', '--events', path], { dataDir })).toMatchObject({
    stderr: expect.stringContaining('no kind "nothing"') as string,
  })
  expect(await runCli(['import'], { dataDir })).toMatchObject({ code: 1, stderr: expect.stringContaining('--events') as string })
}, 180_000)
