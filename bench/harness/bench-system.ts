import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient, type ClickHouseClient } from '@clickhouse/client'
import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import { announced, connectToRunningClickHouse, connectToRunningNats, notRunning, type Addresses } from '../../infra/app/connect-to-running.ts'
import { loadSettings, PREFIX, type Role, type SettingName, type Settings } from '../../infra/settings.ts'
import { supervise } from '../../infra/servers/supervise.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { createWorkers, type Worker } from './worker-processes.ts'

/** A Colloquy that runs in processes of its own, as a producer and an analyst get at it. */
export interface BenchSystem {
  readonly settings: Settings
  /** For commands that find it. */
  readonly environment: Readonly<Record<string, string>>
  /** Without a name or password. */
  readonly nc: NatsConnection
  readonly js: JetStreamClient
  readonly jsm: JetStreamManager
  /** As the user `analyst`. */
  readonly clickhouse: ClickHouseClient
  /** Of all `up` processes; the first has the servers. */
  readonly pids: readonly number[]
  /** Whether any of them has the role. */
  has(role: Role): boolean
  /** Workers besides the first process. */
  readonly workers: readonly Worker[]
  /** Starts another worker with these roles; settles when it runs. Default: all that are shared out over workers. */
  addWorker(roles?: readonly Role[]): Promise<Worker>
  /** Has a worker take the roles that nobody has, so that everything is done that can be checked. */
  complete(): Promise<void>
  /** @throws ColloquyError `system_died` where it was not the same processes all the time: its figures say nothing then. */
  check(): void
  stop(): Promise<void>
}

type SettingTexts = Readonly<Partial<Record<SettingName, string>>>

export interface SystemOptions {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Over the environment and the harness's own. */
  readonly settings: SettingTexts
  /** Processes that host actors. */
  readonly workers: number
  /** What runs at first; where none of it needs tables, in workers beside a process that has the servers and serves. */
  readonly roles: readonly Role[]
  /** A folder for CPU profiles of all its processes, written as they end. */
  readonly profileDir?: string | undefined
  readonly log: Logger
}

/** Of the built-in kinds only those that are measured cost anything. */
const KINDS = fileURLToPath(new URL('kinds-config.ts', import.meta.url))
const MAIN = fileURLToPath(new URL('../../infra/cli/command-line.ts', import.meta.url))
/** It finishes what is under way, and writes profiles. */
const STOP_MS_MAX = 60_000
const SHARED_ROLES: readonly Role[] = ['host', 'dispatch', 'tasks']
/** They come with ClickHouse, which a worker without them does not start. */
const TABLE_ROLES: readonly Role[] = ['project', 'embed', 'serve']
/** Without these the gate finds nothing to check. */
const GATE_ROLES: readonly Role[] = ['host', 'dispatch', 'tasks', 'project']

