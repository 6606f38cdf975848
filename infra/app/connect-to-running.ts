import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ClickHouseLogLevel, type ClickHouseClientConfigOptions } from '@clickhouse/client'
import type { NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node'
import { z } from 'zod'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { isJetStreamError } from '../../pipeline/jetstream/jetstream-codes.ts'
import { ColloquyError, codeOf } from '../../schemas/errors.ts'
import { parseJson } from '../../schemas/json.ts'
import type { Settings } from '../settings.ts'
import type { Running } from './launch.ts'
import { connectNats, openJetStream, remoteConnection } from './nats-access.ts'

/** How other processes on this machine find the servers of one that runs, also on ports that were chosen freely. */
const addressesSchema = z.object({
  pid: z.int().positive(),
  natsUrl: z.string(),
  clickhouseUrl: z.string().nullable(),
  httpUrl: z.string().nullable(),
})
export type Addresses = z.infer<typeof addressesSchema>

export const addressesOf = ({ nats, clickhouse, http }: Running): Addresses => ({
  pid: process.pid, natsUrl: nats.url, clickhouseUrl: clickhouse?.url ?? null, httpUrl: http?.url ?? null,
})

const HOST = '127.0.0.1'
/** Where a server is that nobody announced; with port 0 it could be anywhere. */
const urlAt = (protocol: string, port: number): string | undefined => (port === 0 ? undefined : `${protocol}://${HOST}:${port}`)
const fileOf = (dataDir: string): string => join(dataDir, 'running.json')

/** Writes the addresses into the data folder, for the owner's eyes; `withdraw` takes them away again. */
export async function announce(dataDir: string, addresses: Addresses): Promise<{ withdraw(): Promise<void> }> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const file = fileOf(dataDir)
  const aside = `${file}.${addresses.pid}`
  await writeFile(aside, `${JSON.stringify(addresses, undefined, 2)}\n`, { mode: 0o600 })
  await rename(aside, file)
  return {
    async withdraw() {
      // Somebody else may have announced himself since: with servers of the settings' own, two may share a data folder.
      if ((await announced(dataDir))?.pid === addresses.pid) await rm(file, { force: true })
    },
  }
}

/** The addresses of the system on this data folder; `undefined` where none was announced. */
export async function announced(dataDir: string): Promise<Addresses | undefined> {
  const text = await readIfThere(fileOf(dataDir))
  return text === undefined ? undefined : addressesSchema.safeParse(parseJson(text)).data
}

/** `producer` may publish inputs and read; `colloquy` may do everything. With NATS_URL both are the user of the settings. */
export type NatsRole = 'producer' | 'colloquy'

/**
 * Connects to the NATS of a system that runs.
 *
 * @throws ColloquyError `not_running` where there is none on this data folder, `nats_unreachable` where NATS_URL does not answer.
 */
export async function connectToRunningNats(settings: Settings, role: NatsRole): Promise<NatsConnection> {
  const name = `colloquy ${role}`
  if (settings.NATS_URL !== undefined) return connectNats(await remoteConnection(settings, settings.NATS_URL), name)
  const url = (await announced(settings.DATA_DIR))?.natsUrl ?? urlAt('nats', settings.NATS_PORT)
  const password = await readIfThere(join(settings.DATA_DIR, 'nats-password'))
  if (url === undefined || password === undefined) throw notRunning(settings)
  const connection: NodeConnectionOptions = { servers: url }
  const login = role === 'colloquy' ? { user: 'colloquy', pass: password.trim() } : {}
  return connectNats({ ...connection, ...login }, name).catch((cause: unknown) => { throw notRunning(settings, url, cause) })
}

