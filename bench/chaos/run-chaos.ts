import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import { waitUntilCaughtUp } from '../../infra/app/system-status.ts'
import { startClickHouse } from '../../infra/servers/clickhouse/clickhouse-server.ts'
import { loadSettings, type SettingName } from '../../infra/settings.ts'
import { messageOf } from '../../schemas/errors.ts'
import { lastSeqOf } from '../harness/caught-up.ts'
import { startNatsServers, type NatsServers } from '../harness/nats-servers.ts'
import { createRandom } from '../harness/random.ts'
import { BREAKS, type BreakName } from './break/breaks.ts'
import { check, isClean, type Verdict } from './check/check-history.ts'
import { readHistory } from './check/read-history.ts'
import { injectFaults, nothingSeen, type Seen } from './faults.ts'
import { openLedger } from './producer-ledger.ts'
import { startLink } from './network-link.ts'
import { NAP_MS_MAX } from './chaos-messages.ts'
import { startProducer, type ChaosProducer } from './chaos-producer.ts'
import { startWatch } from './chaos-watch.ts'
import { createWorkers, type Workers } from '../harness/worker-processes.ts'

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
  /** A guarantee that the workers break: the checker has to find it. */
  readonly break?: BreakName
}

export interface ChaosReport {
  readonly options: ChaosOptions
  readonly seen: Seen
  /** Copies that producers sent beyond the first. */
  readonly repeatedSends: number
  /** From the end of the faults until everything was level. */
  readonly levelMs: number | undefined
  readonly verdict: Verdict
  /** Where everything still lies, where something was found. */
  readonly folder: string | undefined
}

const HOOK = new URL('break/break-hook.ts', import.meta.url).href
const CONFIG = fileURLToPath(new URL('chaos-kind.ts', import.meta.url))
const PRODUCERS = 4
const LEASE_MS = 3_000
/** A million messages are several gigabytes of records before compression. */
const STORAGE_BYTES_MAX = 24 * 1024 ** 3
const DRAIN_MS_MAX = 60_000
/** When all is read, a machine may be busy that was not while it was tested. */
const patient = { timeout: 60_000 }
/** For one table of a long run. */
const READ_MS_MAX = 600_000
/** A task of a lost runner comes to another one after ten seconds, and that one may have been lost too. */
const LEVEL_MS_MAX = 240_000
/** Shorter runs have no work that may take minutes. */
const LABOUR_MINUTES_MIN = 1
/** And no outage of minutes. */
const OUTAGE_MINUTES_MIN = 10

/** Nothing is wrong; or, where the workers broke a guarantee, the checker found that. */
export const isGood = ({ options, verdict, seen, levelMs }: ChaosReport): boolean => {
  if (options.break !== undefined) return BREAKS[options.break].findings.some((kind) => verdict.counts[kind] !== undefined)
  return isClean(verdict) && seen.troubles.length === 0 && levelMs !== undefined
}

/**
 * Starts servers, workers and producers, injects faults, and checks what is left when everything is level again.
 *
 * @param interrupted ends the faults early; what was sent by then is checked all the same
 */
