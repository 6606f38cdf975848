import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import type { MetricsSnapshot } from '../../../pipeline/runtime/metrics.ts'
import { restartPauses } from '../../../pipeline/runtime/retry.ts'
import { workerEntry } from '../../../pipeline/runtime/worker-entry.ts'
import type { Stage, StageStatus } from '../../../pipeline/runtime/stage.ts'
import { ColloquyError, ForeignCodeError, messageOf } from '../../../schemas/errors.ts'
import { relog } from './thread-log.ts'
import type { FromThread, ThreadData, ToThread } from './thread-messages.ts'

/** A role that runs in a thread of its own. */
export interface StageThread extends Stage {
  /** Begins the stage. @throws ColloquyError of whatever hinders it */
  run(): Promise<void>
  /** What it has measured; nothing while it is being started again. */
  metrics(): Promise<MetricsSnapshot>
}

/** Longer than every stage takes to stop: only a machine that computes without an end is cut off. */
const STOP_MS_MAX = 20_000
/** A thread that computes answers when it is done with that; a scrape does not wait for it. */
const METRICS_MS_MAX = 1_000

/**
 * Starts a thread that waits with everything imported and connected until it is told to run. One that ends by itself later is started
 * again, for ever: all it knew is in the log.
 *
 * @throws ColloquyError of whatever hinders the first start.
 */
export async function startThread(data: ThreadData, log: Logger): Promise<StageThread> {
  const name = data.role
  const stopping = new AbortController()
  let status: StageStatus = { position: 0, lag: 0, ok: true, since: new Date().toISOString(), detail: 'starting' }
  const become = (next: StageStatus): void => { status = next }
  let current = startOnce(data, log, become)
  await current.ready

  const keepRunning = async (): Promise<void> => {
    const pauses = restartPauses()
    for (;;) {
      const begunAt = performance.now()
      const why = await current.ended
      if (stopping.signal.aborted) return
      const pauseMs = pauses.after(performance.now() - begunAt)
      status = { ...status, ok: false, since: new Date().toISOString(), detail: `its thread ended (${why}) and is started again` }
      log.error({ stage: name, pauseMs }, `the thread of ${name} ended (${why}); it is started again`)
      await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined)
      if (stopping.signal.aborted) return
      current = startOnce(data, log, become)
      await current.run().catch((error: unknown) => log.warn({ stage: name, err: error }, `the thread of ${name} did not begin`))
    }
  }
  let kept: Promise<void> | undefined

  return {
    name,
    status: () => status,
    metrics: () => current.metrics(),
    async run() {
      await current.run()
      kept = keepRunning()
    },
    async stop() {
      stopping.abort()
      await current.stop()
      await kept
    },
  }
}

/** One life of a thread. */
function startOnce(data: ThreadData, log: Logger, become: (status: StageStatus) => void) {
  const worker = new Worker(workerEntry(import.meta.url, './stage-worker'), { workerData: data, name: data.role })
  const ready = Promise.withResolvers<void>()
  const running = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<string>()
  const asked = new Map<number, (metrics: MetricsSnapshot) => void>()
  let questions = 0
  let why = new ColloquyError('thread_ended', 'it ended by itself')
  worker.on('message', (message: FromThread) => {
    switch (message.type) {
      case 'ready': return ready.resolve()
      case 'running': return running.resolve()
      case 'status': return become(message.status)
      case 'log': return relog(log, message.line)
      case 'failed':
        why = new ForeignCodeError(message.code ?? 'thread_ended', message.message)
        // It has let go of all it had, and whatever still keeps it alive must keep nobody waiting.
        return void worker.terminate()
      case 'metrics':
        asked.get(message.id)?.(message.metrics)
        asked.delete(message.id)
    }
  })
  worker.on('error', (error) => { why = new ColloquyError('thread_ended', messageOf(error), { cause: error }) })
  worker.on('exit', () => {
    ready.reject(why)
    running.reject(why)
    ended.resolve(why.message)
    for (const answer of asked.values()) answer([])
  })
  for (const { promise } of [ready, running]) promise.catch(() => undefined)
  const tell = (message: ToThread): void => worker.postMessage(message)
  return {
    ready: ready.promise,
    ended: ended.promise,
    async run() {
      tell({ type: 'run' })
      await running.promise
    },
    async stop() {
      tell({ type: 'stop' })
      const timeout = setTimeout(() => void worker.terminate(), STOP_MS_MAX)
      await ended.promise
      clearTimeout(timeout)
    },
    async metrics(): Promise<MetricsSnapshot> {
      if (worker.threadId === -1) return []
      const id = ++questions
      const { promise, resolve } = Promise.withResolvers<MetricsSnapshot>()
      asked.set(id, resolve)
      tell({ type: 'metrics', id })
      const timeout = setTimeout(() => resolve([]), METRICS_MS_MAX)
      const answer = await promise
      clearTimeout(timeout)
      asked.delete(id)
      return answer
    },
  }
}
