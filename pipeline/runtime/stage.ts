import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import { codeOf, messageOf } from '../../schemas/errors.ts'
import { restartPauses } from './retry.ts'
import type { PartitionedProgress, StageProgress } from './stage-progress.ts'

/** How a stage is doing, for `status`, `/readyz` and the live view. */
export interface StageStatus extends PartitionedProgress {
  readonly ok: boolean
  /** When `ok` last changed, ISO. */
  readonly since: string
  readonly detail: string
}

export interface Stage {
  readonly name: string
  status(): StageStatus
  /** Stops in order: work in flight is finished, or repeated later; never lost. */
  stop(): Promise<void>
}

export interface StageRun {
  /** How it is doing while it runs; default: ok, `running`. */
  health?(): { readonly ok: boolean; readonly detail: string }
  progress(): StageProgress
  /** Settles after `stop()`; rejects when the run cannot continue. */
  readonly ended: Promise<void>
  /** Releases everything it holds, also after the run has failed. Never rejects. */
  stop(): Promise<void>
}

/** Codes of ends that a run chooses, because a restart takes something new into account. They are no failures. */
const RESTART_CODES: ReadonlySet<string | undefined> = new Set<ErrorCode>(['records_removed', 'memory_replaced', 'index_filling'])

/**
 * Keeps a stage running: a failed run restarts from its checkpoint after an exponential back-off. The first start must succeed.
 *
 * @throws what the first start throws
 */
export async function startStage(name: string, start: () => Promise<StageRun>, log: Logger): Promise<Stage> {
  const stopping = new AbortController()
  let run = await start()
  let progress: StageProgress = run.progress()
  let health = { ok: true, since: new Date().toISOString(), detail: 'running' }

  /** Why the last run failed, until the present one is further than that one was. */
  let failed: { readonly why: string; readonly position: number } | undefined
  const become = (ok: boolean, detail: string): void => {
    health = { ok, detail, since: ok === health.ok ? health.since : new Date().toISOString() }
  }
  const keepRunning = async (): Promise<void> => {
    const pauses = restartPauses()
    let startedMs = performance.now()
    let pauseMs: number
    for (;;) {
      try {
        await run.ended
        if (stopping.signal.aborted) return
        throw new Error('the run ended by itself')
      } catch (error) {
        progress = run.progress()
        await run.stop()
        if (stopping.signal.aborted) return
        become(false, messageOf(error))
        pauseMs = pauses.after(performance.now() - startedMs)
        const code = codeOf(error)
        const isChosen = RESTART_CODES.has(code)
        if (!isChosen) failed = { why: messageOf(error), position: progress.position }
        if (isChosen) log.info({ stage: name, code, pauseMs }, `${name}: ${messageOf(error)}`)
        else log.warn({ stage: name, code, err: error, pauseMs }, `${name} failed; restarting it from its checkpoint`)
      }
      for (let isStarted = false; !isStarted;) {
        await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined)
        if (stopping.signal.aborted) return
        try {
          run = await start()
          // The stage was stopped during the restart, which has stopped the previous run only.
          if (stopping.signal.aborted) return await run.stop()
          startedMs = performance.now()
          isStarted = true
          become(true, 'running')
        } catch (error) {
          become(false, messageOf(error))
          pauseMs = pauses.after(0)
          log.warn({ stage: name, code: codeOf(error), err: error, pauseMs }, `${name} could not start; retrying`)
        }
      }
    }
  }
  const kept = keepRunning()

  const statusOfRun = (): StageStatus => {
    const now = run.progress()
    if (failed !== undefined && now.position > failed.position) failed = undefined
    const own = { ...now, ...health, ...run.health?.() }
    return failed === undefined ? own : { ...own, detail: `${own.detail}; started again after: ${failed.why}` }
  }

  return {
    name,
    status: () => (health.ok ? statusOfRun() : { ...progress, ...health }),
    async stop() {
      stopping.abort()
      await run.stop()
      await kept
    },
  }
}
