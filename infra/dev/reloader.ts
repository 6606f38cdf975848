import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Health } from '../../pipeline/http/connection-health.ts'
import { createExclusive } from '../../pipeline/runtime/exclusive.ts'
import type { FileWatch } from '../../pipeline/runtime/file-watch.ts'
import { restartPauses } from '../../pipeline/runtime/retry.ts'
import { codeOf, messageOf } from '../../schemas/errors.ts'
import type { KindView } from '../web/kind-view.ts'
import type { CheckedInput, Problem, ToWorker } from './dev-messages.ts'
import { startWorkerProcess, type WorkerProcess } from './worker-process.ts'

/**
 * `running`: the kinds of the last save run. `refused`: the last save is unusable, and the kinds of an earlier save run. `down`: no
 * kinds run until a retry or a save succeeds.
 */
export type Phase = 'starting' | 'reloading' | 'running' | 'refused' | 'down'

export interface ReloadStatus {
  readonly phase: Phase
  /** When this status was set, ISO. */
  readonly since: string
  /** Number of times that kinds have started to run. */
  readonly generation: number
  /** The kinds that run now; if none do, the kinds that ran last. */
  readonly kinds: readonly KindView[]
  /** Time from the save until the stages ran; `null` before the first reload. */
  readonly tookMs: number | null
  readonly problem: Problem | null
  /** The files of the last save; empty at the start. */
  readonly changed: readonly string[]
}

export interface Reloader {
  status(): ReloadStatus
  /** Loads the kinds again, as if one of these files had been saved. */
  reload(changed: readonly string[]): void
  /** All that is wrong with the data of an input; `undefined` where the process of the kinds cannot tell now. */
  check(kind: string, input: CheckedInput): Promise<readonly string[] | undefined>
  /** For `/readyz`: not ok while no process runs the kinds. */
  health(): Health
  /** Settles when kinds run for the first time, are refused, or their process has ended. */
  readonly settled: Promise<void>
  /** Settles when kinds run for the first time. */
  readonly ran: Promise<void>
  stop(): Promise<void>
}

export interface ReloaderOptions {
  readonly order: Extract<ToWorker, { type: 'load' }>
  /** Watched besides the files that the kinds import; it may not exist yet. */
  readonly configFile: string
  readonly watchFiles: (onSave: (files: readonly string[]) => void) => FileWatch
  readonly log: Logger
  readonly now: () => string
}

/**
 * Keeps a worker running with the kinds of the last save. A standby worker has imported everything but the kinds, so that a reload
 * costs only their import and the start of the stages. After it has registered the kinds, it replaces the current worker.
 */
