import { readFile } from 'node:fs/promises'
import { jetstream as jetstreamClient, jetstreamManager } from '@nats-io/jetstream'
import { connect, credsAuthenticator, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { createPublisher } from '../../pipeline/jetstream/publisher.ts'
import { createRequestMux } from '../../pipeline/jetstream/request-mux.ts'
import { namingFile } from '../../pipeline/runtime/file-errors.ts'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import type { DataLock } from '../servers/data-lock.ts'
import { startNatsServer } from '../servers/nats/nats-server.ts'
import { obtainNatsServer } from '../servers/nats/obtain-nats.ts'
import type { Settings } from '../settings.ts'
import { retryFreePort } from './retry-free-port.ts'

/** Address and credentials of NATS, and the embedded server if Colloquy runs one. */
export interface NatsAccess {
  readonly url: string
  readonly connection: NodeConnectionOptions
  /** True if the server is a child of this process: one replica, on the disk of this machine. */
  readonly embedded: boolean
  /** Process id of the embedded server; changes when the server is restarted. */
  readonly pid: number | undefined
  /** Disk bytes that all streams together may use. */
  readonly storageBytesMax: number
  /** Whether the settings or our own server say so; otherwise the number is a guess. */
  readonly isStorageKnown: boolean
  stop(): Promise<void>
}

/** Default disk bytes for the streams on a server that Colloquy does not run. */
const REMOTE_STORAGE_BYTES = 64 * 1024 ** 3

/**
 * Starts the embedded nats-server, or returns the address of the server that the settings name.
 *
 * @param lock of the data folder, if the caller holds it.
 */
export async function accessNats(settings: Settings, log: Logger, lock?: DataLock): Promise<NatsAccess> {
  if (settings.NATS_URL !== undefined) {
    return {
      url: settings.NATS_URL,
      connection: await remoteConnection(settings, settings.NATS_URL),
      embedded: false,
      pid: undefined,
      storageBytesMax: settings.STORAGE_BYTES_MAX ?? REMOTE_STORAGE_BYTES,
      isStorageKnown: settings.STORAGE_BYTES_MAX !== undefined,
      stop: async () => undefined,
    }
  }
  const binary = await obtainNatsServer({ configured: settings.NATS_SERVER_BIN, cacheDir: settings.CACHE_DIR, log })
  const server = await retryFreePort(
    settings.NATS_PORT,
    () =>
      startNatsServer({
        dataDir: settings.DATA_DIR,
        port: settings.NATS_PORT,
        binary: binary.command,
        log,
        isLocked: lock !== undefined,
        storageBytesMax: settings.STORAGE_BYTES_MAX,
        syncInterval: settings.NATS_SYNC_INTERVAL,
      }),
    log,
  )
  return {
    url: server.url,
    connection: { servers: server.url, user: server.user, pass: server.password },
    embedded: true,
    storageBytesMax: server.storageBytesMax,
    isStorageKnown: true,
    stop: server.stop,
    get pid() {
      return server.pid
    },
  }
}

/** The connection options for a server that the settings name. @param url one URL, or several separated by commas. */
export async function remoteConnection(settings: Settings, url: string): Promise<NodeConnectionOptions> {
  return {
    servers: url.split(',').map((one) => one.trim()),
    user: settings.NATS_USER,
    pass: settings.NATS_PASSWORD,
    token: settings.NATS_TOKEN,
    ...(settings.NATS_CREDS === undefined
      ? {}
      : { authenticator: credsAuthenticator(await namingFile(settings.NATS_CREDS, readFile(settings.NATS_CREDS))) }),
    ...(settings.NATS_TLS_CA === undefined && settings.NATS_TLS_CERT === undefined
      ? {}
      : { tls: { caFile: settings.NATS_TLS_CA, certFile: settings.NATS_TLS_CERT, keyFile: settings.NATS_TLS_KEY } }),
  }
}

/**
 * Connects to NATS and reconnects for ever. What is published while disconnected is sent after the reconnect.
 *
 * @throws ColloquyError `nats_unreachable` if the first connection fails.
 */
export async function connectNats(connection: NodeConnectionOptions, name: string): Promise<NatsConnection> {
  try {
    return await connect({
      ...connection,
      name,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      reconnectJitter: 100,
      ignoreClusterUpdates: false,
    })
  } catch (cause) {
    const where = [connection.servers].flat().join(', ')
    throw new ColloquyError(
      'nats_unreachable',
      `cannot connect to NATS at ${where} (${messageOf(cause)}); start it, or check COLLOQUY_NATS_URL and its credentials`,
      { cause },
    )
  }
}

/**
 * Creates the JetStream clients on a connection and takes ownership of the connection: `close` closes it. If JetStream is not available,
 * the connection is closed before this throws, because an open connection would keep its thread alive.
 */
export async function openJetStream(nc: NatsConnection): Promise<JetStreamContext & { close(): Promise<void> }> {
  const mux = createRequestMux(nc)
  const close = async (): Promise<void> => {
    await mux.close()
    await nc.close()
  }
  try {
    return { nc, mux, publisher: createPublisher(mux), jsm: await jetstreamManager(nc), js: jetstreamClient(nc), close }
  } catch (error) {
    await close()
    throw error
  }
}
