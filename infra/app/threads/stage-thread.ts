import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { Metrics, MetricsSnapshot } from '../../../pipeline/runtime/metrics.ts'
import { restartPauses } from '../../../pipeline/runtime/retry.ts'
import type { Stage, StageStatus } from '../../../pipeline/runtime/stage.ts'
import { workerEntry } from '../../../pipeline/runtime/worker-entry.ts'
import { createSlotMemory } from '../../../pipeline/watchdog/call-slot.ts'
import { isDecision } from '../../../pipeline/watchdog/kind-code.ts'
import { codeText } from '../../../pipeline/watchdog/watchdog.ts'
import { codeOf, ColloquyError, ForeignCodeError, messageOf } from '../../../schemas/errors.ts'
import { parseJson } from '../../../schemas/json.ts'
import type { Role } from '../../settings.ts'
import { KIND_ROLES } from './kind-roles.ts'
import type { FromThread, ThreadData, ToThread, WorkerData } from './thread-messages.ts'
import { type ThreadEnding, watchThread } from './thread-watch.ts'

/** A thread, and the stages of the roles that run in it. */
export interface StageThread {
  /** The role that names it. */
  readonly name: Role
  readonly stages: ReadonlyMap<Role, Stage>
  /** Starts the stages. @throws ColloquyError of the stage that cannot start. */
  run(): Promise<void>
  /** Metrics of the thread; empty during a restart, or if it does not answer within `METRICS_MS_MAX`. */
  metrics(): Promise<MetricsSnapshot>
  stop(): Promise<void>
}

/** A thread that takes longer, because of a hanging task or endless code, is terminated: the process must end within 8 s. */
const STOP_MS_MAX = 4_000
/** A thread that is busy computing answers late; a scrape does not wait for it. */
const METRICS_MS_MAX = 1_000

export interface ThreadOptions {
  readonly data: ThreadData
  readonly log: Logger
  /** Metrics of the main thread. */
  readonly metrics: Metrics
  /** Counts the end of the thread for what it was running, before it starts again. Retries until the signal aborts. */
  readonly countEnd: (end: ThreadEnd, signal: AbortSignal) => Promise<void>
}

/**
 * Starts a thread that loads its modules, opens its connections and waits for `run`. A thread that ends by itself later is restarted for
 * ever, with back-off; its state is in the log.
 *
 * @throws ColloquyError of the thread if its first start fails.
 */
export async function startThread(options: ThreadOptions): Promise<StageThread> {
  const { data, log } = options
  const name = data.role
  const stopping = new AbortController()
  const starting: StageStatus = { position: 0, lag: 0, ok: true, since: new Date().toISOString(), detail: 'starting' }
  const statuses = new Map(data.settings.ROLES.map((role) => [role, starting]))
  let current = startOnce(options, statuses)
  await current.ready

  const restartForEver = async (): Promise<void> => {
    const pauses = restartPauses()
    for (;;) {
      const startedMs = performance.now()
      const end = await current.ended
      if (stopping.signal.aborted) return
      // Its input is rejected at the second end: a longer pause would only hold up the others.
      if (isDecision(end.code)) pauses.reset()
      const pauseMs = pauses.after(performance.now() - startedMs)
      const how = `${end.code === undefined ? '' : ` during ${codeText(end)}`} (${end.why})`
      const broken = { ok: false, since: new Date().toISOString(), detail: `its thread ended${how} and is being restarted` }
      for (const [role, status] of statuses) statuses.set(role, { ...status, ...broken })
      log.error({ stage: name, pauseMs }, `the thread of ${name} ended${how}; restarting it`)
      await options.countEnd(end, stopping.signal)
      await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined)
      if (stopping.signal.aborted) return
      current = startOnce(options, statuses, current.id)
      await current.run().catch((error: unknown) => log.warn({ stage: name, err: error }, `the thread of ${name} could not start`))
    }
  }
  let restarting: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    stopping.abort()
    await current.stop()
    await restarting
  }

  return {
    name,
    stages: new Map(
      data.settings.ROLES.map((role): [Role, Stage] => [
        role,
        { name: role, status: () => ({ ...(statuses.get(role) ?? starting), ...current.silence() }), stop },
      ]),
    ),
    metrics: () => current.metrics(),
    async run() {
      for (let isStarted = false; !isStarted;) {
        try {
          await current.run()
          isStarted = true
        } catch (error) {
          const end = await current.ended
          // The input that waits first may be the one that ends its host: only then does another attempt help.
          if (!isDecision(end.code) || stopping.signal.aborted) throw error
          await options.countEnd(end, stopping.signal)
          current = startOnce(options, statuses, current.id)
        }
      }
      restarting = restartForEver()
    },
    stop,
  }
}

