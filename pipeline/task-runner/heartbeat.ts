import { ColloquyError } from '../../schemas/errors.ts'

/** Watches one attempt of a task. */
export interface Heartbeat {
  /** Aborts with the run and, with the error `no_heartbeat`, once the attempt has been silent for too long. */
  readonly signal: AbortSignal
  beat(): void
  stop(): void
}

/**
 * @param run aborts when the run ends
 * @param silentMsMax Default: no limit
 */
export function startHeartbeat(run: AbortSignal, silentMsMax: number | undefined): Heartbeat {
  if (silentMsMax === undefined) return { signal: run, beat: () => undefined, stop: () => undefined }
  const silent = new AbortController()
  const timer = setTimeout(() => {
    silent.abort(new ColloquyError('no_heartbeat', `the attempt told no progress for ${silentMsMax} ms (heartbeatMs)`))
  }, silentMsMax)
  return { signal: AbortSignal.any([run, silent.signal]), beat: () => void timer.refresh(), stop: () => clearTimeout(timer) }
}
