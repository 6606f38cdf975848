import { createClient, type ClickHouseClient } from '@clickhouse/client'
import type { KV } from '@nats-io/kv'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { Kinds } from '../../actors/kind.ts'
import type { Bus } from '../../pipeline/bus.ts'
import { beginDispatcher } from '../../pipeline/dispatch/dispatcher.ts'
import { beginHost, type HostRun } from '../../pipeline/host/host.ts'
import { startTrimming } from '../../pipeline/host/trim.ts'
import { createMetrics, type Metrics } from '../../pipeline/metrics.ts'
import { beginProjector } from '../../pipeline/project/projector.ts'
import type { HttpServer } from '../../pipeline/serve/server.ts'
import { startStage, type Stage, type StageRun } from '../../pipeline/stage.ts'
import { createCheckpoints } from '../../pipeline/streams/checkpoints.ts'
import { beginRunner } from '../../pipeline/tasks/runner.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import type { Role, Settings } from '../settings.ts'
import { accessClickHouse, type ClickHouseAccess } from './clickhouse.ts'
import { durabilityOf } from './durability.ts'
import { serveHttp } from './http.ts'
import { registerKinds } from './register.ts'
import { accessNats, connectNats, openBus, type NatsAccess } from './nats.ts'
import { prepareStreams } from './streams.ts'
import { startStatusService } from './status-service.ts'
import { prepareDatabase, prepareTables } from './tables.ts'

/** A system that runs: its servers, connections and stages. */
export interface Running {
  readonly settings: Settings
  readonly nats: NatsAccess
  /** Absent, with its client, where no role of this process has to do with tables. */
  readonly clickhouse: ClickHouseAccess | undefined
  readonly bus: Bus
  readonly kv: KV
  readonly client: ClickHouseClient | undefined
  readonly kinds: Kinds
  readonly metrics: Metrics
  /** By role; only those that this process has. */
  readonly stages: ReadonlyMap<Role, Stage>
  /** Absent where this process does not have the role `serve`. */
  readonly http: HttpServer | undefined
  /** Stops everything in reverse order; what is under way is finished first. May be called again. */
  stop(): Promise<void>
}

const CHECKPOINT_MS = 500
const PROGRESS_MS = 1_000
const TRIM_MS = 10_000
/** Twice as long as nats-server waits with fsync unless it is told otherwise. */
const TRIM_KEEP_MS = 240_000

/** Routes of the one who launches, in front of the HTTP interface's own. */
export type MoreRoutes = (app: FastifyInstance, system: Pick<Running, 'bus' | 'kv'> & { readonly client: ClickHouseClient }) => void

/**
 * Starts servers, streams, tables and stages, in this order.
 *
 * @throws ColloquyError of whatever could not be started; what had been started by then is stopped again.
 */
export async function launch(settings: Settings, kinds: Kinds, log: Logger, moreRoutes?: MoreRoutes): Promise<Running> {
  await using started = new AsyncDisposableStack()
  const [nats, clickhouse] = await startServers(settings, log, started)
  const nc = await connectNats(nats.connection, 'colloquy')
  const bus = await openBus(nc)
  started.defer(() => bus.close())
  const kv = await prepareStreams(nc, bus.jsm, {
    partitions: settings.PARTITIONS, replicas: 1, storageBytesMax: nats.storageBytesMax, outKeepHours: settings.OUT_KEEP_HOURS,
  })
  if (settings.ROLES.includes('host')) await registerKinds({ kv, bus, log, now: () => new Date().toISOString() }, kinds)
  if (clickhouse?.embedded === false) await prepareDatabase(clickhouse.client)
  const client = clickhouse && createClient(clickhouse.client)
  if (client !== undefined) {
    started.defer(() => client.close())
    await prepareTables(client)
  }

  const metrics = createMetrics()
  const stages = await startStages({ settings, kinds, log, bus, kv, client, metrics }, started)
  const statusService = startStatusService(nc, stages, durabilityOf(settings))
  started.defer(() => statusService.stop())
  const http = client !== undefined && settings.ROLES.includes('serve')
    ? await serveHttp({ settings, bus, kv, client, stages, metrics, log, addRoutes: (app) => moreRoutes?.(app, { bus, kv, client }) })
    : undefined
  started.defer(async () => http?.stop())
  const stopping = started.move()
  return { settings, nats, clickhouse, bus, kv, client, kinds, metrics, stages, http, stop: () => stopping.disposeAsync() }
}

