import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import { waitUntilCaughtUp } from '../../infra/app/system-status.ts'
import { startClickHouse } from '../../infra/servers/clickhouse/clickhouse-server.ts'
import { loadSettings, type SettingName } from '../../infra/settings.ts'
import { messageOf } from '../../schemas/errors.ts'
import { lastSeqOf } from '../harness/caught-up.ts'
import { type NatsServers, startNatsServers } from '../harness/nats-servers.ts'
import { createRandom } from '../harness/random.ts'
import { createWorkers, type Workers } from '../harness/worker-processes.ts'
import { startModelStub } from '../scenarios/answers/model-stub.ts'
import { applicationActor, APPLICATIONS } from './applications/applications.ts'
import { type BreakName, BREAKS } from './break/breaks.ts'
import { SLEEP_MS_MAX } from './chaos-messages.ts'
import { type ChaosProducer, startProducer } from './chaos-producer.ts'
import { startChaosWatch } from './chaos-watch.ts'
import { check, isClean, type Verdict } from './check/check-history.ts'
import { readHistory } from './check/read-history.ts'
import { noObservations, type Observations } from './faults/fault.ts'
import { injectFaults } from './faults/inject-faults.ts'
import { startLink } from './network-link.ts'
import { type LedgerFile, openLedger } from './producer-ledger.ts'

const breakOptions = (name: BreakName | undefined): string[] => (name === undefined ? [] : ['--import', `${HOOK}?${name}`])

export interface ChaosOptions {
  readonly minutes: number
  readonly seed: number
  /** Messages per second of all producers together. */
  readonly rate: number
  readonly actors: number
  readonly workers: number
  /** Three nats-servers instead of one. */
  readonly cluster: boolean
  /** Share of the messages that go to actors of the applications; 0: none. */
  readonly applications: number
  /** Name of the guarantee that the workers break. The checker must notice it. */
  readonly break?: BreakName
}

export interface ChaosReport {
  readonly options: ChaosOptions
  readonly observed: Observations
  /** Copies that producers resent. */
  readonly repeatedSends: number
  /** Time from the last fault until all stages have caught up; `undefined` if they did not. */
  readonly caughtUpMs: number | undefined
  readonly verdict: Verdict
  /** The data folder, kept after a failed run. */
  readonly folder: string | undefined
}

const HOOK = new URL('break/break-hook.ts', import.meta.url).href
const CONFIG = fileURLToPath(new URL('applications/chaos-kinds.ts', import.meta.url))
const PRODUCERS = 4
/** A language model whose answers take a while, and that sometimes fails. */
const MODEL = { ms: 50, failsEvery: 20 }
const LEASE_MS = 3_000
/** Disk bytes for the streams: a million messages make several gigabytes of records before compression. */
const STORAGE_BYTES_MAX = 24 * 1024 ** 3
const DRAIN_MS_MAX = 60_000
/** Applications wait no longer within what they do: posts tell their author after ten seconds, a document is made within ten. */
const APPLICATION_TIMER_MS_MAX = 12_000
/** Request timeout while reading the history: the machine may be busy. */
const slowRequests = { timeout: 60_000 }
/** Timeout for reading one table of a long run. */
const READ_MS_MAX = 600_000
/** Long, because JetStream redelivers a lost runner's task only after ten seconds, and the next runner may be lost too. */
const CAUGHT_UP_MS_MAX = 240_000
/** Shorter runs send no work that may take minutes. */
const LONG_WORK_MINUTES_MIN = 1
/** Shorter runs have no outage of minutes. */
const OUTAGE_MINUTES_MIN = 10

/** Whether the run passed: it has no findings and no problems or, with `--break`, the checker noticed the broken guarantee. */
export const isGood = ({ options, verdict, observed, caughtUpMs }: ChaosReport): boolean => {
  if (options.break !== undefined) return BREAKS[options.break].findings.some((kind) => verdict.counts[kind] !== undefined)
  return isClean(verdict) && observed.problems.length === 0 && caughtUpMs !== undefined
}

/**
 * Starts servers, workers and producers, injects faults, waits until all stages have caught up, and checks the history.
 *
 * @param interrupted ends the fault injection early. The run still checks the history.
 */
