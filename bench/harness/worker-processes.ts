import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { spawnTied, type TiedChild } from '../../infra/servers/tied-child.ts'
import { PREFIX, type SettingName } from '../../infra/settings.ts'
import { ColloquyError } from '../../schemas/errors.ts'

/** A `colloquy up` process. */
export interface Worker {
  readonly pid: number
  /** Resolves when the worker is ready or has exited. */
  readonly ready: Promise<void>
  readonly isReady: boolean
  readonly isPaused: boolean
  /** Sends SIGKILL; settles when the process has exited. */
  kill(): Promise<void>
  pause(): void
  resume(): void
  /** Sends SIGTERM and waits for an orderly exit. @returns the exit code */
  end(): Promise<number | null>
}

export interface Workers {
  /** Workers that still run. */
  readonly all: readonly Worker[]
  /** @param extra what this worker has beside the others: it is not restarted */
  add(extra?: WorkerExtra): Worker
  stop(): Promise<void>
}

export interface WorkerExtra {
  readonly settings?: Readonly<Partial<Record<SettingName, string>>>
  readonly nodeOptions?: readonly string[]
}

const MAIN = fileURLToPath(new URL('../../infra/cli/command-line.ts', import.meta.url))
const END_MS_MAX = 60_000
/** Max restarts. If a worker needs more, the outage of a server is not the cause. */
const RESTARTS_MAX = 500
/** Pause before a restart. A service manager pauses too, because a server may be down for minutes. */
const RESTART_PAUSE_MS = 2_000

export interface WorkersOptions {
  readonly settings: Readonly<Partial<Record<SettingName, string>>>
  /** Additional environment variables. */
  readonly env?: Readonly<Record<string, string>>
  /** Folder for the data folder and the log of each worker. */
  readonly folder: string
  /** Command-line options for Node. */
  readonly nodeOptions?: readonly string[]
  /** Called when a ready worker exits without having been asked to. */
  readonly onDeath: (error: ColloquyError) => void
}

export function createWorkers({ settings, env: extraEnv = {}, folder, nodeOptions = [], onDeath }: WorkersOptions): Workers {
  const all: Worker[] = []
  let [count, restarts, isStopped] = [0, 0, false]
  const drop = (worker: Worker): void => {
    const index = all.indexOf(worker)
    if (index >= 0) all.splice(index, 1)
  }

  const add = (extra?: WorkerExtra): Worker => {
    count += 1
    const name = `worker-${count}`
    const logFile = join(folder, `${name}.log`)
    const own: Partial<Record<SettingName, string>> = { ...settings, ...extra?.settings, DATA_DIR: join(folder, name) }
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith(PREFIX))
    const prefixed = Object.entries(own).map(([setting, value]) => [`${PREFIX}${setting}`, value] as const)
    const env = { ...Object.fromEntries([...inherited, ...prefixed]), ...extraEnv }
    const args = [...nodeOptions, ...(extra?.nodeOptions ?? []), MAIN, 'up', '--no-demo', '--json']
    const child = spawnTied({ name: 'worker', command: process.execPath, args, env, stopTimeoutMs: 0 })
    const output = createWriteStream(logFile)
    for (const stream of [child.stdout, child.stderr]) stream.pipe(output, { end: false })
    child.once('close', () => output.end())
    const worker = workerOf(child)
    worker.exited.then(
      (isUnexpected) => {
        drop(worker)
        if (!isUnexpected || (extra !== undefined && !worker.wasReady)) return
        // A worker that starts while a server is down exits with an error; a service manager would restart it.
        if (!worker.wasReady && restarts < RESTARTS_MAX) {
          restarts += 1
          return void setTimeout(() => {
            if (!isStopped) add()
          }, RESTART_PAUSE_MS)
        }
        onDeath(
          new ColloquyError(
            'worker_died',
            `worker ${child.pid} exited unexpectedly (${child.exitCode ?? child.signalCode}); see ${logFile}`,
          ),
        )
      },
      () => undefined,
    )
    all.push(worker)
    return worker
  }
  return {
    all,
    add,
    async stop() {
      isStopped = true
      await Promise.all([...all].map((worker) => worker.end()))
    },
  }
}

function workerOf(child: TiedChild): Worker & { readonly exited: Promise<boolean>; readonly wasReady: boolean } {
  let [isReady, isPaused, isWanted] = [false, false, true]
  const exit = once(child, 'exit')
  const { promise: ready, resolve } = Promise.withResolvers<void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (!line.includes('"started":true')) return
    isReady = true
    resolve()
  })
  const exited = exit.then(() => {
    resolve()
    return isWanted
  })
  return {
    pid: child.pid ?? 0,
    ready,
    exited,
    get wasReady() {
      return isReady
    },
    get isReady() {
      return isReady && isWanted
    },
    get isPaused() {
      return isPaused
    },
    async kill() {
      isWanted = false
      child.kill('SIGKILL')
      await exit
    },
    pause() {
      isPaused = true
      child.kill('SIGSTOP')
    },
    resume() {
      isPaused = false
      child.kill('SIGCONT')
    },
    async end() {
      isWanted = false
      child.kill('SIGCONT')
      child.kill('SIGTERM')
      const force = setTimeout(() => child.kill('SIGKILL'), END_MS_MAX)
      await exit
      clearTimeout(force)
      return child.exitCode
    },
  }
}
