import { rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { jetstream } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { announce } from '../../../infra/app/connect-to-running.ts'
import { readProblems } from '../../../infra/app/system-problems.ts'
import { readStatus, waitUntilCaughtUp } from '../../../infra/app/system-status.ts'
import { startNatsServer } from '../../../infra/servers/nats/nats-server.ts'
import { obtainNatsServer } from '../../../infra/servers/nats/obtain-nats.ts'
import { codeOf, messageOf } from '../../../schemas/errors.ts'
import { silent, startSystem, temporaryFolder } from '../../support/test-system.ts'

const question = JSON.stringify({ type: 'message.received', data: { role: 'user', text: 'How long does shipping take?' } })
const CAUGHT_UP_MS = 60_000

let dataDir: string
let started: AsyncDisposableStack

beforeEach(async () => {
  dataDir = await temporaryFolder()
  started = new AsyncDisposableStack()
})
afterEach(async () => {
  await started.disposeAsync()
  await rm(dataDir, { recursive: true })
})

test('a task without a runner keeps the system from catching up, and the error names the stage', async () => {
  const system = await startSystem({ dataDir, settings: { ROLES: 'host,dispatch' } })
  started.defer(system.stop)
  await jetstream(system.producer).publish('in.acme.support.c1', question)

  const error: unknown = await waitUntilCaughtUp(system.settings, 2_000).catch((reason: unknown) => reason)

  expect(codeOf(error)).toBe('not_level')
  expect(messageOf(error)).toContain('tasks 1 behind (no process reports this role')
})

test('caught up means that no message is left, neither in a queue nor as the result of a task', async () => {
  const system = await startSystem({ dataDir, settings: { ROLES: 'host,dispatch,tasks' } })
  started.defer(system.stop)
  const js = jetstream(system.producer)
  for (let actor = 0; actor < 50; actor += 1) await js.publish(`in.acme.support.c${actor}`, question)

  const { stages, log } = await waitUntilCaughtUp(system.settings, CAUGHT_UP_MS)

  expect(stages).toMatchObject({ host: { lag: 0, ok: true }, dispatch: { lag: 0, position: log.last }, tasks: { lag: 0 } })
  const tasks = await system.running.jetstream.jsm.streams.info('TASKS')
  expect([tasks.state.messages, tasks.state.last_seq > 0]).toEqual([0, true])
  expect((await system.running.jetstream.jsm.streams.info('LOG')).state.last_seq).toBe(log.last)
})

test('what is wrong is listed with what to do: dead letters by reason, and stages that nobody runs', async () => {
  const system = await startSystem({ dataDir, settings: { ROLES: 'host,dispatch,tasks' } })
  started.defer(system.stop)
  await jetstream(system.producer).publish('in.acme.nosuch.c1', question)
  await waitUntilCaughtUp(system.settings, CAUGHT_UP_MS)

  const problems = await readProblems(system.settings)

  expect(problems.map(({ code, what }) => [code, what])).toEqual([['unknown_kind', '1 dead letter with the reason unknown_kind']])
  expect(problems[0]?.remedy).toContain('colloquy dead redrive')
})

test('without a running process the status shows the stored positions of the stages', async () => {
  const system = await startSystem({ dataDir, settings: { ROLES: 'host,dispatch,tasks' } })
  await jetstream(system.producer).publish('in.acme.support.c1', question)
  const caughtUp = await waitUntilCaughtUp(system.settings, CAUGHT_UP_MS)
  await system.stop()
  const { command: binary } = await obtainNatsServer({ cacheDir: join(homedir(), '.cache', 'colloquy'), log: silent })
  const nats = await startNatsServer({ dataDir, port: 0, binary, log: silent })
  started.defer(nats.stop)
  const { withdraw } = await announce(dataDir, { pid: process.pid, natsUrl: nats.url, clickhouseUrl: null, httpUrl: null })
  started.defer(withdraw)

  const before = await readStatus(system.settings)
  const nc = await connect({ servers: nats.url })
  started.defer(() => nc.close())
  await jetstream(nc).publish('in.acme.support.c1', question)
  const after = await readStatus(system.settings)

  expect(before.log).toEqual(caughtUp.log)
  expect(before.stages).toMatchObject({ host: { lag: 0, ok: false }, dispatch: { lag: 0, position: caughtUp.log.last }, tasks: { lag: 0 } })
  expect(after.stages.host?.lag).toBe(1)
})
