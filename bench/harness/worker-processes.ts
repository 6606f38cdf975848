import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { PREFIX, type SettingName } from '../../infra/settings.ts'
import { spawnTied, type TiedChild } from '../../infra/servers/tied-child.ts'
import { ColloquyError } from '../../schemas/errors.ts'

/** `colloquy up` as a process of its own. */
export interface Worker {
  readonly pid: number
  /** Settles when it runs, or has ended before. */
  readonly ready: Promise<void>
  readonly isReady: boolean
  readonly isPaused: boolean
  /** By kill -9; settles when it is gone. */
  kill(): Promise<void>
  pause(): void
  goOn(): void
  /** In order, by SIGTERM. @returns its exit code */
  end(): Promise<number | null>
}

export interface Workers {
  /** Those that have not been told to end. */
  readonly all: readonly Worker[]
  add(): Worker
  stop(): Promise<void>
}

const MAIN = fileURLToPath(new URL('../../infra/cli/command-line.ts', import.meta.url))
const END_MS_MAX = 60_000
/** More often than this it is not a server's outage that keeps workers from starting. */
const RESTARTS_MAX = 500
/** As whoever runs workers does; a server may be away for minutes. */
const RESTART_PAUSE_MS = 2_000

export interface WorkersOptions {
  readonly settings: Readonly<Partial<Record<SettingName, string>>>
  /** Added to their environment as it is. */
  readonly env?: Readonly<Record<string, string>>
  /** Each worker's data folder and what it writes lie here. */
  readonly folder: string
  /** Options of Node itself that each worker starts with. */
  readonly nodeOptions?: readonly string[]
  /** Told where one ends that nobody wanted to end. */
  readonly onDeath: (error: ColloquyError) => void
}

export function createWorkers({ settings, env: more = {}, folder, nodeOptions = [], onDeath }: WorkersOptions): Workers {
  const all: Worker[] = []
  let [made, restarts, isStopped] = [0, 0, false]
  const drop = (worker: Worker): void => {
    const index = all.indexOf(worker)
    if (index >= 0) all.splice(index, 1)
  }

  const add = (): Worker => {
    made += 1
    const own: Partial<Record<SettingName, string>> = { ...settings, DATA_DIR: join(folder, `worker-${made}`) }
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith(PREFIX))
    const env = { ...Object.fromEntries([...inherited, ...Object.entries(own).map(([name, value]) => [`${PREFIX}${name}`, value] as const)]), ...more }
    const child = spawnTied({ name: 'worker', command: process.execPath, args: [...nodeOptions, MAIN, 'up', '--no-demo', '--json'], env, stopTimeoutMs: 0 })
    const output = createWriteStream(join(folder, `worker-${made}.log`))
    for (const stream of [child.stdout, child.stderr]) stream.pipe(output, { end: false })
    child.once('close', () => output.end())
    const worker = workerOf(child)
    worker.ended.then((unwanted) => {
      drop(worker)
      if (!unwanted) return
      // Started while a server was away, it says so and ends; whoever runs workers starts it again.
      if (!worker.wasReady && restarts < RESTARTS_MAX) {
        restarts += 1
        return void setTimeout(() => { if (!isStopped) add() }, RESTART_PAUSE_MS)
      }
      onDeath(new ColloquyError('worker_died', `worker ${child.pid} ended by itself (${child.exitCode ?? child.signalCode}); ${join(folder, `worker-${made}.log`)} says why`))
    }, () => undefined)
    all.push(worker)
    return worker
  }
  return {
    all, add,
    async stop() {
      isStopped = true
      await Promise.all([...all].map((worker) => worker.end()))
    },
  }
}

function workerOf(child: TiedChild): Worker & { readonly ended: Promise<boolean>; readonly wasReady: boolean } {
  let [isReady, isPaused, wanted] = [false, false, true]
  const gone = once(child, 'exit')
  const { promise: ready, resolve } = Promise.withResolvers<void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (!line.includes('"started":true')) return
    isReady = true
    resolve()
  })
  const ended = gone.then(() => {
    resolve()
    return wanted
  })
  return {
    pid: child.pid ?? 0,
    ready, ended,
    get wasReady() { return isReady },
    get isReady() { return isReady && wanted },
    get isPaused() { return isPaused },
    async kill() {
      wanted = false
      child.kill('SIGKILL')
      await gone
    },
    pause() {
      isPaused = true
      child.kill('SIGSTOP')
    },
    goOn() {
      isPaused = false
      child.kill('SIGCONT')
    },
    async end() {
      wanted = false
      child.kill('SIGCONT')
      child.kill('SIGTERM')
      const force = setTimeout(() => child.kill('SIGKILL'), END_MS_MAX)
      await gone
      clearTimeout(force)
      return child.exitCode
    },
  }
}
