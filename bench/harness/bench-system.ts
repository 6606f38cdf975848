import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ClickHouseClient, createClient } from '@clickhouse/client'
import { jetstream, type JetStreamClient, type JetStreamManager, jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import {
  type Addresses,
  announced,
  connectToRunningClickHouse,
  connectToRunningNats,
  notRunning,
} from '../../infra/app/connect-to-running.ts'
import { remoteConnection } from '../../infra/app/nats-access.ts'
import { supervise } from '../../infra/servers/supervise.ts'
import { loadSettings, PREFIX, type Role, type SettingName, type Settings } from '../../infra/settings.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { connectAsClient } from './client-connection.ts'
import { STARTED_MS_MAX, waitFor } from './in-time.ts'
import { createWorkers, type Worker } from './worker-processes.ts'

/** Name and password at NATS. */
export interface NatsLogin {
  readonly servers: string
  readonly user?: string | undefined
  readonly pass?: string | undefined
}

/** Colloquy in other processes, with connections of its own user, of a producer and of an analyst. */
export interface BenchSystem {
  readonly settings: Settings
  /** Environment for `colloquy` commands that connect to this system. */
  readonly environment: Readonly<Record<string, string>>
  /** A connection with the rights of Colloquy's own processes. */
  readonly nc: NatsConnection
  /** A connection with the rights of any producer. */
  readonly producerConnection: NatsConnection
  /** How a process logs in with the rights of Colloquy's own processes. */
  login(): Promise<NatsLogin>
  readonly js: JetStreamClient
  readonly jsm: JetStreamManager
  /** Client of the user `analyst`. */
  readonly clickhouse: ClickHouseClient
  /** Process ids of all `up` processes; the first one runs the servers. */
  readonly pids: readonly number[]
  /** Whether any of these processes has the role. */
  has(role: Role): boolean
  /** Workers besides the first process. */
  readonly workers: readonly Worker[]
  /** Starts another worker and settles when it is ready. Default roles: `WORKER_ROLES`. */
  addWorker(roles?: readonly Role[]): Promise<Worker>
  /** Starts a worker with those roles that the gate needs and that no process has. */
  complete(): Promise<void>
  /** @throws ColloquyError `system_died` or `worker_died` if a process died during the run: its figures would mean nothing */
  check(): void
  stop(): Promise<void>
}

type SettingTexts = Readonly<Partial<Record<SettingName, string>>>

export interface SystemOptions {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** These override the environment and the harness's defaults. */
  readonly settings: SettingTexts
  /** Processes that host actors. */
  readonly workers: number
  /** Roles to start. If none of them needs tables, they run in workers beside a process with the servers and the role `serve`. */
  readonly roles: readonly Role[]
  /** Folder for CPU profiles; each process writes its own when it exits. */
  readonly profileDir?: string | undefined
  readonly log: Logger
}

/** The configuration with the measured kinds. */
const KINDS = fileURLToPath(new URL('kinds-config.ts', import.meta.url))
const MAIN = fileURLToPath(new URL('../../infra/cli/command-line.ts', import.meta.url))
/** The system finishes its work in progress and writes profiles before it exits. */
const STOP_MS_MAX = 60_000
const WORKER_ROLES: readonly Role[] = ['host', 'dispatch', 'tasks']
/** Roles that need ClickHouse; a process without them does not start it. */
const TABLE_ROLES: readonly Role[] = ['project', 'embed', 'train', 'serve']
/** Roles that produce the records, events and rows that the gate checks. */
const GATE_ROLES: readonly Role[] = ['host', 'dispatch', 'tasks', 'project']

/** Starts `colloquy up --no-demo` on free ports and a temporary data folder, and workers beside it. `stop()` removes the folder. */
export async function startSystem({
  environment,
  settings: overrides,
  workers,
  roles,
  profileDir,
  log,
}: SystemOptions): Promise<BenchSystem> {
  await using started = new AsyncDisposableStack()
  const hasTables = roles.some((role) => TABLE_ROLES.includes(role))
  const dataDir = await mkdtemp(join(tmpdir(), 'colloquy-bench-'))
  started.defer(() => rm(dataDir, { recursive: true, force: true }))
  const flags: SettingTexts = {
    DATA_DIR: dataDir,
    NATS_PORT: '0',
    CLICKHOUSE_PORT: '0',
    HTTP_PORT: '0',
    CONFIG: KINDS,
    LOG_LEVEL: 'warn',
    CANARY: 'off',
    // Judgements are inputs that no scenario sends: the gate would count them as duplicated.
    QUALITY_SAMPLE: '0',
    QUALITY_SAMPLE_MODEL: '0',
    ROLES: hasTables ? roles.join() : 'serve',
    ...overrides,
  }
  const { settings } = loadSettings(environment, flags)
  const profiling: Record<string, string> = profileDir === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profileDir}` }
  const child = await supervise(
    {
      name: 'colloquy',
      command: process.execPath,
      args: [MAIN, 'up', '--no-demo', '--json'],
      stopTimeoutMs: STOP_MS_MAX,
      env: { ...asEnvironment(flags), ...profiling },
      ready: async () => {
        if ((await announced(dataDir)) === undefined) throw new ColloquyError('not_ready', 'the system has not announced its addresses yet')
      },
      lineLevel: (line) => (line.startsWith('{"started"') ? 'debug' : 'warn'),
    },
    { log },
  )
  started.defer(() => child.stop())
  const system = await connect({ environment, flags, settings, env: profiling }, started, () => {
    if (child.restarts === 0 && child.pid !== undefined) return
    throw new ColloquyError('system_died', 'Colloquy died during the measurement; its last log lines are above')
  })
  try {
    const added = hasTables
      ? Array.from({ length: workers - 1 }, () => system.addWorker())
      : Array.from({ length: workers }, () => system.addWorker(roles))
    await Promise.all(added)
    return system
  } catch (error) {
    await system.stop()
    throw error
  }
}

/**
 * Attaches to the system that runs on the data folder of the environment. `stop()` stops only the workers that were added here.
 *
 * @throws ColloquyError `not_running`
 */
export async function connectToSystem(environment: SystemOptions['environment']): Promise<BenchSystem> {
  await using started = new AsyncDisposableStack()
  return await connect({ environment, flags: {}, settings: loadSettings(environment).settings, env: {} }, started, () => undefined)
}

interface AttachOptions {
  readonly environment: SystemOptions['environment']
  readonly flags: SettingTexts
  readonly settings: Settings
  readonly env: Readonly<Record<string, string>>
}

/** @param started stack of the parts that already run; `stop()` of the system stops them last */
async function connect(
  { environment, flags, settings, env }: AttachOptions,
  started: AsyncDisposableStack,
  checkFirst: () => void,
): Promise<BenchSystem> {
  const addresses = await announced(settings.DATA_DIR)
  if (addresses === undefined) throw notRunning(settings)
  const nc = await connectToRunningNats(settings)
  started.defer(() => nc.close())
  const url = settings.NATS_URL ?? addresses.natsUrl
  const producerConnection = await connectAsClient(await remoteConnection(settings, url))
  started.defer(() => producerConnection.close())
  const clickhouse = createClient(await connectToRunningClickHouse(settings, 'analyst'))
  started.defer(() => clickhouse.close())
  const jsm = await jetstreamManager(nc)

  const own = { ...settingsIn(environment), ...flags }
  const folder = join(settings.DATA_DIR, 'bench-workers')
  started.defer(() => rm(folder, { recursive: true, force: true }))
  const deaths: Error[] = []
  const groups: ReturnType<typeof createWorkers>[] = []
  started.defer(async () => {
    await Promise.all(groups.map((group) => group.stop()))
  })
  const roles = new Set<Role>(settings.ROLES)
  const all = (): Worker[] => groups.flatMap((group) => [...group.all])

  const addWorker = async (wanted: readonly Role[] = WORKER_ROLES): Promise<Worker> => {
    const groupFolder = join(folder, `group-${groups.length + 1}`)
    const group = createWorkers({
      settings: { ...own, ...(await serversOf(settings, addresses)), ROLES: wanted.join() },
      env,
      folder: groupFolder,
      onDeath: (error) => deaths.push(error),
    })
    groups.push(group)
    await mkdir(groupFolder, { recursive: true })
    const worker = group.add()
    await waitFor(worker.ready, STARTED_MS_MAX, () => `a worker has not started; see its log in ${groupFolder}`)
    if (!worker.isReady) {
      throw deaths[0] ?? new ColloquyError('worker_died', `a worker exited before it was ready; see its log in ${groupFolder}`)
    }
    for (const role of wanted) roles.add(role)
    return worker
  }
  const stopping = started.move()
  return {
    settings,
    nc,
    producerConnection,
    async login() {
      const { NATS_URL, NATS_USER, NATS_PASSWORD } = { ...settings, ...(await serversOf(settings, addresses)) }
      return { servers: NATS_URL ?? url, user: NATS_USER, pass: NATS_PASSWORD }
    },
    jsm,
    js: jetstream(nc),
    clickhouse,
    addWorker,
    environment: { ...asEnvironment(own), [`${PREFIX}DATA_DIR`]: settings.DATA_DIR },
    get pids() {
      return [addresses.pid, ...all().map(({ pid }) => pid)]
    },
    get workers() {
      return all()
    },
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

/** Settings with which a worker connects to the system's servers as the user `colloquy`. */
async function serversOf(settings: Settings, { natsUrl, clickhouseUrl }: Addresses): Promise<SettingTexts> {
  const password = async (of: string): Promise<string> => (await readFile(join(settings.DATA_DIR, `${of}-password`), 'utf8')).trim()
  return {
    HTTP_PORT: '0',
    ...(settings.NATS_URL !== undefined ? {} : { NATS_URL: natsUrl, NATS_USER: 'colloquy', NATS_PASSWORD: await password('nats') }),
    ...(settings.CLICKHOUSE_URL !== undefined || clickhouseUrl === null
      ? {}
      : { CLICKHOUSE_URL: clickhouseUrl, CLICKHOUSE_USER: 'colloquy', CLICKHOUSE_PASSWORD: await password('clickhouse') }),
  }
}

const asEnvironment = (settings: SettingTexts): Record<string, string> =>
  Object.fromEntries(Object.entries(settings).map(([name, value]) => [`${PREFIX}${name}`, value]))

const settingsIn = (environment: SystemOptions['environment']): SettingTexts =>
  Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      name.startsWith(PREFIX) && value !== undefined ? [[name.slice(PREFIX.length), value]] : [],
    ),
  )
