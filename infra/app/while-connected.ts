import type { NatsConnection } from '@nats-io/transport-node'
import { watchConnection } from '../../pipeline/jetstream/connection-events.ts'
import { ColloquyError } from '../../schemas/errors.ts'

/** Time that NATS may stay away before a command that publishes gives up: longer than a supervisor takes to restart it. */
export const AWAY_MS_MAX = 60_000

export interface ConnectedOptions {
  /** What running the command again does, as a clause. */
  readonly again: string
  /** Called when the connection is lost, with what happens next. */
  readonly onAway: (what: string) => void
  /** Default 60 s. */
  readonly awayMsMax?: number | undefined
}

/**
 * Does the work of a command while NATS is there. The client itself would reconnect for ever, and requests would be repeated for ever.
 *
 * @param work gets a signal that aborts when NATS has stayed away for too long; what it does after that has no effect on the result
 * @throws ColloquyError `nats_away`, with the connection closed
 */
export async function whileConnected<T>(
  nc: NatsConnection,
  { again, onAway, awayMsMax = AWAY_MS_MAX }: ConnectedOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const server = nc.getServer()
  const seconds = Math.round(awayMsMax / 1_000)
  const away = new AbortController()
  const { promise: gaveUp, reject } = Promise.withResolvers<never>()
  let timer: NodeJS.Timeout | undefined
  const giveUp = (): void => {
    const error = new ColloquyError('nats_away', `the NATS server ${server} has been away for ${seconds} s; ${again}`)
    away.abort(error)
    reject(error)
    // Requests that are under way fail at once instead of waiting for it.
    void nc.close()
  }
  const lost = watchConnection(nc, 'disconnect', () => {
    if (timer !== undefined) return
    timer = setTimeout(giveUp, awayMsMax)
    onAway(`the connection to NATS was lost; gives up if ${server} stays away for ${seconds} s`)
  })
  const found = watchConnection(nc, 'reconnect', () => {
    clearTimeout(timer)
    timer = undefined
  })
  try {
    return await Promise.race([work(away.signal), gaveUp])
  } finally {
    clearTimeout(timer)
    lost.stop()
    found.stop()
  }
}