/** Connects as Colloquy itself. @throws ColloquyError as `attachNats` does, and `not_set_up` where NATS has no streams of ours */
async function connectToRunningJetStream(settings: Settings): Promise<JetStreamContext & { close(): Promise<void> }> {
  const jetstream = await openJetStream(await connectToRunningNats(settings, 'colloquy'))
  try {
    await jetstream.jsm.streams.info('LOG')
    return jetstream
  } catch (cause) {
    await jetstream.close()
    if (!isJetStreamError(cause, 'streamNotFound')) throw cause
    const where = jetstream.nc.getServer()
    throw new ColloquyError('not_set_up', `The NATS at ${where} has no streams of Colloquy; run "npx colloquy up" on it`, { cause })
  }
}

/** Works over such a connection, which is closed whatever comes of it. */
export async function withJetStream<T>(settings: Settings, work: (jetstream: JetStreamContext) => Promise<T>): Promise<T> {
  const jetstream = await connectToRunningJetStream(settings)
  try {
    return await work(jetstream)
  } finally {
    await jetstream.close()
  }
}

/** `analyst` may only read; `colloquy` may do everything. With CLICKHOUSE_URL both are the user of the settings. */
export type ClickHouseRole = 'analyst' | 'colloquy'

/**
 * How to get into the ClickHouse of a system that runs. Nothing is asked yet.
 *
 * @throws ColloquyError `not_running` where there is none on this data folder, `no_tables` where the one that runs keeps none.
 */
export async function connectToRunningClickHouse(settings: Settings, role: ClickHouseRole): Promise<ClickHouseClientConfigOptions> {
  const base = { database: settings.CLICKHOUSE_DATABASE, application: 'colloquy', log: { level: ClickHouseLogLevel.OFF } }
  if (settings.CLICKHOUSE_URL !== undefined) {
    return {
      ...base, url: settings.CLICKHOUSE_URL, username: settings.CLICKHOUSE_USER, password: settings.CLICKHOUSE_PASSWORD ?? '',
      // The user of the settings may be allowed anything; an analyst's query is kept from writing all the same.
      ...(role === 'analyst' ? { clickhouse_settings: { readonly: '2' } } : {}),
    }
  }
  const known = await announced(settings.DATA_DIR)
  if (known?.clickhouseUrl === null) {
    throw new ColloquyError('no_tables', `The Colloquy on ${settings.DATA_DIR} has no role that keeps tables; start one whose COLLOQUY_ROLES contains project`)
  }
  const url = known?.clickhouseUrl ?? urlAt('http', settings.CLICKHOUSE_PORT)
  if (url === undefined) throw notRunning(settings)
  if (role === 'analyst') return { ...base, url, username: 'analyst', password: '' }
  const password = await readIfThere(join(settings.DATA_DIR, 'clickhouse-password'))
  if (password === undefined) throw notRunning(settings)
  return { ...base, url, username: 'colloquy', password: password.trim() }
}

/**
 * Where the HTTP interface of a system that runs is. Nothing is asked yet.
 *
 * @throws ColloquyError `not_running`, or `no_http` where the one that runs has none.
 */
export async function httpAddress(settings: Settings): Promise<string> {
  const known = await announced(settings.DATA_DIR)
  if (known?.httpUrl === null) {
    throw new ColloquyError('no_http', `The Colloquy on ${settings.DATA_DIR} has no HTTP interface; start one whose COLLOQUY_ROLES contains serve`)
  }
  if (known !== undefined) return known.httpUrl
  if (settings.HTTP_PORT === 0) throw notRunning(settings)
  return `http://${settings.HTTP_HOST.includes(':') ? `[${settings.HTTP_HOST}]` : settings.HTTP_HOST}:${settings.HTTP_PORT}`
}

/** The error of a command that needs a running system. */
export function notRunning(settings: Settings, url?: string, cause?: unknown): ColloquyError {
  const where = url === undefined ? '' : `: nothing of ours answers at ${url}`
  return new ColloquyError('not_running', `No Colloquy runs on the data folder ${settings.DATA_DIR}${where}. `
    + 'Start it with "npx colloquy up", or say where it is: COLLOQUY_DATA_DIR, or COLLOQUY_NATS_URL and COLLOQUY_CLICKHOUSE_URL.',
  { cause })
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}
