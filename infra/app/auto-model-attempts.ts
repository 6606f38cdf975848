import { z } from 'zod'
import { messageOf } from '../../schemas/errors.ts'
import type { DownloadProgress } from '../servers/models/hub-model.ts'

/** How far the model of `auto` is in one process. */
export const autoModelStatusSchema = z.object({
  model: z.string(),
  /** What is done now, since when, and what comes next. */
  detail: z.string(),
  /** What is wrong with that; `null` for nothing. */
  problem: z.string().nullable(),
})
export type AutoModelStatus = z.infer<typeof autoModelStatusSchema>

export interface ModelAttemptsOptions {
  readonly model: string
  readonly hubUrl: string
  readonly cacheDir: string
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** Keeps what became of the attempts to get a model, for people. */
export interface ModelAttempts {
  /** An attempt begins. */
  start(): void
  readonly onProgress: DownloadProgress
  /** A request of the attempt has failed, and is repeated. */
  readonly onRetry: (error: unknown) => void
  /** The attempt has failed; the next one begins after the pause. */
  fail(error: unknown, pauseMs: number): void
  /** Failed attempts since the first one. */
  failures(): number
  /** The model is here, or is not wanted any more. */
  reset(): void
  /** `undefined` before the first attempt. */
  status(): Omit<AutoModelStatus, 'model'> | undefined
}

/** A hub that sends nothing for this long is worth a remark. */
export const QUIET_MS_MAX = 10_000
const MEGABYTE = 1_000_000

const megabytes = (bytes: number): number => Math.round(bytes / MEGABYTE)
const timeOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`

/** @returns what `status` and the live view tell: what is tried, since when, why it fails, and when the next attempt is */
export function createModelAttempts({ model, hubUrl, cacheDir, now }: ModelAttemptsOptions): ModelAttempts {
  let startedMs: number | undefined
  let failures = 0
  let failure: string | undefined
  let nextMs: number | undefined
  let heardMs = 0
  let progress: string | undefined
  const since = (): string => (startedMs === undefined ? '' : ` since ${timeOf(startedMs)}`)
  const detail = (): string => {
    const why = failure === undefined ? '' : ` (${failure})`
    if (nextMs !== undefined) return `cannot get it${why}${since()}; attempt ${failures + 1} at ${timeOf(nextMs)}`
    const quiet = now() - heardMs < QUIET_MS_MAX ? '' : `; nothing came since ${timeOf(heardMs)}`
    if (progress !== undefined) return `downloading ${progress}${quiet}`
    const again = failures === 0 && failure === undefined ? '' : `; attempt ${failures + 1}, after a failure${why}`
    return `looking for it in ${cacheDir} and at ${hubUrl}${since()}${again}${quiet}`
  }
  return {
    start() {
      startedMs ??= now()
      nextMs = undefined
      heardMs = now()
    },
    onProgress(_file, bytes, bytesTotal) {
      heardMs = now()
      failure = undefined
      if ((bytesTotal ?? 0) >= MEGABYTE) progress = `${megabytes(bytes)} of ${megabytes(bytesTotal ?? 0)} MB`
    },
    onRetry(error) {
      failure = messageOf(error)
    },
    fail(error, pauseMs) {
      failures += 1
      failure = messageOf(error)
      progress = undefined
      nextMs = now() + pauseMs
    },
    failures: () => failures,
    reset() {
      startedMs = undefined
      failures = 0
      failure = undefined
      nextMs = undefined
      progress = undefined
    },
    status() {
      if (startedMs === undefined) return undefined
      const isWrong = failure !== undefined || failures > 0 || now() - heardMs >= QUIET_MS_MAX
      // A download that goes on after a failure is no problem any more.
      const isMoving = progress !== undefined && failure === undefined && now() - heardMs < QUIET_MS_MAX
      const text = detail()
      return { detail: text, problem: isWrong && !isMoving ? `${model}: ${text}` : null }
    },
  }
}
