import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { pino } from 'pino'
import { renderAccounts } from '../../infra/servers/nats/nats-accounts.ts'
import { obtainNatsServer } from '../../infra/servers/nats/obtain-nats.ts'
import { spawnTied } from '../../infra/servers/tied-child.ts'
import { loadSettings } from '../../infra/settings.ts'
import { freePorts } from './free-ports.ts'

/**
 * One nats-server on loopback, or a cluster of three with fsync before every acknowledgement. They have no supervisor: a killed server
 * stays down until `start()`.
 */
export interface NatsServers {
  /** Value for COLLOQUY_NATS_URL. Producers connect to it without credentials. */
  readonly url: string
  /** The user of Colloquy's processes. */
  readonly user: string
  readonly password: string
  readonly size: number
  /** Client ports of the servers. */
  readonly ports: readonly number[]
  /** The name of a server, as in the leader field of stream info. */
  nameOf(index: number): string
  kill(index: number): Promise<void>
  /** Pauses or resumes the process: a paused server keeps its connections and does not answer. */
  signal(index: number, signal: 'SIGSTOP' | 'SIGCONT'): void
  start(index: number): Promise<void>
  stop(): Promise<void>
}

const CLUSTER_SIZE = 3
const USER = 'colloquy'
const PASSWORD = 'servers-of-a-run'
const READY_MS_MAX = 60_000
/** Bytes of a server's log file, in its folder. */
const LOG_BYTES_MAX = 64 * 1024 ** 2

/** @param size 1, or 3 for a cluster */
export async function startNatsServers(folder: string, size: number): Promise<NatsServers> {
  const { settings } = loadSettings({})
  const { command } = await obtainNatsServer({ configured: undefined, cacheDir: settings.CACHE_DIR, log: pino({ level: 'silent' }) })
  const ports = await freePorts(size * 2)
  const children: (ChildProcess | undefined)[] = []
  const nameOf = (index: number): string => `n${index}`
  const urls = Array.from({ length: size }, (_, index) => `nats://127.0.0.1:${ports[index]}`)
  const routes = Array.from({ length: size }, (_, index) => `nats-route://127.0.0.1:${ports[size + index]}`).join(', ')

  const start = async (index: number): Promise<void> => {
    const dir = join(folder, nameOf(index))
    await mkdir(dir, { recursive: true })
    await writeFile(
      join(dir, 'nats.conf'),
      `
server_name: ${nameOf(index)}
listen: "127.0.0.1:${ports[index]}"
max_payload: ${2 * 1024 * 1024}
log_file: ${JSON.stringify(join(dir, 'nats.log'))}
logfile_size_limit: ${LOG_BYTES_MAX}
jetstream { store_dir: ${JSON.stringify(join(dir, 'store'))}, max_file_store: 32GB${size === 1 ? '' : ', sync_interval: always'} }
${size === 1 ? '' : `cluster { name: run, listen: "127.0.0.1:${ports[size + index]}", routes: [${routes}] }`}
${renderAccounts({ user: USER, password: JSON.stringify(PASSWORD) })}`,
    )
    const child = spawnTied({
      name: nameOf(index),
      command,
      args: ['--config', join(dir, 'nats.conf')],
      env: process.env,
      stopTimeoutMs: 0,
    })
    for (const stream of [child.stdout, child.stderr]) stream.resume()
    children[index] = child
  }
  const running = (index: number): ChildProcess | undefined => {
    const child = children[index]
    return child === undefined || child.exitCode !== null || child.signalCode !== null ? undefined : child
  }
  const kill = async (index: number): Promise<void> => {
    const child = running(index)
    if (child === undefined) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  const stop = async (): Promise<void> => {
    await Promise.all(urls.map((_, index) => kill(index)))
  }
  try {
    for (let index = 0; index < size; index += 1) await start(index)
    await waitUntilReady(urls)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    url: urls.join(','),
    user: USER,
    password: PASSWORD,
    size,
    ports: ports.slice(0, size),
    nameOf,
    kill,
    start,
    stop,
    signal: (index, signal) => {
      running(index)?.kill(signal)
    },
  }
}

export const startNatsCluster = (folder: string): Promise<NatsServers> => startNatsServers(folder, CLUSTER_SIZE)

/** Resolves when each server answers and JetStream can place a stream on all of them. */
async function waitUntilReady(urls: readonly string[]): Promise<void> {
  const deadline = AbortSignal.timeout(READY_MS_MAX)
  for (;;) {
    try {
      for (const url of urls) {
        const nc = await connect({ servers: url, user: USER, pass: PASSWORD, reconnect: false, timeout: 2_000 })
        try {
          const jsm = await jetstreamManager(nc, { timeout: 2_000 })
          await jsm.streams.add({ name: 'probe', subjects: ['probe'], num_replicas: urls.length })
          await jsm.streams.delete('probe')
        } finally {
          await nc.close()
        }
      }
      return
    } catch (error) {
      if (deadline.aborted) throw error
      await delay(100)
    }
  }
}
