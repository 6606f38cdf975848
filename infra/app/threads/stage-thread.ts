import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { Metrics, MetricsSnapshot } from '../../../pipeline/runtime/metrics.ts'
import { restartPauses } from '../../../pipeline/runtime/retry.ts'
import type { Stage, StageStatus } from '../../../pipeline/runtime/stage.ts'
import { workerEntry } from '../../../pipeline/runtime/worker-entry.ts'
import { type KindCall, createSlotMemory, readSlot } from '../../../pipeline/watchdog/call-slot.ts'
import { secondsText, startWatchdog } from '../../../pipeline/watchdog/watchdog.ts'
import { ColloquyError, ForeignCodeError, messageOf } from '../../../schemas/errors.ts'
import { parseJson } from '../../../schemas/json.ts'
import { actorKey, parseLogSubject } from '../../../schemas/subjects.ts'
import type { Role } from '../../settings.ts'
import { KIND_ROLES } from './kind-roles.ts'
import type { FromThread, ThreadData, ToThread, WorkerData } from './thread-messages.ts'

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

/** A thread whose event loop has not turned for this long is not ready. The projector lets others go first. */
const silentMsMax = (role: Role): number => (role === 'project' ? 10_000 : 1_000)

export interface ThreadOptions {
  readonly data: ThreadData
  readonly log: Logger
  /** Metrics of the main thread. */
  readonly metrics: Metrics
  /** Counts the end of the thread for the input that it was deciding, before the thread starts again. Retries until the signal aborts. */
  readonly onEndInCall: (call: KindCall, what: string, signal: AbortSignal) => Promise<void>
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
  let status: StageStatus = { position: 0, lag: 0, ok: true, since: new Date().toISOString(), detail: 'starting' }
  const setStatus = (next: StageStatus): void => {
    status = next
  }
  let current = startOnce(options, setStatus)
  await current.ready

  /** Before a restart, so that the next host knows. */
  const countEnd = async ({ call, why }: ThreadEnd): Promise<void> => {
    if (call !== undefined) await options.onEndInCall(call, why, stopping.signal)
  }
  const restartForEver = async (): Promise<void> => {
    const pauses = restartPauses()
    for (;;) {
      const startedMs = performance.now()
      const end = await current.ended
      if (stopping.signal.aborted) return
      const pauseMs = pauses.after(performance.now() - startedMs)
      const how = `${end.call === undefined ? '' : ` during ${decisionText(end.call)}`} (${end.why})`
      status = { ...status, ok: false, since: new Date().toISOString(), detail: `its thread ended${how} and is being restarted` }
      log.error({ stage: name, pauseMs }, `the thread of ${name} ended${how}; restarting it`)
      await countEnd(end)
      await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined)
      if (stopping.signal.aborted) return
      current = startOnce(options, setStatus)
      await current.run().catch((error: unknown) => log.warn({ stage: name, err: error }, `the thread of ${name} could not start`))
    }
  }
  let restarting: Promise<void> | undefined

  return {
    name,
    status: () => current.blocked() ?? status,
    metrics: () => current.metrics(),
    async run() {
      for (let isStarted = false; !isStarted;) {
        try {
          await current.run()
          isStarted = true
        } catch (error) {
          const end = await current.ended
          // The input that waits first may be the one that ends its host: only then does another attempt help.
          if (end.call === undefined || stopping.signal.aborted) throw error
          await countEnd(end)
          current = startOnce(options, setStatus)
        }
      }
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
function startOnce({ data, log, metrics }: ThreadOptions, setStatus: (status: StageStatus) => void) {
  const { role, settings } = data
  const memory = createSlotMemory()
  const worker = new Worker(workerEntry(import.meta.url, './stage-worker'), {
    workerData: { ...data, memory } satisfies WorkerData,
    name: role,
    ...(KIND_ROLES.includes(role) ? { resourceLimits: { maxOldGenerationSizeMb: Math.floor(settings.HEAP_BYTES_MAX / MIB) } } : {}),
  })
  const watchdog = startWatchdog({
    memory,
    callMsMax: settings.DECISION_MS_MAX,
    growthBytesMax: settings.HEAP_BYTES_MAX,
    onSlow(call, ms) {
      metrics.slowDecisions.inc({ kind: kindOf(call) })
      log.warn({ ...call, ms }, `${decisionText(call)} has not returned for ${secondsText(ms)}; its whole stage waits`)
    },
    onOverrun(_call, what) {
      why = new ColloquyError('thread_ended', what)
      void worker.terminate()
    },
  })
  let isRunning = false
  let lastStatus: StageStatus | undefined
  const ready = Promise.withResolvers<void>()
  const running = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<ThreadEnd>()
  const metricsRequests = new Map<number, (metrics: MetricsSnapshot) => void>()
  let lastRequestId = 0
  let why: ColloquyError | undefined
  worker.on('message', (message: FromThread) => {
    switch (message.type) {
      case 'ready':
        return ready.resolve()
      case 'running':
        isRunning = true
        return running.resolve()
      case 'status':
        lastStatus = message.status
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
    why ??= new ColloquyError('thread_ended', messageOf(error), { cause: error })
  })
  worker.on('exit', (code) => {
    watchdog.stop()
    isRunning = false
    const { call } = readSlot(memory)
    const error = why ?? new ColloquyError('thread_ended', call === undefined ? 'it ended by itself' : `ended its thread with exit code ${code}`)
    ready.reject(error)
    running.reject(error)
    ended.resolve({ why: error.message, call })
    for (const answer of metricsRequests.values()) answer([])
  })
  for (const { promise } of [ready, running]) promise.catch(() => undefined)
  const send = (message: ToThread): void => worker.postMessage(message)
  return {
    ready: ready.promise,
    ended: ended.promise,
    /** The status while the event loop of the thread does not turn. */
    blocked(): StageStatus | undefined {
      const silentMs = watchdog.silentMs()
      if (!isRunning || lastStatus === undefined || silentMs < silentMsMax(role)) return undefined
      const slow = watchdog.slow()
      const during = slow === undefined ? '' : `: ${decisionText(slow.call)} has not returned`
      return {
        ...lastStatus,
        ok: false,
        since: new Date(Date.now() - silentMs).toISOString(),
        detail: `its thread has not answered for ${secondsText(silentMs)}${during}`,
      }
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

/** How a thread ended, and the decision that it was making then. */
interface ThreadEnd {
  readonly why: string
  readonly call: KindCall | undefined
}

const MIB = 1024 * 1024

const kindOf = ({ subject }: KindCall): string => parseLogSubject(subject).address.kind
export const decisionText = ({ seq, subject }: KindCall): string =>
  `the decision on input ${seq} of ${actorKey(parseLogSubject(subject).address)}`

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
