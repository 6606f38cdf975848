import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { periodicJob } from '../../pipeline/runtime/periodic-job.ts'
import { backOffMs, type Pauses } from '../../pipeline/runtime/retry.ts'
import { isServerAway } from '../../pipeline/runtime/server-away.ts'
import type { Stage, StageStatus } from '../../pipeline/runtime/stage.ts'
import { codeOf, messageOf } from '../../schemas/errors.ts'
import type { Role } from '../settings.ts'

/** A part of the system that need not be there for the others to work. It starts when the servers that it needs answer. */
export interface LatePart<T> {
  /** `undefined` until the part has started. */
  value(): T | undefined
  /** Why the part has not started, as the end of a sentence. */
  detail(): string
  /** Why the part does not answer although it has started; `undefined` if it does. */
  away(): string | undefined
  /**
   * Settles when the part has started or has to wait for a server. Rejects with an error of the first attempt that no waiting mends.
   */
  readonly settled: Promise<void>
  /** The stage of a role of this part: until it exists, its status says what is waited for. */
  stage(role: Role, of: (value: T) => Stage | undefined): Stage
  /** Stops the part, or the attempts to start it. */
  stop(): Promise<void>
}

export interface LatePartOptions<T> {
  /** Name in log lines. */
  readonly name: string
  /** Starts the part. After a failure, what is on the stack is stopped, and the next attempt starts it again. */
  readonly start: (stack: AsyncDisposableStack) => Promise<T>
  /** Asks the server of the started part whether it still answers. Rejects if it does not. */
  readonly ping?: (value: T, signal: AbortSignal) => Promise<void>
  /** Whether waiting may mend an error; default: a server is away. */
  readonly isPassing?: (error: unknown) => boolean
  readonly log: Logger
}

const PAUSES: Pauses = { minMs: 500, maxMs: 5_000 }
const PING_MS = 2_000
/** A server that takes longer counts as away. Long, because a busy ClickHouse may answer late. */
export const ANSWER_MS_MAX = 10_000

/** Starts a part, and tries again for ever if its first attempt failed with a passing error: from then on others rely on this process. */
export function startLatePart<T>({ name, start, ping, isPassing = isServerAway, log }: LatePartOptions<T>): LatePart<T> {
  const stopping = new AbortController()
  const settled = Promise.withResolvers<void>()
  settled.promise.catch(() => undefined)
  const since = new Date().toISOString()
  let value: T | undefined
  let detail = 'starting'
  let stack: AsyncDisposableStack | undefined

  const attempt = async (): Promise<void> => {
    await using fresh = new AsyncDisposableStack()
    const started = await start(fresh)
    stack = fresh.move()
    value = started
    settled.resolve()
  }
  const run = async (): Promise<void> => {
    for (let failures = 0; !stopping.signal.aborted; failures++) {
      try {
        await attempt()
        if (failures > 0) log.info(`${name}: started`)
        return
      } catch (error) {
        if (stopping.signal.aborted) return
        if (failures === 0 && !isPassing(error)) return settled.reject(error)
        const changed = detail !== messageOf(error)
        detail = messageOf(error)
        const pauseMs = backOffMs(failures, PAUSES)
        if (changed) log.warn({ code: codeOf(error), pauseMs }, `${name}: waiting, while everything else runs: ${detail}`)
        settled.resolve()
        await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined)
      }
    }
  }
  const running = run()

  /** Set while the server of the started part does not answer. */
  let away: { readonly since: string; readonly why: string } | undefined
  const watching = periodicJob(PING_MS, async (signal) => {
    if (value === undefined || ping === undefined) return PING_MS
    try {
      await ping(value, AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS_MAX)]))
      if (away !== undefined) log.info(`${name}: the server answers again`)
      away = undefined
    } catch (error) {
      if (signal.aborted) return PING_MS
      if (away === undefined) log.warn({ code: codeOf(error) }, `${name}: waiting for a server that no longer answers: ${messageOf(error)}`)
      away = { since: away?.since ?? new Date().toISOString(), why: messageOf(error) }
    }
    return PING_MS
  })
  const statusOf = (stage: Stage | undefined): StageStatus => {
    if (stage === undefined) return { position: 0, lag: 0, ok: false, since, detail: `waiting: ${detail}` }
    if (away === undefined) return stage.status()
    return { ...stage.status(), ok: false, since: away.since, detail: `waiting: ${away.why}` }
  }

  return {
    value: () => value,
    detail: () => detail,
    away: () => away?.why,
    settled: settled.promise,
    stage: (role, of) => ({
      name: role,
      status: () => statusOf(value && of(value)),
      stop: async () => (value === undefined ? undefined : of(value)?.stop()),
    }),
    async stop() {
      stopping.abort()
      await watching.stop()
      await running
      await stack?.disposeAsync()
    },
  }
}