export async function runChaos(options: ChaosOptions, log: Logger, interrupted: AbortSignal): Promise<ChaosReport> {
  await using started = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'colloquy-chaos-'))
  let keep = true
  started.defer(async () => {
    if (!keep) await rm(folder, { recursive: true, force: true })
  })
  const [workersDir, natsDir] = [join(folder, 'workers'), join(folder, 'nats')]
  await Promise.all([workersDir, natsDir].map((dir) => mkdir(dir)))

  const nats = await startNatsServers(natsDir, options.cluster ? 3 : 1)
  started.defer(() => nats.stop())
  const clickhouse = await startClickHouse({ dataDir: folder, port: 0, log })
  started.defer(() => clickhouse.stop())
  const link = await startLink({ host: '127.0.0.1', port: clickhouse.port })
  started.defer(() => link.stop())
  const model = await startModelStub(MODEL)
  started.defer(() => model.stop())
  const settings: Partial<Record<SettingName, string>> = {
    LLM_BASE_URL: model.url,
    LLM_MODEL: 'stub',
    NATS_URL: nats.url,
    NATS_USER: nats.user,
    NATS_PASSWORD: nats.password,
    ...(options.cluster ? { NATS_SYNC_INTERVAL: 'always' } : {}),
    CLICKHOUSE_URL: `http://127.0.0.1:${link.port}`,
    CLICKHOUSE_USER: clickhouse.username,
    CLICKHOUSE_PASSWORD: clickhouse.password,
    ROLES: 'host,dispatch,tasks,project,embed',
    CONFIG,
    LEASE_MS: String(LEASE_MS),
    LOG_LEVEL: 'warn',
    STORAGE_BYTES_MAX: String(STORAGE_BYTES_MAX),
    // The checker expects the records of its own messages, and none of a minute that passes.
    CANARY: 'off',
  }
  const observed = noObservations()
  const workers = createWorkers({
    settings,
    folder: workersDir,
    nodeOptions: breakOptions(options.break),
    onDeath: (error) => observed.problems.push(error.message),
  })
  started.defer(() => workers.stop())
  // The first worker creates streams and tables.
  await workers.add().ready
  for (let index = 1; index < options.workers; index += 1) workers.add()
  await Promise.all(workers.all.map(({ ready }) => ready))

  const connection = { servers: nats.url.split(','), user: nats.user, pass: nats.password }
  const nc = await connect({ ...connection, maxReconnectAttempts: -1, reconnectTimeWait: 100 })
  started.defer(() => nc.close())
  const jsm = await jetstreamManager(nc)
  const tables = createClient({
    url: clickhouse.url,
    username: clickhouse.username,
    password: clickhouse.password,
    database: clickhouse.database,
    request_timeout: READ_MS_MAX,
    log: { level: ClickHouseLogLevel.OFF },
  })
  started.defer(() => tables.close())
  const watch = startChaosWatch(nc, jsm)
  started.defer(() => watch.stop())
  const ledger = openLedger(join(folder, 'ledger.jsonl'))
  const producers = await startProducers(options, { servers: connection.servers }, ledger)
  started.defer(async () => void (await Promise.all(producers.map((producer) => producer.close()))))

  const faultsEnd = AbortSignal.any([AbortSignal.timeout(options.minutes * 60_000), interrupted])
  await injectFaults(
    {
      workers,
      nats,
      clickhouse,
      link,
      watch,
      producers,
      nc,
      tables,
      partitionCount: loadSettings({}, settings).settings.PARTITIONS,
      leaderOf: (stream) => leaderOf(jsm, nats, stream),
      leaseMs: LEASE_MS,
      workersMin: Math.min(2, options.workers),
      workersMax: options.workers + 1,
      isLong: options.minutes >= OUTAGE_MINUTES_MIN,
    },
    observed,
    createRandom(options.seed),
    faultsEnd,
  )
  const faultsEndedMs = performance.now()
  await Promise.all(producers.map((producer) => producer.drain(DRAIN_MS_MAX)))
  await ledger.close()
  const isCaughtUp = await waitUntilCaughtUpForGood(settings, jsm, workers, observed, options)
  const caughtUpMs = isCaughtUp ? performance.now() - faultsEndedMs : undefined

  const verdict = await check(
    await readHistory({ ledgerFile: ledger.file, jsm: await jetstreamManager(nc, slowRequests), clickhouse: tables }),
  )
  const report = {
    options,
    observed,
    verdict,
    caughtUpMs,
    folder,
    repeatedSends: producers.reduce((sum, { repeated }) => sum + repeated, 0),
  }
  keep = !isGood(report)
  return { ...report, folder: keep ? folder : undefined }
}

async function startProducers(
  { seed, rate, actors, minutes, applications }: ChaosOptions,
  connection: Parameters<typeof connect>[0] & object,
  ledger: LedgerFile,
): Promise<ChaosProducer[]> {
  const allActors = Array.from({ length: actors }, (_, index) => `a${index}`)
  const applicationActors = APPLICATIONS.flatMap((application) =>
    Array.from({ length: application.actors }, (_, number) => [applicationActor(application.kind, number), application] as const),
  )
  return Promise.all(
    Array.from({ length: PRODUCERS }, (_, index) =>
      startProducer({
        connection,
        name: `p${index}`,
        seed: seed * PRODUCERS + index + 1,
        ratePerSecond: rate / PRODUCERS,
        actors: allActors.filter((_id, place) => place % PRODUCERS === index),
        allActors,
        applicationActors: applicationActors.filter((_actor, place) => place % PRODUCERS === index),
        applicationsShare: applications,
        hasLongWork: minutes >= LONG_WORK_MINUTES_MIN,
        ledger,
      }),
    ),
  )
}

async function leaderOf(jsm: JetStreamManager, nats: NatsServers, stream: string): Promise<number> {
  const info = await jsm.streams.info(stream).catch(() => undefined)
  return Array.from({ length: nats.size }, (_, index) => nats.nameOf(index)).indexOf(info?.cluster?.leader ?? '')
}

/** Waits until no stage lags and no short timer is pending. A timeout is a problem of the run; the findings may show its cause. */
async function waitUntilCaughtUpForGood(
  settings: Partial<Record<SettingName, string>>,
  jsm: JetStreamManager,
  workers: Workers,
  observed: Observations,
  { applications }: ChaosOptions,
): Promise<boolean> {
  const lastLogSeq = (): Promise<number> => lastSeqOf({ jsm }, 'LOG')
  try {
    await Promise.all(workers.all.map(({ ready }) => ready))
    const effective = loadSettings({}, settings).settings
    await delay(applications > 0 ? APPLICATION_TIMER_MS_MAX : SLEEP_MS_MAX)
    for (let before = -1, last = await lastLogSeq(); before !== last;) {
      before = last
      await waitUntilCaughtUp(effective, CAUGHT_UP_MS_MAX)
      await delay(applications > 0 ? APPLICATION_TIMER_MS_MAX : 2_500)
      last = await lastLogSeq()
    }
    return true
  } catch (error) {
    observed.problems.push(messageOf(error))
    return false
  }
}