export function startReloader(options: ReloaderOptions): Reloader {
  const { order, log } = options
  const stopping = new AbortController()
  const settled = Promise.withResolvers<void>()
  const ran = Promise.withResolvers<void>()
  let status: ReloadStatus = { phase: 'starting', since: options.now(), generation: 0, kinds: [], tookMs: null, problem: null, changed: [] }
  let current: WorkerProcess | undefined
  let currentSince = options.now()
  let standby: Promise<WorkerProcess> | undefined = startWorkerProcess()
  let wake = Promise.withResolvers<void>()
  let changed = new Set<string>()
  let savedAt: number | undefined
  let isDue = true
  const pauses = restartPauses()
  const inTurn = createExclusive()

  const setStatus = (next: Partial<ReloadStatus>): void => {
    status = { ...status, since: options.now(), ...next }
  }
  const setCurrent = (worker: WorkerProcess | undefined): void => {
    current = worker
    currentSince = options.now()
  }
  const requestRun = (): void => {
    isDue = true
    wake.resolve()
  }
  const reload = (files: readonly string[]): void => {
    for (const file of files) changed.add(file)
    savedAt ??= performance.now()
    pauses.reset()
    requestRun()
  }
  const files = options.watchFiles(reload)
  files.follow([options.configFile])

  /** Takes the standby worker; if the save changed a file that it has imported, a new one instead. */
  const takeStandby = async (saved: ReadonlySet<string>): Promise<WorkerProcess> => {
    const started = standby ?? startWorkerProcess()
    standby = undefined
    const waiting = await started
    if (!waiting.files.some((file) => saved.has(file))) return waiting
    void waiting.stop()
    return startWorkerProcess()
  }

  const watchOver = (worker: WorkerProcess): void => {
    const startedAt = performance.now()
    void worker.ended.then(async (how) => {
      if (current !== worker || stopping.signal.aborted) return
      setCurrent(undefined)
      const problem = { code: 'worker_ended', message: `the process that runs the kinds ended (${how}); its output is in the terminal` }
      await retry(problem, pauses.after(performance.now() - startedAt))
    })
  }

  const retry = async (problem: Problem, pauseMs: number): Promise<void> => {
    setStatus({ phase: 'down', problem })
    log.error({ code: problem.code, pauseMs }, `no kinds run: ${problem.message}; restarting them`)
    await Promise.race([delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined), wake.promise])
    requestRun()
  }

  const refuse = (problem: Problem): void => {
    setStatus({ phase: current === undefined ? 'down' : 'refused', problem })
    const meanwhile = current === undefined ? 'no kinds run until it is fixed' : 'the kinds from before it keep running'
    const stack = problem.stack === undefined ? '' : `\n${problem.stack}`
    log.error({ code: problem.code }, `save refused: ${problem.message}; ${meanwhile}${stack}`)
  }

  /**
   * Kinds that could be loaded are started again after a pause: the input that ended their process is rejected at its second end. Kinds
   * that have never been loaded wait for the next save.
   */
  const fail = async (error: unknown, wasLoaded: boolean): Promise<void> => {
    const problem = { code: codeOf(error) ?? 'error', message: messageOf(error) }
    if (current === undefined && (wasLoaded || status.generation > 0)) await retry(problem, pauses.after(0))
    else refuse(problem)
  }

  const tryNext = async (): Promise<void> => {
    const saved = changed
    const saveMs = savedAt
    changed = new Set()
    savedAt = undefined
    setStatus({ phase: status.generation === 0 ? 'starting' : 'reloading', changed: [...saved] })
    let wasLoaded = false
    const next = await takeStandby(saved)
    try {
      const loaded = await next.load(order)
      files.follow([options.configFile, ...loaded.files])
      if (loaded.type === 'refused') {
        refuse(loaded.problem)
        return await next.stop()
      }
      wasLoaded = true
      // A newer save arrived before this one ran: the newer one is loaded instead.
      if (stopping.signal.aborted || (isDue && saved.size > 0)) return await next.stop()
      const before = current
      if (before !== undefined) setCurrent(undefined)
      await before?.stop()
      await next.run()
      setCurrent(next)
      watchOver(next)
      const tookMs = saveMs === undefined ? null : Math.round(performance.now() - saveMs)
      setStatus({ phase: 'running', generation: status.generation + 1, kinds: loaded.kinds, problem: null, tookMs })
      ran.resolve()
      log.info(
        { kinds: loaded.kinds.map(({ name, version }) => `${name}@${version}`).join(' '), ...(tookMs === null ? {} : { tookMs }) },
        saveMs === undefined ? 'running the kinds' : 'running the saved kinds',
      )
    } catch (error) {
      void next.stop()
      await fail(error, wasLoaded)
    } finally {
      standby ??= startWorkerProcess()
      standby.catch(() => undefined)
      settled.resolve()
    }
  }

  const loop = async (): Promise<void> => {
    for (;;) {
      if (!isDue) await wake.promise
      if (stopping.signal.aborted) return
      wake = Promise.withResolvers()
      isDue = false
      // A worker that did not start says nothing about the kinds.
      await tryNext().catch((error: unknown) => fail(error, true))
    }
  }
  const looping = loop()

  return {
    status: () => status,
    health: () => ({
      ok: current !== undefined,
      since: currentSince,
      detail: current === undefined ? (status.problem?.message ?? status.phase) : status.phase,
    }),
    check: (kind, input) => inTurn(async () => current?.check(kind, input).catch(() => undefined)),
    reload,
    settled: settled.promise,
    ran: ran.promise,
    async stop() {
      stopping.abort()
      await files.stop()
      wake.resolve()
      await looping
      await current?.stop()
      await standby?.then(
        (waiting) => waiting.stop(),
        () => undefined,
      )
    },
  }
}
