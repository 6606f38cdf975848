import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { connect } from '@nats-io/transport-node'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { withJetStream } from '../../../infra/app/connect-to-running.ts'
import { openBucket } from '../../../infra/app/prepare-streams.ts'
import { loadSettings } from '../../../infra/settings.ts'
import { lastRecord, recordsOf } from '../../../pipeline/jetstream/last-record.ts'
import { createSender } from '../../../pipeline/producer/input-sender.ts'
import { pollUntil } from '../../../pipeline/runtime/poll-until.ts'
import { progressOfRuns } from '../../../pipeline/task-runner/task-progress.ts'
import { cliJson, type CliOptions, type CliProcess, startUp } from '../../support/run-cli.ts'
import { settingsFor, temporaryFolder } from '../../support/test-system.ts'

const CONFIG = fileURLToPath(new URL('../../support/template-config.ts', import.meta.url))
const DOCUMENTS = 10_000

let options: CliOptions
let running: CliProcess | undefined
beforeEach(async () => {
  options = { dataDir: await temporaryFolder(), settings: { CONFIG, ROLES: 'host,dispatch,tasks,project', FANOUT_RATE_MAX: '500' } }
})
afterEach(async () => {
  running?.signal('SIGTERM')
  await running?.ended
  running = undefined
  await rm(options.dataDir, { recursive: true, force: true })
})

const TEMPLATE = 'acme/template/t1'
const progressSchema = z.object({ done: z.int(), total: z.int(), after: z.string() })
const shownSchema = z.object({ state: z.string(), context: z.object({ reached: z.int() }), progress: z.object({}) })
const show = async () => shownSchema.parse((await cliJson(['show', TEMPLATE], options))[0])
/** How far the fan-out is, once it has told so of some recipients. */
const stood = () =>
  withJetStream(loadSettings({}, settingsFor(options.dataDir)).settings, async (jetstream) => {
    const kv = await openBucket(jetstream.nc)
    return pollUntil(async () => {
      const { record } = (await lastRecord(jetstream, recordsOf({ tenant: 'acme', kind: 'template', id: 't1' }))) ?? {}
      const [told] = Object.values(await progressOfRuns(kv, Object.keys(record?.state?.tasks ?? {})))
      const { data } = progressSchema.safeParse(told?.progress)
      return data !== undefined && data.done > 0 ? data : undefined
    })
  })
const rows = async (sql: string): Promise<unknown[]> => cliJson(['sql', sql], options)
const COUNTS = `SELECT toUInt32(count()) AS events, toUInt32(uniqExact(actor)) AS actors, toUInt32(uniqExact(id)) AS ids,
  toUInt32(uniqExact(splitByChar(':', id)[1])) AS runs, toUInt32(countIf(splitByChar(':', id)[2] = actor)) AS fitting,
  toUInt32(countIf(outcome = 'committed')) AS committed
  FROM events WHERE kind = 'document' AND type = 'template.changed'`

test('a change reaches 10,000 actors, each once, though its process is killed in the middle', async () => {
  const first = await startUp(options)
  running = first
  const nc = await connect({ servers: first.addresses.natsUrl })
  const sender = createSender(nc)
  const idOf = (index: number): string => `d${String(index).padStart(5, '0')}`
  await Promise.all(
    Array.from({ length: DOCUMENTS }, (_, index) =>
      sender.send(
        { tenant: 'acme', kind: 'document', id: idOf(index) },
        { type: 'opened', id: 'opened', source: 'test', data: { template: 't1' } },
      ),
    ),
  )
  const opened = async () => (await rows(`SELECT toUInt32(count()) AS n FROM actors WHERE kind = 'document'`))[0]
  await expect.poll(opened, { timeout: 120_000, interval: 2_000 }).toEqual({ n: DOCUMENTS })
  await sender.send({ tenant: 'acme', kind: 'template', id: 't1' }, { type: 'changed', id: 'changed', source: 'test', data: {} })
  await sender.close()
  await nc.close()
  const shown = await stood()
  first.signal('SIGKILL')
  await first.ended
  expect(shown).toMatchObject({ total: DOCUMENTS, after: expect.stringMatching(/^d\d{5}$/) as string })
  expect(shown.done).toBeLessThan(DOCUMENTS)

  running = await startUp(options)
  await expect.poll(async () => (await show()).state, { timeout: 240_000, interval: 2_000 }).toBe('told')
  expect(await show()).toMatchObject({ context: { reached: DOCUMENTS }, progress: {} })
  const all = { events: DOCUMENTS, actors: DOCUMENTS, ids: DOCUMENTS, runs: 1, fitting: DOCUMENTS, committed: DOCUMENTS }
  await expect.poll(async () => (await rows(COUNTS))[0], { timeout: 120_000, interval: 2_000 }).toEqual(all)
  expect(await rows('SELECT toUInt32(attempts) AS attempts, status FROM tasks')).toEqual([{ attempts: 2, status: 'done' }])
  const twice = `SELECT toUInt32(count()) AS n FROM actors WHERE kind = 'document' AND JSONExtractInt(context_facts, 'times') != 1`
  expect(await rows(twice)).toEqual([{ n: 0 }])
}, 600_000)