export async function runChaos(options: ChaosOptions, log: Logger, interrupted: AbortSignal): Promise<ChaosReport> {
  await using started = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'colloquy-chaos-'))
  let keep = true
  started.defer(async () => { if (!keep) await rm(folder, { recursive: true, force: true }) })
  const [workersDir, natsDir] = [join(folder, 'workers'), join(folder, 'nats')]
  await Promise.all([workersDir, natsDir].map((dir) => mkdir(dir)))

  const nats = await startNatsServers(natsDir, options.cluster ? 3 : 1)
  started.defer(() => nats.stop())
  const clickhouse = await startClickHouse({ dataDir: folder, port: 0, log })
  started.defer(() => clickhouse.stop())
  const link = await startLink({ host: '127.0.0.1', port: clickhouse.port })
  started.defer(() => link.stop())
  const settings: Partial<Record<SettingName, string>> = {
    NATS_URL: nats.url, NATS_USER: nats.user, NATS_PASSWORD: nats.password, ...(options.cluster ? { NATS_SYNC_INTERVAL: 'always' } : {}),
    CLICKHOUSE_URL: `http://127.0.0.1:${link.port}`, CLICKHOUSE_USER: clickhouse.username, CLICKHOUSE_PASSWORD: clickhouse.password,
    ROLES: 'host,dispatch,tasks,project', CONFIG, LEASE_MS: String(LEASE_MS), LOG_LEVEL: 'warn', STORAGE_BYTES_MAX: String(STORAGE_BYTES_MAX),
  }
  const seen = nothingSeen()
  const workers = createWorkers({ settings, folder: workersDir, nodeOptions: breakOptions(options.break), onDeath: (error) => seen.troubles.push(error.message) })
  started.defer(() => workers.stop())
  // The first one makes streams and tables.
  await workers.add().ready
  for (let index = 1; index < options.workers; index += 1) workers.add()
  await Promise.all(workers.all.map(({ ready }) => ready))

  const connection = { servers: nats.url.split(','), user: nats.user, pass: nats.password }
  const nc = await connect({ ...connection, maxReconnectAttempts: -1, reconnectTimeWait: 100 })
  started.defer(() => nc.close())
  const jsm = await jetstreamManager(nc)
  const watch = startWatch(nc, jsm)
  started.defer(() => watch.stop())
  const ledger = openLedger(join(folder, 'ledger.jsonl'))
  const producers = await startProducers(options, connection, ledger)
  started.defer(async () => void await Promise.all(producers.map((producer) => producer.close())))

  const over = AbortSignal.any([AbortSignal.timeout(options.minutes * 60_000), interrupted])
  await injectFaults({
    workers, nats, clickhouse, link, watch, leaderOf: (stream) => leaderOf(jsm, nats, stream),
    leaseMs: LEASE_MS, workersMin: Math.min(2, options.workers), workersMax: options.workers + 1,
    isLong: options.minutes >= OUTAGE_MINUTES_MIN,
  }, seen, createRandom(options.seed), over)
  const calmAt = performance.now()
  await Promise.all(producers.map((producer) => producer.drain(DRAIN_MS_MAX)))
  await ledger.close()
  const isLevel = await untilLevel(settings, jsm, workers, seen)
  const levelMs = isLevel ? performance.now() - calmAt : undefined

  const reader = createClient({
    url: clickhouse.url, username: clickhouse.username, password: clickhouse.password, database: clickhouse.database,
    request_timeout: READ_MS_MAX, log: { level: ClickHouseLogLevel.OFF },
  })
  started.defer(() => reader.close())
  const verdict = await check(await readHistory({ ledgerFile: ledger.file, jsm: await jetstreamManager(nc, patient), clickhouse: reader }))
  const report = {
    options, seen, verdict, levelMs, folder,
    repeatedSends: producers.reduce((sum, { repeated }) => sum + repeated, 0),
  }
  keep = !isGood(report)
  return { ...report, folder: keep ? folder : undefined }
}

async function startProducers({ seed, rate, actors, minutes }: ChaosOptions, connection: Parameters<typeof connect>[0] & object, ledger: ReturnType<typeof openLedger>): Promise<ChaosProducer[]> {
  const allActors = Array.from({ length: actors }, (_, index) => `a${index}`)
  return Promise.all(Array.from({ length: PRODUCERS }, (_, index) => startProducer({
    connection, name: `p${index}`, seed: seed * PRODUCERS + index + 1, ratePerSecond: rate / PRODUCERS,
    actors: allActors.filter((_id, place) => place % PRODUCERS === index), allActors, hasLabour: minutes >= LABOUR_MINUTES_MIN, ledger,
  })))
}

async function leaderOf(jsm: JetStreamManager, nats: NatsServers, stream: string): Promise<number> {
  const info = await jsm.streams.info(stream).catch(() => undefined)
  return Array.from({ length: nats.size }, (_, index) => nats.nameOf(index)).indexOf(info?.cluster?.leader ?? '')
}

/** Until nothing lags and no timer is due any more; what does not become level is a trouble, and the checker may say why. */
async function untilLevel(settings: Partial<Record<SettingName, string>>, jsm: JetStreamManager, workers: Workers, seen: Seen): Promise<boolean> {
  const lastOf = (): Promise<number> => lastSeqOf({ jsm }, 'LOG')
  try {
    await Promise.all(workers.all.map(({ ready }) => ready))
    const effective = loadSettings({}, settings).settings
    await delay(NAP_MS_MAX)
    for (let before = -1, last = await lastOf(); before !== last;) {
      before = last
      await waitUntilCaughtUp(effective, LEVEL_MS_MAX)
      await delay(2_500)
      last = await lastOf()
    }
    return true
  } catch (error) {
    seen.troubles.push(messageOf(error))
    return false
  }
}
