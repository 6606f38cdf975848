import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { restartPauses } from '../../pipeline/runtime/retry.ts'
import { codeOf, messageOf } from '../../schemas/errors.ts'
import type { KindView } from './kind-view.ts'
import type { Problem, ToWorker } from './dev-messages.ts'
import type { FileWatch } from './file-watch.ts'
import { startWorkerProcess, type WorkerProcess } from './worker-process.ts'

/**
 * `running`: the kinds as they were last saved. `refused`: they cannot be used, those of before run on. `down`: none run, and it is
 * tried again.
 */
export type Phase = 'starting' | 'reloading' | 'running' | 'refused' | 'down'

export interface ReloadStatus {
  readonly phase: Phase
  /** When this was last so, ISO. */
  readonly since: string
  /** Rises with each set of kinds that ran. */
  readonly generation: number
  /** Of those that run, or ran last. */
  readonly kinds: readonly KindView[]
  /** From the save to stages that run; `null` before the first reload. */
  readonly tookMs: number | null
  readonly problem: Problem | null
  /** The files of the save that is meant; empty at the start. */
  readonly changed: readonly string[]
}

export interface Reloader {
  status(): ReloadStatus
  /** Loads the kinds again, as if one of these files had been saved. */
  reload(changed: readonly string[]): void
  /** Settles when kinds run for the first time, or are refused. */
  readonly settled: Promise<void>
  stop(): Promise<void>
}

export interface ReloaderOptions {
  readonly order: Extract<ToWorker, { type: 'load' }>
  /** Followed besides what the kinds import: it may not be there yet. */
  readonly configFile: string
  readonly watchFiles: (onSave: (files: readonly string[]) => void) => FileWatch
  readonly log: Logger
  readonly now: () => string
}

/**
 * Keeps a worker running with the kinds as they were last saved. The next worker waits with everything imported but the kinds,
 * so that a reload costs their import and the start of the stages; it takes over once its kinds are found to be usable.
 */
export function startReloader(options: ReloaderOptions): Reloader {
  const { order, log } = options
  const stopping = new AbortController()
  const settled = Promise.withResolvers<void>()
  let status: ReloadStatus = { phase: 'starting', since: options.now(), generation: 0, kinds: [], tookMs: null, problem: null, changed: [] }
  let current: WorkerProcess | undefined
  let standby: Promise<WorkerProcess> | undefined = startWorkerProcess()
  let wake = Promise.withResolvers<void>()
  let changed = new Set<string>()
  let savedAt: number | undefined
  let isDue = true
  const pauses = restartPauses()

  const become = (next: Partial<ReloadStatus>): void => { status = { ...status, since: options.now(), ...next } }
  const due = (): void => {
    isDue = true
    wake.resolve()
  }
  const reload = (files: readonly string[]): void => {
    for (const file of files) changed.add(file)
    savedAt ??= performance.now()
    pauses.reset()
    due()
  }
  const files = options.watchFiles(reload)
  files.follow([options.configFile])

  /** The worker that waits, unless it was started before one of Colloquy's own files changed. */
  const takeStandby = async (saved: ReadonlySet<string>): Promise<WorkerProcess> => {
    const started = standby ?? startWorkerProcess()
    standby = undefined
    const waiting = await started
    if (!waiting.files.some((file) => saved.has(file))) return waiting
    void waiting.stop()
    return startWorkerProcess()
  }

  const watchOver = (worker: WorkerProcess): void => {
    const begunAt = performance.now()
    void worker.ended.then(async (how) => {
      if (current !== worker || stopping.signal.aborted) return
      current = undefined
      const problem = { code: 'worker_ended', message: `the process that runs the kinds ended (${how}); what it wrote is in the terminal` }
      await retry(problem, pauses.after(performance.now() - begunAt))
    })
  }

  const retry = async (problem: Problem, pauseMs: number): Promise<void> => {
    become({ phase: 'down', problem })
    log.error({ code: problem.code, pauseMs }, `no kinds run: ${problem.message}; they are started again`)
    await Promise.race([delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined), wake.promise])
    due()
  }

  const refuse = (problem: Problem): void => {
    become({ phase: current === undefined ? 'down' : 'refused', problem })
    const meanwhile = current === undefined ? 'no kinds run until it is mended' : 'the kinds of before run on'
    log.error({ code: problem.code }, `refused: ${problem.message}; ${meanwhile}${problem.stack === undefined ? '' : `\n${problem.stack}`}`)
  }

  /** Kinds that ran before are started again by and by; others wait for the next save. */
  const fail = async (error: unknown): Promise<void> => {
    const problem = { code: codeOf(error) ?? 'error', message: messageOf(error) }
    if (current === undefined && status.generation > 0) await retry(problem, pauses.after(0))
    else refuse(problem)
  }

  const tryNext = async (): Promise<void> => {
    const saved = changed
    const begunAt = savedAt
    changed = new Set()
    savedAt = undefined
    become({ phase: status.generation === 0 ? 'starting' : 'reloading', changed: [...saved] })
    const next = await takeStandby(saved)
    try {
      const loaded = await next.load(order)
      files.follow([options.configFile, ...loaded.files])
      if (loaded.type === 'refused') {
        refuse(loaded.problem)
        return await next.stop()
      }
      // A newer save makes this one's kinds old before they ran.
      if (stopping.signal.aborted || (isDue && saved.size > 0)) return await next.stop()
      const before = current
      current = undefined
      await before?.stop()
      await next.run()
      current = next
      watchOver(next)
      const tookMs = begunAt === undefined ? null : Math.round(performance.now() - begunAt)
      become({ phase: 'running', generation: status.generation + 1, kinds: loaded.kinds, problem: null, tookMs })
      log.info({ kinds: loaded.kinds.map(({ name, version }) => `${name}@${version}`).join(' '), ...(tookMs === null ? {} : { tookMs }) },
        begunAt === undefined ? 'the kinds run' : 'the saved kinds run')
    } catch (error) {
      void next.stop()
      await fail(error)
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
      await tryNext().catch(fail)
    }
  }
  const looping = loop()

  return {
    status: () => status,
    reload,
    settled: settled.promise,
    async stop() {
      stopping.abort()
      await files.stop()
      wake.resolve()
      await looping
      await current?.stop()
      await standby?.then((waiting) => waiting.stop(), () => undefined)
    },
  }
}
