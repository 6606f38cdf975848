import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient, type ClickHouseClient } from '@clickhouse/client'
import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import { announced, attachClickHouse, attachNats, notRunning } from '../infra/launch/attach.ts'
import { loadSettings, PREFIX, type SettingName, type Settings } from '../infra/settings.ts'
import { supervise } from '../infra/supervise.ts'
import { ColloquyError } from '../schemas/errors.ts'

/** A Colloquy that runs in processes of its own, as a producer and an analyst get at it. */
export interface BenchSystem {
  readonly settings: Settings
  /** Without a name or password. */
  readonly nc: NatsConnection
  readonly js: JetStreamClient
  readonly jsm: JetStreamManager
  /** As the user `analyst`. */
  readonly clickhouse: ClickHouseClient
  /** Of `up`. */
  readonly pid: number
  /** @throws ColloquyError `system_died` where it was not the same process all the time: its figures say nothing then. */
  check(): void
  stop(): Promise<void>
}

export interface SystemOptions {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Over the environment and the harness's own. */
  readonly settings: Readonly<Partial<Record<SettingName, string>>>
  /** A folder for CPU profiles of all its processes, written as they end. */
  readonly profileDir?: string | undefined
  readonly log: Logger
}

const MAIN = fileURLToPath(new URL('../infra/cli/main.ts', import.meta.url))
/** It finishes what is under way, and writes profiles. */
const STOP_MS_MAX = 60_000

/** Starts `colloquy up --no-demo` on free ports and a temporary data folder, both gone with `stop()`. */
export async function startSystem({ environment, settings: given, profileDir, log }: SystemOptions): Promise<BenchSystem> {
  await using started = new AsyncDisposableStack()
  const dataDir = await mkdtemp(join(tmpdir(), 'colloquy-bench-'))
  started.defer(() => rm(dataDir, { recursive: true, force: true }))
  const flags: Partial<Record<SettingName, string>> = {
    DATA_DIR: dataDir, NATS_PORT: '0', CLICKHOUSE_PORT: '0', HTTP_PORT: '0', CONFIG: join(dataDir, 'no-config.ts'), LOG_LEVEL: 'warn',
    ...given,
  }
  const { settings } = loadSettings(environment, flags)
  const child = await supervise({
    name: 'colloquy', command: process.execPath, args: [MAIN, 'up', '--no-demo', '--json'], stopTimeoutMs: STOP_MS_MAX,
    env: {
      ...Object.fromEntries(Object.entries(flags).map(([name, value]) => [`${PREFIX}${name}`, value])),
      ...(profileDir === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profileDir}` }),
    },
    ready: async () => {
      if (await announced(dataDir) === undefined) throw new ColloquyError('not_ready', 'it has not announced its addresses')
    },
    lineLevel: (line) => (line.startsWith('{"started"') ? 'debug' : 'warn'),
  }, { log })
  started.defer(() => child.stop())
  const attached = await attach(settings)
  started.defer(attached.stop)
  const stopping = started.move()
  return {
    ...attached,
    check() {
      if (child.restarts === 0 && child.pid !== undefined) return
      throw new ColloquyError('system_died', 'Colloquy died while it was measured: what it wrote before is above')
    },
    stop: () => stopping.disposeAsync(),
  }
}

/** Attaches to the system that runs on the data folder of the environment. @throws ColloquyError `not_running` */
export async function attachSystem(environment: SystemOptions['environment']): Promise<BenchSystem> {
  return attach(loadSettings(environment).settings)
}

async function attach(settings: Settings): Promise<BenchSystem> {
  const known = await announced(settings.DATA_DIR)
  if (known === undefined) throw notRunning(settings)
  await using started = new AsyncDisposableStack()
  const nc = await attachNats(settings, 'producer')
  started.defer(() => nc.close())
  const clickhouse = createClient(await attachClickHouse(settings, 'analyst'))
  started.defer(() => clickhouse.close())
  const jsm = await jetstreamManager(nc)
  const stopping = started.move()
  return {
    settings, nc, jsm, js: jetstream(nc), clickhouse, pid: known.pid, check: () => undefined, stop: () => stopping.disposeAsync(),
  }
}