/** Starts a thread once, without restarts. @param statuses receives the status of each of its stages */
function startOnce({ data, log, metrics }: ThreadOptions, statuses: Map<Role, StageStatus>, formerId?: string) {
  const { role, settings } = data
  const memory = createSlotMemory()
  const id = randomUUID()
  const heapMib = Math.floor(settings.HEAP_BYTES_MAX / MIB)
  const worker = new Worker(workerEntry(import.meta.url, './stage-worker'), {
    workerData: { ...data, memory, member: { id, formerId } } satisfies WorkerData,
    name: role,
    ...(settings.ROLES.some((one) => KIND_ROLES.includes(one)) ? { resourceLimits: { maxOldGenerationSizeMb: heapMib } } : {}),
  })
  const watch = watchThread({
    role,
    worker,
    memory,
    slotPath: data.slotPath,
    settings,
    metrics,
    log,
    end(what) {
      why = new ColloquyError('thread_ended', what)
      void worker.terminate()
    },
  })
  let isRunning = false
  const ready = Promise.withResolvers<void>()
  const running = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<ThreadEnd>()
  const metricsRequests = new Map<number, (metrics: MetricsSnapshot) => void>()
  let lastRequestId = 0
  let why: ColloquyError | undefined
  let isOutOfMemory = false
  worker.on('message', (message: FromThread) => {
    switch (message.type) {
      case 'ready':
        return ready.resolve()
      case 'running':
        isRunning = true
        return running.resolve()
      case 'status':
        return void statuses.set(message.role, message.status)
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
    isOutOfMemory = codeOf(error) === 'ERR_WORKER_OUT_OF_MEMORY'
    const text = isOutOfMemory ? `used up its heap of ${heapMib} MiB` : messageOf(error)
    why ??= new ColloquyError('thread_ended', text, { cause: error })
  })
  worker.on('exit', (code) => {
    isRunning = false
    const ending = watch.stop(why === undefined || isOutOfMemory)
    const byItself = isDecision(ending.code) ? `ended its thread with exit code ${code}` : 'it ended by itself'
    const error = why ?? new ColloquyError('thread_ended', byItself)
    ready.reject(error)
    running.reject(error)
    ended.resolve({ ...ending, why: error.message })
    for (const answer of metricsRequests.values()) answer([])
  })
  for (const { promise } of [ready, running]) promise.catch(() => undefined)
  const send = (message: ToThread): void => worker.postMessage(message)
  return {
    id,
    ready: ready.promise,
    ended: ended.promise,
    /** What the status of its stages is while the event loop of the thread does not turn. */
    silence(): Pick<StageStatus, 'ok' | 'since' | 'detail'> | undefined {
      const silence = isRunning ? watch.silence() : undefined
      return silence && { ok: false, since: new Date(Date.now() - silence.ms).toISOString(), detail: silence.why }
    },
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

/** How a thread ended, and what it was running then. */
export interface ThreadEnd extends ThreadEnding {
  readonly why: string
}

const MIB = 1024 * 1024

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
