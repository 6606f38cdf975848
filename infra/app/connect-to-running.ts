import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ClickHouseClientConfigOptions, ClickHouseLogLevel } from '@clickhouse/client'
import type { NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node'
import { z } from 'zod'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { namingFile } from '../../pipeline/runtime/file-errors.ts'
import { awayCodeOf } from '../../pipeline/runtime/server-away.ts'
import { codeOf, ColloquyError, messageOf } from '../../schemas/errors.ts'
import { parseJson } from '../../schemas/json.ts'
import { STREAMS } from '../../schemas/subjects.ts'
import type { Settings } from '../settings.ts'
import type { Running } from './launch.ts'
import { connectNats, openJetStream, remoteConnection } from './nats-access.ts'

/** The file `running.json` in the data folder: how other processes of this machine find the servers of a running system. */
const addressesSchema = z.object({
  pid: z.int().positive(),
  natsUrl: z.string(),
  clickhouseUrl: z.string().nullable(),
  httpUrl: z.string().nullable(),
})
/** Addresses of a running system; `null` for a server that it does not have. */
export type Addresses = z.infer<typeof addressesSchema>

/** The addresses of a system that this process runs. */
export const addressesOf = ({ nats, clickhouse, http }: Running): Addresses => ({
  pid: process.pid,
  natsUrl: nats.url,
  clickhouseUrl: clickhouse?.url ?? null,
  httpUrl: http?.url ?? null,
})

const HOST = '127.0.0.1'
/** The address of a server by its configured port; `undefined` if the port is chosen freely. */
const urlAt = (protocol: string, port: number): string | undefined => (port === 0 ? undefined : `${protocol}://${HOST}:${port}`)
const fileOf = (dataDir: string): string => join(dataDir, 'running.json')

/** Writes the addresses into the data folder, readable by its owner only. `withdraw` removes them. */
export async function announce(dataDir: string, addresses: Addresses): Promise<{ withdraw(): Promise<void> }> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const file = fileOf(dataDir)
  const partial = `${file}.${addresses.pid}`
  await namingFile(partial, writeFile(partial, `${JSON.stringify(addresses, undefined, 2)}\n`, { mode: 0o600 }))
  await rename(partial, file)
  return {
    async withdraw() {
      // Another process may have overwritten the file: systems whose servers are named by URL can share a data folder.
      if ((await announced(dataDir))?.pid === addresses.pid) await rm(file, { force: true })
    },
  }
}

/** Reads the addresses of the system on a data folder; `undefined` if there are none. */
export async function announced(dataDir: string): Promise<Addresses | undefined> {
  const text = await readIfExists(fileOf(dataDir))
  return text === undefined ? undefined : addressesSchema.safeParse(parseJson(text)).data
}

/** A server that stands still is noticed after two pings without an answer. */
const PING_INTERVAL_MS = 15_000

/**
 * Connects to the NATS of a running system as Colloquy's own user, whose password is in the data folder. With NATS_URL, as the user that
 * the settings name.
 *
 * @throws ColloquyError `not_running` if no system runs on the data folder; `nats_unreachable` if its NATS, or NATS_URL, does not answer.
 */
export async function connectToRunningNats(settings: Settings): Promise<NatsConnection> {
  const connection = await runningNats(settings)
  const options = { ...connection, timeout: CONNECT_MS_MAX, pingInterval: PING_INTERVAL_MS }
  return connectNats(options, 'colloquy command').catch((cause: unknown) => {
    throw settings.NATS_URL === undefined ? noAnswer(settings, 'NATS', [connection.servers].flat().join(), cause) : cause
  })
}

/** How Colloquy's own processes connect to the NATS of a running system. @throws ColloquyError `not_running` */
export async function runningNats(settings: Settings): Promise<NodeConnectionOptions> {
  if (settings.NATS_URL !== undefined) return remoteConnection(settings, settings.NATS_URL)
  const url = (await announced(settings.DATA_DIR))?.natsUrl ?? urlAt('nats', settings.NATS_PORT)
  const password = await readIfExists(join(settings.DATA_DIR, 'nats-password'))
  if (url === undefined || password === undefined) throw notRunning(settings)
  return { servers: url, user: 'colloquy', pass: password.trim() }
}

/** Connects with all rights. @throws ColloquyError as `connectToRunningNats` does; `not_set_up` if NATS has no streams of Colloquy. */
async function connectToRunningJetStream(settings: Settings): Promise<JetStreamContext & { close(): Promise<void> }> {
  const jetstream = await openJetStream(await connectToRunningNats(settings))
  try {
    await requireStreams(jetstream)
    return jetstream
  } catch (error) {
    await jetstream.close()
    throw error
  }
}

async function requireStreams({ nc, jsm }: JetStreamContext): Promise<void> {
  const present = new Set<string>()
  for await (const name of jsm.streams.names()) present.add(name)
  const missing = STREAMS.filter((name) => !present.has(name))
  if (missing.length === 0) return
  throw new ColloquyError(
    'not_set_up',
    missing.length === STREAMS.length
      ? `The NATS at ${nc.getServer()} has no streams of Colloquy; run "npx colloquy up" on it`
      : `The NATS at ${nc.getServer()} lacks the streams ${missing.join(', ')}: the start that creates them has not finished. `
          + 'Run "npx colloquy up" on it, which creates the rest or says why it cannot',
  )
}

/**
 * Runs a function on a connection to a running system, with all rights, and closes the connection afterwards.
 *
 * @throws ColloquyError `not_running`, `nats_unreachable`, or `not_set_up` if NATS has no streams of Colloquy.
 */
export async function withJetStream<T>(settings: Settings, work: (jetstream: JetStreamContext) => Promise<T>): Promise<T> {
  const jetstream = await connectToRunningJetStream(settings)
  try {
    return await work(jetstream)
  } finally {
    await jetstream.close()
  }
}

