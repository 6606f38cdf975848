import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { spawn, type ChildProcess } from 'node:child_process'
import { obtainNatsServer } from '../infra/nats/obtain.ts'
import { loadSettings } from '../infra/settings.ts'
import { silent } from './system.ts'

/** Three nats-servers on loopback that keep each other's streams, each with fsync before every acknowledgement. */
export interface NatsCluster {
  /** For COLLOQUY_NATS_URL. */
  readonly url: string
  readonly user: string
  readonly password: string
  readonly size: number
  /** The name of a server, as streams call their leader. */
  nameOf(index: number): string
  kill(index: number): Promise<void>
  start(index: number): Promise<void>
  stop(): Promise<void>
}

const SIZE = 3
const PASSWORD = 'cluster-of-tests'

export async function startNatsCluster(folder: string): Promise<NatsCluster> {
  const { settings } = loadSettings({})
  const { command } = await obtainNatsServer({ configured: undefined, cacheDir: settings.CACHE_DIR, log: silent })
  const ports = await freePorts(SIZE * 2)
  const children: (ChildProcess | undefined)[] = []
  const routes = Array.from({ length: SIZE }, (_, index) => `nats-route://127.0.0.1:${ports[SIZE + index]}`).join(', ')
  const nameOf = (index: number): string => `n${index}`
  const urlOf = (index: number): string => `nats://127.0.0.1:${ports[index]}`

  const start = async (index: number): Promise<void> => {
    const dir = join(folder, nameOf(index))
    await mkdir(dir, { recursive: true })
    await writeFile(join(dir, 'nats.conf'), `
server_name: ${nameOf(index)}
listen: "127.0.0.1:${ports[index]}"
max_payload: ${2 * 1024 * 1024}
jetstream { store_dir: ${JSON.stringify(join(dir, 'store'))}, max_file_store: 4GB, sync_interval: always }
cluster { name: tests, listen: "127.0.0.1:${ports[SIZE + index]}", routes: [${routes}] }
authorization { users: [ { user: colloquy, password: ${JSON.stringify(PASSWORD)} } ] }
`)
    children[index] = spawn(command, ['--config', join(dir, 'nats.conf')], { stdio: 'ignore' })
  }
  const kill = async (index: number): Promise<void> => {
    const child = children[index]
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  for (let index = 0; index < SIZE; index += 1) await start(index)
  await answers(Array.from({ length: SIZE }, (_, index) => urlOf(index)))
  return {
    url: Array.from({ length: SIZE }, (_, index) => urlOf(index)).join(','), user: 'colloquy', password: PASSWORD, size: SIZE, nameOf, kill, start,
    stop: async () => { await Promise.all(Array.from({ length: SIZE }, (_, index) => kill(index))) },
  }
}

/** Settles once each server answers and the cluster can place a stream on all of them. */
async function answers(urls: readonly string[]): Promise<void> {
  const deadline = AbortSignal.timeout(60_000)
  for (;;) {
    try {
      for (const url of urls) {
        const nc = await connect({ servers: url, user: 'colloquy', pass: PASSWORD, reconnect: false, timeout: 2_000 })
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
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => {
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  })
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}
