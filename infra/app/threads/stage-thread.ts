import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { MetricsSnapshot } from '../../../pipeline/runtime/metrics.ts'
import { restartPauses } from '../../../pipeline/runtime/retry.ts'
import type { Stage, StageStatus } from '../../../pipeline/runtime/stage.ts'
import { workerEntry } from '../../../pipeline/runtime/worker-entry.ts'
import { ColloquyError, ForeignCodeError, messageOf } from '../../../schemas/errors.ts'
import { parseJson } from '../../../schemas/json.ts'
import type { FromThread, ThreadData, ToThread } from './thread-messages.ts'

/** A role that runs in a thread of its own. */
export interface StageThread extends Stage {
  /** Starts the stage. @throws ColloquyError of the stage if it cannot start. */
  run(): Promise<void>
  /** Metrics of the thread; empty during a restart, or if it does not answer within `METRICS_MS_MAX`. */
  metrics(): Promise<MetricsSnapshot>
}

/** Longer than any stage takes to stop. Only a thread that computes without end is terminated. */
const STOP_MS_MAX = 20_000
/** A thread that is busy computing answers late; a scrape does not wait for it. */
const METRICS_MS_MAX = 1_000

/**
 * Starts a thread that loads its modules, opens its connections and waits for `run`. A thread that ends by itself later is restarted for
 * ever, with back-off; its state is in the log.
 *
 * @throws ColloquyError of the thread if its first start fails.
 */
export async function startThread(data: ThreadData, log: Logger): Promise<StageThread> {
  const name = data.role
  const stopping = new AbortController()
  let status: StageStatus = { position: 0, lag: 0, ok: true, since: new Date().toISOString(), detail: 'starting' }
  const setStatus = (next: StageStatus): void => {
    status = next
  }
  let current = startOnce(data, log, setStatus)
  await current.ready

  const restartForEver = async (): Promise<void> => {
    const pauses = restartPauses()
    for (;;) {
      const startedMs = performance.now()
      const why = await current.ended
      if (stopping.signal.aborted) return
      const pauseMs = pauses.after(performance.now() - startedMs)
      status = { ...status, ok: false, since: new Date().toISOString(), detail: `its thread ended (${why}) and is being restarted` }
      log.error({ stage: name, pauseMs }, `the thread of ${name} ended (${why}); restarting it`)
      await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined)
      if (stopping.signal.aborted) return
      current = startOnce(data, log, setStatus)
      await current.run().catch((error: unknown) => log.warn({ stage: name, err: error }, `the thread of ${name} could not start`))
    }
  }
  let restarting: Promise<void> | undefined

  return {
    name,
    status: () => status,
    metrics: () => current.metrics(),
    async run() {
      await current.run()
      restarting = restartForEver()
    },
    async stop() {
      stopping.abort()
      await current.stop()
      await restarting
    },
  }
}

/** Starts a thread once, without restarts. */
function startOnce(data: ThreadData, log: Logger, setStatus: (status: StageStatus) => void) {
  const worker = new Worker(workerEntry(import.meta.url, './stage-worker'), { workerData: data, name: data.role })
  const ready = Promise.withResolvers<void>()
  const running = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<string>()
  const metricsRequests = new Map<number, (metrics: MetricsSnapshot) => void>()
  let lastRequestId = 0
  let why = new ColloquyError('thread_ended', 'it ended by itself')
  worker.on('message', (message: FromThread) => {
    switch (message.type) {
      case 'ready':
        return ready.resolve()
      case 'running':
        return running.resolve()
      case 'status':
        return setStatus(message.status)
      case 'log':
        return relog(log, message.line)
      case 'failed':
        why = new ForeignCodeError(message.code ?? 'thread_ended', message.message)
        // The thread has closed its resources. It is terminated all the same, because a leftover handle could keep it alive.
        return void worker.terminate()
      case 'metrics':
        metricsRequests.get(message.id)?.(message.metrics)
        metricsRequests.delete(message.id)
    }
  })
  worker.on('error', (error) => {
    why = new ColloquyError('thread_ended', messageOf(error), { cause: error })
  })
  worker.on('exit', () => {
    ready.reject(why)
    running.reject(why)
    ended.resolve(why.message)
    for (const answer of metricsRequests.values()) answer([])
  })
  for (const { promise } of [ready, running]) promise.catch(() => undefined)
  const send = (message: ToThread): void => worker.postMessage(message)
  return {
    ready: ready.promise,
    ended: ended.promise,
    async run() {
      send({ type: 'run' })
      await running.promise
    },
    async stop() {
      send({ type: 'stop' })
      const timeout = setTimeout(() => void worker.terminate(), STOP_MS_MAX)
      await ended.promise
      clearTimeout(timeout)
    },
    async metrics(): Promise<MetricsSnapshot> {
      if (worker.threadId === -1) return []
      const id = ++lastRequestId
      const { promise, resolve } = Promise.withResolvers<MetricsSnapshot>()
      metricsRequests.set(id, resolve)
      send({ type: 'metrics', id })
      const timeout = setTimeout(() => resolve([]), METRICS_MS_MAX)
      const answer = await promise
      clearTimeout(timeout)
      metricsRequests.delete(id)
      return answer
    },
  }
}

const lineSchema = z.looseObject({ level: z.number(), msg: z.string().default(''), time: z.number().optional() })

/** Pino's levels: lowest number and name. */
const LEVELS = [
  [60, 'fatal'],
  [50, 'error'],
  [40, 'warn'],
  [30, 'info'],
  [20, 'debug'],
] as const

/** Writes a line from another thread's log to this thread's log, in its style. */
function relog(log: Logger, line: string): void {
  const read = lineSchema.safeParse(parseJson(line))
  if (!read.success) return log.warn({ line }, "cannot parse a line of a thread's log")
  const { level, msg, time: _time, ...rest } = read.data
  const name = LEVELS.find(([lowest]) => level >= lowest)?.[1] ?? 'trace'
  log[name](rest, msg)
}