/** `analyst` may only read; `colloquy` may do everything. With CLICKHOUSE_URL, both log in as the user that the settings name. */
export type ClickHouseRole = 'analyst' | 'colloquy'

/** A ClickHouse that takes longer for an answer to its ping counts as away. */
const PING_MS_MAX = 5_000
/** Time for the first answer of NATS. */
const CONNECT_MS_MAX = 10_000

/**
 * Client options for the ClickHouse of a running system, which has answered just now.
 *
 * @throws ColloquyError as `runningClickHouse`; `not_running` if nothing listens; `tables_unavailable` if it does not answer in time.
 */
export async function connectToRunningClickHouse(settings: Settings, role: ClickHouseRole): Promise<ClickHouseClientConfigOptions> {
  const access = await runningClickHouse(settings, role)
  const url = String(access.url)
  const timeout = AbortSignal.timeout(PING_MS_MAX)
  try {
    // Any answer will do, also the refusal of a proxy.
    const response = await fetch(new URL('/ping', url), { signal: timeout })
    await response.body?.cancel()
  } catch (cause) {
    if (!timeout.aborted) throw noAnswer(settings, 'ClickHouse', url, cause)
    throw new ColloquyError('tables_unavailable', `ClickHouse at ${url} does not answer within ${PING_MS_MAX / 1_000} s`, { cause })
  }
  return access
}

/**
 * As `connectToRunningClickHouse`, but does not connect.
 *
 * @throws ColloquyError `not_running` if no system runs on the data folder; `no_tables` if the system has no role with tables.
 */
export async function runningClickHouse(settings: Settings, role: ClickHouseRole): Promise<ClickHouseClientConfigOptions> {
  const base = { database: settings.CLICKHOUSE_DATABASE, application: 'colloquy', log: { level: ClickHouseLogLevel.OFF } }
  if (settings.CLICKHOUSE_URL !== undefined) {
    return {
      ...base,
      url: settings.CLICKHOUSE_URL,
      username: settings.CLICKHOUSE_USER,
      password: settings.CLICKHOUSE_PASSWORD ?? '',
      // The user that the settings name may have all rights. Read-only mode keeps an analyst's queries from using them.
      ...(role === 'analyst' ? { clickhouse_settings: { readonly: '2' } } : {}),
    }
  }
  const known = await announced(settings.DATA_DIR)
  if (known?.clickhouseUrl === null) {
    throw new ColloquyError(
      'no_tables',
      `The Colloquy on ${settings.DATA_DIR} has no role that keeps tables; start one whose COLLOQUY_ROLES contains project`,
    )
  }
  const url = known?.clickhouseUrl ?? urlAt('http', settings.CLICKHOUSE_PORT)
  if (url === undefined) throw notRunning(settings)
  if (role === 'analyst') return { ...base, url, username: 'analyst', password: '' }
  const password = await readIfExists(join(settings.DATA_DIR, 'clickhouse-password'))
  if (password === undefined) throw notRunning(settings)
  return { ...base, url, username: 'colloquy', password: password.trim() }
}

/**
 * The URL of the HTTP interface of a running system. Does not connect.
 *
 * @throws ColloquyError `not_running`; `no_http` if the system has no HTTP interface.
 */
export async function httpAddress(settings: Settings): Promise<string> {
  const known = await announced(settings.DATA_DIR)
  if (known?.httpUrl === null) {
    throw new ColloquyError(
      'no_http',
      `The Colloquy on ${settings.DATA_DIR} has no HTTP interface; start one whose COLLOQUY_ROLES contains serve`,
    )
  }
  if (known !== undefined) return known.httpUrl
  if (settings.HTTP_PORT === 0) throw notRunning(settings)
  return `http://${settings.HTTP_HOST.includes(':') ? `[${settings.HTTP_HOST}]` : settings.HTTP_HOST}:${settings.HTTP_PORT}`
}

/** Codes of an address at which nothing listens. */
const NOT_LISTENING = ['ECONNREFUSED', 'ENOENT', 'ENOTFOUND', 'EHOSTUNREACH']

/** The error of a request that failed at a server of a running system: `not_running` only if nothing listens there. */
export function noAnswer(settings: Settings, server: 'NATS' | 'ClickHouse', url: string, cause: unknown): ColloquyError {
  const code = awayCodeOf(cause)
  if (NOT_LISTENING.includes(code ?? '')) return notRunning(settings, url, cause)
  return new ColloquyError(
    server === 'NATS' ? 'nats_unreachable' : 'tables_unavailable',
    `${server} at ${url} listens, but does not answer (${code ?? innermostMessage(cause)}): it may be too busy, hang, or have too many `
      + 'connections. Repeat the command; if that does not help, see the log of "colloquy up"',
    { cause },
  )
}

function innermostMessage(error: unknown): string {
  return error instanceof Error && error.cause !== undefined ? innermostMessage(error.cause) : messageOf(error)
}

/** The error of a command that needs a running system. */
export function notRunning(settings: Settings, url?: string, cause?: unknown): ColloquyError {
  const where = url === undefined ? '' : `: no Colloquy answers at ${url}`
  return new ColloquyError(
    'not_running',
    `No Colloquy runs on the data folder ${settings.DATA_DIR}${where}. `
      + 'Start it with "npx colloquy up", or set its address: COLLOQUY_DATA_DIR, or COLLOQUY_NATS_URL and COLLOQUY_CLICKHOUSE_URL.',
    { cause },
  )
}

/** Reads a file; `undefined` if it does not exist. */
async function readIfExists(file: string): Promise<string | undefined> {
  try {
    return await namingFile(file, readFile(file, 'utf8'))
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}
