import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { type Logger, pino } from 'pino'
import { type Kind, kindsByName } from '../../actors/definition/define-kind.ts'
import { addressesOf, announce } from '../../infra/app/connect-to-running.ts'
import { launch, type MoreRoutes, type Running } from '../../infra/app/launch.ts'
import { loadKinds } from '../../infra/app/load-kinds.ts'
import { loadSettings, type SettingName, type Settings } from '../../infra/settings.ts'

export interface SystemOptions {
  /** Override the settings of tests: free ports, a temporary data folder, no CONFIG module. */
  readonly settings?: Partial<Record<SettingName, string>>
  /** Default: the built-in kinds. */
  readonly kinds?: readonly Kind[]
  /** A data folder that outlives `stop()`, for a second start on it. Default: a temporary one, which `stop()` removes. */
  readonly dataDir?: string
  /** Interval at which the limits of the streams are checked. Default: never, since tests change limits. */
  readonly streamCheckMs?: number
  /** How long the streams recognise a message id. Default: as in production. */
  readonly duplicateWindowMs?: number
  /** Adds hooks and routes to the HTTP interface. */
  readonly moreRoutes?: MoreRoutes
  /** Default: silent. */
  readonly log?: Logger
}

/** A whole Colloquy in this process, on free ports. */
export interface System {
  readonly settings: Settings
  readonly running: Running
  /** A connection like any producer's: without a user name if the server accepts that. */
  readonly producer: NatsConnection
  stop(): Promise<void>
}

/** Longer than any test. */
const NEVER_MS = 3_600_000

export const silent = pino({ level: 'silent' })

/** Settings for a test's data folder, both for `startSystem` and for the command line. An empty text leaves a setting out. */
export function settingsFor(dataDir: string, more: SystemOptions['settings'] = {}): Partial<Record<SettingName, string>> {
  const all = {
    DATA_DIR: dataDir,
    NATS_PORT: '0',
    CLICKHOUSE_PORT: '0',
    HTTP_PORT: '0',
    CONFIG: join(dataDir, 'no-config.ts'),
    STORAGE_BYTES_MAX: String(1024 ** 3),
    CANARY: 'off',
    // The role judge adds records to the log, which most tests count.
    QUALITY_SAMPLE: '0',
    ...more,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''))
}

export const temporaryFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'colloquy-test-'))

/** Starts everything that the roles need (default: all roles). The command line finds the system by its data folder. */
export async function startSystem(options: SystemOptions = {}): Promise<System> {
  await using started = new AsyncDisposableStack()
  const dataDir = options.dataDir ?? (await temporaryFolder())
  if (options.dataDir === undefined) started.defer(() => rm(dataDir, { recursive: true, force: true }))
  const { settings } = loadSettings({}, settingsFor(dataDir, options.settings))
  const kinds = options.kinds === undefined ? await loadKinds(settings) : kindsByName(options.kinds)

  const running = await launch(settings, kinds, options.log ?? silent, {
    streamCheckMs: options.streamCheckMs ?? NEVER_MS,
    duplicateWindowMs: options.duplicateWindowMs,
    ...(options.moreRoutes && { moreRoutes: options.moreRoutes }),
  })
  started.defer(() => running.stop())
  const { withdraw } = await announce(settings.DATA_DIR, addressesOf(running))
  started.defer(withdraw)
  const producer = await connect(
    running.nats.embedded || settings.NATS_USER === undefined ? { servers: running.nats.url } : running.nats.connection,
  )
  started.defer(() => producer.close())

  const stopping = started.move()
  return { settings, running, producer, stop: () => stopping.disposeAsync() }
}
