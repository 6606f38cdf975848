import { ColloquyError } from '../../schemas/errors.ts'

/** Watches one attempt of a task. */
export interface Heartbeat {
  /** Aborts, with the error `no_heartbeat`, once the attempt has been silent for too long; never where it has no limit. */
  readonly signal: AbortSignal
  beat(): void
  stop(): void
}

/** @param silentMsMax Default: no limit */
export function startHeartbeat(silentMsMax: number | undefined): Heartbeat {
  const silent = new AbortController()
  const timer =
    silentMsMax === undefined
      ? undefined
      : setTimeout(
          () => silent.abort(new ColloquyError('no_heartbeat', `the attempt told no progress for ${silentMsMax} ms (heartbeatMs)`)),
          silentMsMax,
        )
  return { signal: silent.signal, beat: () => void timer?.refresh(), stop: () => clearTimeout(timer) }
}
