import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import { ColloquyError, codeOf } from '../../../schemas/errors.ts'
import { ownPassword } from '../data-files.ts'
import { supervise } from '../supervise.ts'
import { renderNatsConfig } from './nats-config.ts'
import { takeDataLock } from '../data-lock.ts'
import { watchFullDisk } from './full-disk.ts'
import { endOrphan } from './orphan.ts'
import { storageLimit } from './storage-limit.ts'

export interface NatsServerOptions {
  /** Holds the store (`nats/`), the configuration and the password; made if missing. */
  dataDir: string
  /** On 127.0.0.1; 0 takes any free one. */
  port: number
  /** The nats-server program, from `obtainNatsServer`. */
  binary: string
  log: Logger
  /** JetStream's limit on disk; default 64 GiB, or 60 % of what the disk has for it if that is less. */
  storageBytesMax?: number
  /** How long acknowledged messages may wait for fsync, such as `10s`, or `always`; default nats-server's two minutes. */
  syncInterval?: string
}

/** A nats-server of ours that answers, and is started again on the same port and store when it dies. */
export interface NatsServer {
  readonly url: string
  readonly port: number
  /** The internal user: may do everything. Who connects without a name may not publish to internal subjects. */
  readonly user: string
  readonly password: string
  readonly storageBytesMax: number
  readonly pid: number | undefined
  readonly restarts: number
  /** Ends it in order, by force after 10 s, and gives the data folder free. May be called again. */
  stop(): Promise<void>
}

const host = '127.0.0.1'
const internalUser = 'colloquy'
const stopTimeoutMs = 10_000
/** A store of many gigabytes is read before the server answers. */
const readyTimeoutMs = 120_000
const probeTimeoutMs = 2_000
/** Errors of the server itself; what one client did wrong (it has a `cid`) must not be able to flood our log. */
const serverTrouble = /\[(ERR|FTL)\](?!.* cid:\d+ )/

/**
 * Starts a nats-server with JetStream on loopback, one per data folder; it ends when we do, even by kill -9.
 *
 * @throws ColloquyError `data_dir_in_use`, `port_taken`, `child_failed`, `nats_orphan`; nothing is left running then.
 */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const { binary, log, syncInterval } = options
  const inDataDir = (name: string): string => resolve(options.dataDir, name)
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 })

  const lock = takeDataLock(inDataDir('nats.lock'))
  try {
    const configFile = inDataDir('nats.conf')
    const pidFile = inDataDir('nats.pid')
    await endOrphan({ pidFile, configFile, stopTimeoutMs, log })

    const port = await freePort(options.port)
    const password = await ownPassword(inDataDir('nats-password'))
    const storeDir = inDataDir('nats')
    const storageBytesMax = options.storageBytesMax ?? await storageLimit(storeDir)
    // Streams were promised as much as there was before, and can be made smaller only while that still holds.
    const config = renderNatsConfig({
      port, storeDir, pidFile, user: internalUser, password, syncInterval, storageBytesMax: Math.max(storageBytesMax, await promisedBefore(configFile)),
    })
    await writeFile(configFile, config, { mode: 0o600 })

    const disk = watchFullDisk({ storeDir, log, restart: () => { if (child.pid !== undefined) process.kill(child.pid, 'SIGTERM') } })
    const child = await supervise({
      name: 'nats-server',
      command: binary,
      args: ['--config', configFile],
      ready: () => answers(port, password),
      readyTimeoutMs,
      stopTimeoutMs,
      lineLevel: (line) => (!disk.hear(line) && serverTrouble.test(line) ? 'warn' : 'debug'),
    }, { log }).catch((error: unknown) => {
      disk.stop()
      throw error
    })

    return {
      url: `nats://${host}:${port}`,
      port,
      user: internalUser,
      password,
      storageBytesMax,
      get pid() { return child.pid },
      get restarts() { return child.restarts },
      stop: async () => {
        disk.stop()
        await child.stop()
        lock.release()
      },
    }
  } catch (error) {
    lock.release()
    throw error
  }
}

/** Resolves when JetStream works for the internal user, which a stranger on our port could not pretend. */
async function answers(port: number, password: string): Promise<void> {
  const login = { servers: `${host}:${port}`, user: internalUser, pass: password }
  const connection = await connect({ ...login, reconnect: false, timeout: probeTimeoutMs })
  try {
    await jetstreamManager(connection, { timeout: probeTimeoutMs })
  } finally {
    await connection.close()
  }
}

/** The limit of the server's last start on this folder; 0 where there was none. */
async function promisedBefore(configFile: string): Promise<number> {
  const text = await readFile(configFile, 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return ''
    throw error
  })
  return Number(/max_file_store: (\d+)/.exec(text)?.[1] ?? 0)
}

/** The port itself, or for 0 a free one. Chosen here and not by nats-server, so that a restart finds it again. */
async function freePort(wanted: number): Promise<number> {
  const server = createServer()
  try {
    server.listen(wanted, host)
    await once(server, 'listening')
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : wanted
  } catch (cause) {
    if (codeOf(cause) !== 'EADDRINUSE' && codeOf(cause) !== 'EACCES') throw cause
    throw new ColloquyError('port_taken', `Port ${wanted} of ${host} cannot be used for nats-server (${codeOf(cause)}). `
      + 'End what listens there, choose another port with COLLOQUY_NATS_PORT, or use that server: COLLOQUY_NATS_URL.', { cause })
  } finally {
    server.close()
  }
}
