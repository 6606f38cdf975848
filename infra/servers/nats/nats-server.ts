import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import { namingFile } from '../../../pipeline/runtime/file-errors.ts'
import { codeOf, ColloquyError } from '../../../schemas/errors.ts'
import { ownPassword } from '../data-files.ts'
import { lockDataFolder } from '../data-folder.ts'
import { freePort } from '../free-port.ts'
import { supervise } from '../supervise.ts'
import { adoptStreams } from './adopt-streams.ts'
import { watchFullDisk } from './full-disk.ts'
import { renderNatsConfig } from './nats-config.ts'
import { endOrphan } from './orphan.ts'
import { storageLimit } from './storage-limit.ts'

export interface NatsServerOptions {
  /** Folder of the store (`nats/`), the configuration and the password; created if missing. */
  dataDir: string
  /** Port on 127.0.0.1; 0 for any free port. */
  port: number
  /** The nats-server program, from `obtainNatsServer`. */
  binary: string
  log: Logger
  /** Whether the caller holds the lock of the data folder. Default: the server takes and releases it. */
  isLocked?: boolean
  /** JetStream's limit on disk; default: 64 GiB, or 60 % of the available space if that is less. */
  storageBytesMax?: number
  /** Longest time from acknowledgement to fsync, such as `10s`, or `always`; default: two minutes, as in nats-server. */
  syncInterval?: string
}

/** A running nats-server, which is restarted on the same port and store when it dies. */
export interface NatsServer {
  readonly url: string
  readonly port: number
  /** The internal user, who may do everything with the streams. Connections without a name are in another account (`renderAccounts`). */
  readonly user: string
  readonly password: string
  readonly storageBytesMax: number
  readonly pid: number | undefined
  readonly restarts: number
  /** Stops the server in order, or kills it after 10 s. Then releases the data folder. May be called again. */
  stop(): Promise<void>
}

const host = '127.0.0.1'
const internalUser = 'colloquy'
const stopTimeoutMs = 10_000
/** Long, because the server reads its whole store before it answers, and the store may have many gigabytes. */
const readyTimeoutMs = 120_000
const probeTimeoutMs = 2_000
/** Matches errors of the server. Errors of one client (with a `cid`) do not match, because they would flood the log. */
const serverError = /\[(ERR|FTL)\](?!.* cid:\d+ )/

/**
 * Starts a nats-server with JetStream on loopback, one per data folder. It ends with this process, even after kill -9.
 *
 * @throws ColloquyError `data_dir_in_use`, `port_taken`, `child_failed`, `nats_orphan`, `two_stores`; nothing is left running then.
 */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const { binary, log, syncInterval } = options
  const inDataDir = (name: string): string => resolve(options.dataDir, name)
  const lock = options.isLocked === true ? undefined : await lockDataFolder(options.dataDir)
  try {
    const configFile = inDataDir('nats.conf')
    const pidFile = inDataDir('nats.pid')
    await endOrphan({ pidFile, configFile, stopTimeoutMs, log })

    const port = await clientPort(options.port)
    const password = await ownPassword(inDataDir('nats-password'))
    const storeDir = inDataDir('nats')
    await adoptStreams(storeDir, log)
    const storageBytesMax = options.storageBytesMax ?? (await storageLimit(storeDir))
    // Existing streams reserved space under the last limit. Under a smaller limit the server would refuse the requests to shrink them.
    const config = renderNatsConfig({
      port,
      storeDir,
      pidFile,
      user: internalUser,
      password,
      syncInterval,
      storageBytesMax: Math.max(storageBytesMax, await lastStorageLimit(configFile)),
    })
    await namingFile(configFile, writeFile(configFile, config, { mode: 0o600 }))

    const disk = watchFullDisk({
      storeDir,
      log,
      restart: () => {
        if (child.pid !== undefined) process.kill(child.pid, 'SIGTERM')
      },
    })
    const child = await supervise(
      {
        name: 'nats-server',
        command: binary,
        args: ['--config', configFile],
        ready: () => answers(port, password),
        readyTimeoutMs,
        stopTimeoutMs,
        lineLevel: (line) => (!disk.onLine(line) && serverError.test(line) ? 'warn' : 'debug'),
      },
      { log },
    ).catch((error: unknown) => {
      disk.stop()
      throw error
    })

    return {
      url: `nats://${host}:${port}`,
      port,
      user: internalUser,
      password,
      storageBytesMax,
      get pid() {
        return child.pid
      },
      get restarts() {
        return child.restarts
      },
      stop: async () => {
        disk.stop()
        await child.stop()
        lock?.release()
      },
    }
  } catch (error) {
    lock?.release()
    throw error
  }
}

/** Resolves when JetStream works for the internal user. Its password proves that no other server answers on the port. */
async function answers(port: number, password: string): Promise<void> {
  const login = { servers: `${host}:${port}`, user: internalUser, pass: password }
  const connection = await connect({ ...login, reconnect: false, timeout: probeTimeoutMs })
  try {
    await jetstreamManager(connection, { timeout: probeTimeoutMs })
  } finally {
    await connection.close()
  }
}

/** The storage limit at the server's last start on this folder; 0 before the first start. */
async function lastStorageLimit(configFile: string): Promise<number> {
  const text = await namingFile(configFile, readFile(configFile, 'utf8')).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return ''
    throw error
  })
  return Number(/max_file_store: (\d+)/.exec(text)?.[1] ?? 0)
}

/** Returns the port, or a free one for 0. nats-server does not choose it, so that a restarted server gets the same port. */
async function clientPort(wanted: number): Promise<number> {
  try {
    return await freePort(wanted)
  } catch (cause) {
    if (codeOf(cause) !== 'EADDRINUSE' && codeOf(cause) !== 'EACCES') throw cause
    throw new ColloquyError(
      'port_taken',
      `Port ${wanted} of ${host} cannot be used for nats-server (${codeOf(cause)}). `
        + 'Stop the process that listens there, set COLLOQUY_NATS_PORT to another port, or use that server: COLLOQUY_NATS_URL.',
      { cause },
    )
  }
}
