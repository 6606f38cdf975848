import { hash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { registeredKinds } from '../../../infra/app/kind-registry.ts'
import { askStatus } from '../../../infra/app/status-service.ts'
import { waitUntilCaughtUp } from '../../../infra/app/system-status.ts'
import { readToEnd } from '../../../pipeline/jetstream/read-to-end.ts'
import { checkLog } from '../../../pipeline/replay-check/replay-check.ts'
import { unwatchedSlot } from '../../../pipeline/watchdog/call-slot.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import { restoreRecord } from '../../../schemas/record-form.ts'
import { hasFirstRelease, unpackFirstRelease } from '../../support/first-release.ts'
import { type CliProcess, type CliRun, startCli, startUp } from '../../support/run-cli.ts'
import { publishAll, tablesBesideLog } from '../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../support/test-system.ts'
import { natsSettingsOf } from '../../support/workers.ts'

const LEASE_MS = 2_000
const CATCH_UP_MS = 60_000

let system: System
let firstRelease: string
let dataDir: string
const workers: CliProcess[] = []

/** A record with the bytes that LOG has of it. */
interface Stored {
  readonly actor: string
  readonly record: LogRecord
  readonly data: Uint8Array
}

async function optionsOf(root: string | undefined) {
  const nats = await natsSettingsOf(system)
  return {
    dataDir: await temporaryFolder(),
    // The first release knows no canary, and refuses its setting.
    settings: {
      ...nats,
      ROLES: 'host,dispatch,tasks',
      LEASE_MS: String(LEASE_MS),
      ...(root !== undefined && { CANARY: '', QUALITY_SAMPLE: '' }),
    },
    ...(root !== undefined && { root }),
  }
}
async function startWorker(root?: string): Promise<CliProcess> {
  const worker = await startUp(await optionsOf(root))
  workers.push(worker)
  return worker
}
async function stopWorker(worker: CliProcess): Promise<CliRun> {
  worker.signal('SIGTERM')
  return worker.ended
}

/** The number of host partitions of each worker, by pid. */
async function partitionsOf({ pid }: CliProcess): Promise<number> {
  const statuses = await askStatus(system.running.jetstream.nc)
  return statuses.find((status) => status.pid === pid)?.stages.host?.partitions?.length ?? 0
}

async function stored(): Promise<Stored[]> {
  const all: Stored[] = []
  for await (const batch of readToEnd(system.running.jetstream, 'LOG', {})) {
    for (const { subject, data } of batch) {
      all.push({ actor: subject, data, record: restoreRecord(JSON.parse(Buffer.from(data).toString())) as LogRecord })
    }
  }
  return all
}
const forms = async (): Promise<number[]> => (await stored()).map(({ record }) => record.v)

/** `reminder` has the version of the first release: its history can be replayed from its beginning. */
const APPOINTMENT = { at: '2100-01-01T00:00:00Z', what: '牙科检查', lang: 'zh' }
let lastId = 0
const sentIds: string[] = []
async function send(count: number): Promise<void> {
  const ids = Array.from({ length: count }, () => `u-${(lastId += 1)}`)
  sentIds.push(...ids)
  await publishAll(
    system,
    ids.map((id, index) => ({
      ...(index % 4 === 3
        ? { subject: `in.acme.reminder.visitor-${index % 40}`, body: { type: 'appointment.booked', id, data: APPOINTMENT } }
        : {
            subject: `in.acme.support.visitor-${index % 40}`,
            body: { type: 'message.received', id, data: { role: 'user', text: index % 3 === 0 ? 'Where is my order?' : 'thanks' } },
          }),
    })),
  )
}
const allRecorded = () =>
  expect
    .poll(async () => new Set((await stored()).map(({ record }) => record.input.id).filter((id) => id.startsWith('u-'))).size)
    .toBe(sentIds.length)

/** Publishes until it is stopped. */
function startLoad(): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const running = (async () => {
    while (!stopping.signal.aborted) {
      await send(10)
      await delay(100, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  })()
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}

describe.skipIf(!hasFirstRelease)('a rolling upgrade from the first release', () => {
  beforeAll(async () => {
    dataDir = await temporaryFolder()
    firstRelease = await unpackFirstRelease()
    system = await startSystem({ dataDir, settings: { ROLES: 'project,serve' } })
  })
  afterAll(async () => {
    for (const worker of workers) worker.signal('SIGKILL')
    await Promise.all(workers.map((worker) => worker.ended))
    await system.stop()
  })

  test('writes form 1 while a host of it runs, form 2 from then on, and loses nothing', async () => {
    const older = await startWorker(firstRelease)
    await expect.poll(() => partitionsOf(older)).toBe(64)
    await send(40)
    await allRecorded()
    const load = startLoad()
    const newer = await startWorker()
    await expect.poll(async () => (await partitionsOf(older)) > 0 && (await partitionsOf(newer)) > 0).toBe(true)
    // Longer than a host waits before it writes form 2.
    await delay(LEASE_MS * 4)
    expect(new Set(await forms())).toEqual(new Set([1]))

    expect((await stopWorker(older)).code).toBe(0)
    await expect.poll(forms).toContain(2)
    await load.stop()
    await send(100)
    await allRecorded()
    const written = await forms()
    expect(written.lastIndexOf(1)).toBeLessThan(written.indexOf(2))

    await waitUntilCaughtUp(system.settings, CATCH_UP_MS)
    expect(await tablesBesideLog(system)).toEqual([])
  }, 300_000)

  test('leaves records of both forms that replay as recorded, each naming the hash of the one before', async () => {
    const { jetstream, kinds } = system.running
    const found: unknown[] = []
    const { differing, records } = await checkLog({
      jetstream,
      kinds,
      kind: 'reminder',
      mode: 'fold',
      onFound: (one) => found.push(one),
      onProgress: () => undefined,
      memoryBytesMax: 64 * 1024 ** 2,
      calls: unwatchedSlot(),
    })
    expect(found).toEqual([])
    expect(differing).toBe(0)
    expect(records).toBeGreaterThan(Math.floor(sentIds.length / 5))

    const all = await stored()
    const before = new Map<string, Uint8Array>()
    for (const { actor, record, data } of all) {
      const last = before.get(actor)
      if (record.v === 2) expect(record.prev).toBe(last && hash('sha256', last, 'base64url'))
      before.set(actor, data)
    }
    const salts = all.flatMap(({ record }) => record.salt ?? [])
    expect(new Set(salts).size).toBe(salts.length)
    expect(salts.length).toBe(all.filter(({ record }) => record.v === 2).length)
  })

  test('cannot be undone: a host of the first release does not start any more, and says why', async () => {
    const again = startCli(['up', '--json'], await optionsOf(firstRelease))
    workers.push(again)
    const { code, stderr, stdout } = await again.ended
    expect(code).not.toBe(0)
    // It lacks kinds that are in use now, or cannot read the records: it says the first of them that it meets.
    expect(`${stdout}${stderr}`).toMatch(/upgrade-this-process--records-have-form-2|kind "\w+" is in use here/)
    expect([...(await registeredKinds(system.running.kv)).keys()].filter((name) => name.includes('form'))).toEqual([])
    await send(40)
    await allRecorded()
  })
})