/** Starts `colloquy up --no-demo` on free ports and a temporary data folder, both gone with `stop()`, and the workers beside it. */
export async function startSystem({ environment, settings: given, workers, roles, profileDir, log }: SystemOptions): Promise<BenchSystem> {
  await using started = new AsyncDisposableStack()
  const hasTables = roles.some((role) => TABLE_ROLES.includes(role))
  const dataDir = await mkdtemp(join(tmpdir(), 'colloquy-bench-'))
  started.defer(() => rm(dataDir, { recursive: true, force: true }))
  const flags: SettingTexts = {
    DATA_DIR: dataDir, NATS_PORT: '0', CLICKHOUSE_PORT: '0', HTTP_PORT: '0', CONFIG: KINDS, LOG_LEVEL: 'warn',
    ROLES: hasTables ? roles.join() : 'serve', ...given,
  }
  const { settings } = loadSettings(environment, flags)
  const profiling: Record<string, string> = profileDir === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profileDir}` }
  const child = await supervise({
    name: 'colloquy', command: process.execPath, args: [MAIN, 'up', '--no-demo', '--json'], stopTimeoutMs: STOP_MS_MAX,
    env: { ...asEnvironment(flags), ...profiling },
    ready: async () => {
      if (await announced(dataDir) === undefined) throw new ColloquyError('not_ready', 'it has not announced its addresses')
    },
    lineLevel: (line) => (line.startsWith('{"started"') ? 'debug' : 'warn'),
  }, { log })
  started.defer(() => child.stop())
  const system = await attach({ environment, flags, settings, env: profiling }, started, () => {
    if (child.restarts === 0 && child.pid !== undefined) return
    throw new ColloquyError('system_died', 'Colloquy died while it was measured: what it wrote before is above')
  })
  try {
    const more = hasTables ? Array.from({ length: workers - 1 }, () => system.addWorker()) : Array.from({ length: workers }, () => system.addWorker(roles))
    await Promise.all(more)
    return system
  } catch (error) {
    await system.stop()
    throw error
  }
}

/**
 * Attaches to the system that runs on the data folder of the environment. Workers that are started beside it are gone with `stop()`.
 *
 * @throws ColloquyError `not_running`
 */
export async function attachSystem(environment: SystemOptions['environment']): Promise<BenchSystem> {
  await using started = new AsyncDisposableStack()
  return await attach({ environment, flags: {}, settings: loadSettings(environment).settings, env: {} }, started, () => undefined)
}

interface Place {
  readonly environment: SystemOptions['environment']
  readonly flags: SettingTexts
  readonly settings: Settings
  readonly env: Readonly<Record<string, string>>
}

/** @param started what is stopped after what is started here; all of it is the system's from then on */
async function attach({ environment, flags, settings, env }: Place, started: AsyncDisposableStack, checkFirst: () => void): Promise<BenchSystem> {
  const known = await announced(settings.DATA_DIR)
  if (known === undefined) throw notRunning(settings)
  const nc = await connectToRunningNats(settings, 'producer')
  started.defer(() => nc.close())
  const clickhouse = createClient(await connectToRunningClickHouse(settings, 'analyst'))
  started.defer(() => clickhouse.close())
  const jsm = await jetstreamManager(nc)

  const own = { ...givenSettings(environment), ...flags }
  const folder = join(settings.DATA_DIR, 'bench-workers')
  started.defer(() => rm(folder, { recursive: true, force: true }))
  const deaths: Error[] = []
  const groups: ReturnType<typeof createWorkers>[] = []
  started.defer(async () => { await Promise.all(groups.map((group) => group.stop())) })
  const roles = new Set<Role>(settings.ROLES)
  const all = (): Worker[] => groups.flatMap((group) => [...group.all])

  const addWorker = async (wanted: readonly Role[] = SHARED_ROLES): Promise<Worker> => {
    const place = join(folder, `group-${groups.length + 1}`)
    const group = createWorkers({
      settings: { ...own, ...await serversOf(settings, known), ROLES: wanted.join() }, env, folder: place, onDeath: (error) => deaths.push(error),
    })
    groups.push(group)
    await mkdir(place, { recursive: true })
    const worker = group.add()
    await worker.ready
    if (!worker.isReady) throw deaths[0] ?? new ColloquyError('worker_died', `a worker ended before it ran; ${place} says why`)
    for (const role of wanted) roles.add(role)
    return worker
  }
  const stopping = started.move()
  return {
    settings, nc, jsm, js: jetstream(nc), clickhouse, addWorker,
    environment: { ...asEnvironment(own), [`${PREFIX}DATA_DIR`]: settings.DATA_DIR },
    get pids() { return [known.pid, ...all().map(({ pid }) => pid)] },
    get workers() { return all() },
    has: (role) => roles.has(role),
    async complete() {
      const missing = GATE_ROLES.filter((role) => !roles.has(role))
      if (missing.length > 0) await addWorker(missing)
    },
    check() {
      checkFirst()
      if (deaths[0] !== undefined) throw deaths[0]
    },
    stop: () => stopping.disposeAsync(),
  }
}

/** How a worker of its own gets to the servers of the system, as Colloquy itself. */
async function serversOf(settings: Settings, { natsUrl, clickhouseUrl }: Addresses): Promise<SettingTexts> {
  const password = async (of: string): Promise<string> => (await readFile(join(settings.DATA_DIR, `${of}-password`), 'utf8')).trim()
  return {
    HTTP_PORT: '0',
    ...(settings.NATS_URL !== undefined ? {} : { NATS_URL: natsUrl, NATS_USER: 'colloquy', NATS_PASSWORD: await password('nats') }),
    ...(settings.CLICKHOUSE_URL !== undefined || clickhouseUrl === null ? {} : {
      CLICKHOUSE_URL: clickhouseUrl, CLICKHOUSE_USER: 'colloquy', CLICKHOUSE_PASSWORD: await password('clickhouse'),
    }),
  }
}

const asEnvironment = (settings: SettingTexts): Record<string, string> =>
  Object.fromEntries(Object.entries(settings).map(([name, value]) => [`${PREFIX}${name}`, value]))

const givenSettings = (environment: SystemOptions['environment']): SettingTexts =>
  Object.fromEntries(Object.entries(environment).flatMap(([name, value]) => (name.startsWith(PREFIX) && value !== undefined ? [[name.slice(PREFIX.length), value]] : [])))