/** Roles that read or write tables. */
const TABLE_ROLES: readonly Role[] = ['project', 'serve']

type Servers = [NatsAccess, ClickHouseAccess | undefined]

async function startServers(settings: Settings, log: Logger, started: AsyncDisposableStack): Promise<Servers> {
  const needsTables = settings.ROLES.some((role) => TABLE_ROLES.includes(role))
  const [nats, clickhouse] = await Promise.allSettled([accessNats(settings, log), needsTables ? accessClickHouse(settings, log) : undefined])
  for (const server of [nats, clickhouse]) if (server.status === 'fulfilled') started.defer(async () => server.value?.stop())
  if (nats.status === 'rejected') throw nats.reason
  if (clickhouse.status === 'rejected') throw clickhouse.reason
  return [nats.value, clickhouse.value]
}

export type StageDeps = Pick<Running, 'settings' | 'kinds' | 'bus' | 'kv' | 'client' | 'metrics'> & { log: Logger }

/** Readers of the log first, so that they stand ready when the host begins to write it; stopped the other way round. */
export async function startStages(deps: StageDeps, started: AsyncDisposableStack): Promise<Map<Role, Stage>> {
  const { settings, kinds, bus, kv, client, metrics, log } = deps
  const partitionCount = settings.PARTITIONS
  const partitions = Array.from({ length: partitionCount }, (_, partition) => partition)
  const underWay = { bytesMax: settings.IN_FLIGHT_BYTES_MAX, log, metrics, bus }
  const now = (): string => new Date().toISOString()
  const stages = new Map<Role, Stage>()
  const start = async (role: Role, begin: () => Promise<StageRun>): Promise<void> => {
    if (!settings.ROLES.includes(role)) return
    const stage = await startStage(role, begin, log)
    stages.set(role, stage)
    started.defer(() => stage.stop())
  }
  let host: HostRun | undefined

  if (client !== undefined) await start('project', () => beginProjector({
    ...underWay, clickhouse: client, partitionCount, recordsMax: settings.PROJECT_BATCH_RECORDS_MAX * 2, now,
    batchRecordsMax: settings.PROJECT_BATCH_RECORDS_MAX, batchMs: settings.PROJECT_BATCH_MS, progressMs: PROGRESS_MS,
  }))
  await start('dispatch', () => beginDispatcher({
    ...underWay, checkpoints: createCheckpoints(kv, 'dispatch'), partitions, partitionCount, recordsMax: settings.IN_FLIGHT_MAX,
    checkpointMs: CHECKPOINT_MS,
  }))
  await start('tasks', () => beginRunner({ bus, kinds, log, metrics, now: Date.now }))
  await start('host', async () => {
    host = await beginHost({
      ...underWay, kv, kinds, partitions, partitionCount, liveActorsMax: settings.LIVE_ACTORS_MAX, messagesMax: settings.IN_FLIGHT_MAX, now,
    })
    return host
  })
  const dispatch = stages.get('dispatch')
  if (host !== undefined && dispatch !== undefined) {
    const trimming = startTrimming({
      bus, everyMs: TRIM_MS, keepMs: TRIM_KEEP_MS, log, dispatched: () => dispatch.status().position,
      host: { resolved: () => running(host).resolved(), handedOn: () => running(host).handedOn() },
    })
    started.defer(() => trimming.stop())
  }
  return stages
}

/** The host's present run: one that failed is followed by another. */
function running(host: HostRun | undefined): HostRun {
  if (host === undefined) throw new ColloquyError('no_host', 'the host does not run')
  return host
}
