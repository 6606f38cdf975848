import { DeliverPolicy, type ConsumerMessages, type JsMsg } from '@nats-io/jetstream'
import { ColloquyError } from '../../schemas/errors.ts'
import type { StreamName } from '../../schemas/subjects.ts'
import type { JetStreamContext } from './connection.ts'
import { watchConnection } from './connection-events.ts'
import type { StreamPosition } from './position-history.ts'
import { watchForStaleReplica } from './stale-replica.ts'

/**
 * Reads a stream in order from a sequence on. It ends with `interrupted` after every break, be it a reconnect or a consumer that
 * the server had lost: whoever reads begins anew from what is written down, and sees on the way whether the server lost its
 * last messages. An ordered consumer that goes on by itself would wait silently for sequences that were given out again.
 */
export interface StreamReader extends AsyncIterable<JsMsg> {
  /** Up to here everything of the filter was handed out. Whoever asks between messages may be ahead of the one who takes them: the last one is on its way. */
  readonly position: StreamPosition
  /** Of a message that was handed out. */
  positionOf(message: JsMsg): StreamPosition
  /** Messages of the filter that are still to come, as the server said with the last one. */
  readonly pending: number
  stop(): void
}

export interface ReaderOptions {
  readonly stream: StreamName
  /**
   * Empty for all. Whoever follows a stream reads all of it and passes over what is others': nats-server looks for the next message of one of
   * many subjects in a time that grows with what the reader lags, so that one which has fallen behind never catches up.
   */
  readonly filterSubjects: readonly string[]
  /** The first sequence to be read. */
  readonly startSeq: number
  /** Messages fetched ahead. */
  readonly messagesMax: number
  /** Silence of two of these, and the consumer is taken to be lost; at least 500, default 2,000. */
  readonly heartbeatMs?: number
}

const HEARTBEAT_MS = 2_000
/** Each such report makes the client ask once more for `messagesMax`: whoever works on one message for longer begins anew. */
const STALLS_MAX = 8

export async function openReader(jetstream: JetStreamContext, options: ReaderOptions): Promise<StreamReader> {
  const { stream, startSeq, heartbeatMs = HEARTBEAT_MS } = options
  const { created } = await jetstream.jsm.streams.info(stream)
  const consumer = await jetstream.js.consumers.get(stream, {
    filter_subjects: [...options.filterSubjects],
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: startSeq,
  })
  const messages = await consumer.consume({ max_messages: options.messagesMax, idle_heartbeat: heartbeatMs })
  const pendingAtStart = (await consumer.info(true)).num_pending
  let last: JsMsg | undefined
  const positionOf = ({ seq, time }: JsMsg): StreamPosition => ({ created, seq, ts: time.toISOString() })
  const positionNow = (): StreamPosition => (last === undefined ? { created, seq: startSeq - 1, ts: '' } : positionOf(last))
  let failure: ColloquyError | undefined
  /** Since when the server is waited for; `undefined` while whoever reads works on what he got: the client asks for no more then. */
  let waitingSince: number | undefined
  let stalls = 0

  const isSilent = (): boolean => {
    if (waitingSince === undefined) return ++stalls > STALLS_MAX
    return performance.now() - waitingSince > 2 * heartbeatMs
  }
  const onBreak = (what: string): void => {
    failure ??= new ColloquyError('interrupted', `reading ${stream} was interrupted at sequence ${positionNow().seq}: ${what}`)
    messages.stop()
  }
  const watches = [
    watchForBreaks(jetstream, messages, isSilent, onBreak),
    watchForStaleReplica(jetstream, {
      stream, filterSubjects: options.filterSubjects, onStale: onBreak,
      waitedFor: () => (waitingSince !== undefined && performance.now() - waitingSince > 2 * heartbeatMs ? positionNow().seq + 1 : undefined),
    }),
  ]
  const stop = (): void => {
    for (const watch of watches) watch.stop()
    messages.stop()
  }

  return {
    get position() {
      return positionNow()
    },
    positionOf,
    get pending() {
      return last?.info.pending ?? pendingAtStart
    },
    stop,
    async* [Symbol.asyncIterator]() {
      try {
        waitingSince = performance.now()
        for await (const message of messages) {
          last = message
          waitingSince = undefined
          stalls = 0
          yield message
          waitingSince = performance.now()
        }
      } finally {
        stop()
        // Else it stays with the server for minutes, and who reads slice after slice leaves many. It may be gone with its server.
        consumer.delete().catch(() => false)
      }
      if (failure !== undefined) throw failure
    },
  }
}

function watchForBreaks(jetstream: JetStreamContext, messages: ConsumerMessages, isSilent: () => boolean, onBreak: (what: string) => void): { stop(): void } {
  const watchConsumer = async (): Promise<void> => {
    for await (const status of messages.status()) {
      if (status.type === 'ordered_consumer_recreated') onBreak('the server had lost the consumer')
      // In a cluster a consumer dies with its server, and the client goes on waiting for it.
      if (status.type === 'heartbeats_missed' && isSilent()) onBreak(`${status.count} heartbeats are missing`)
    }
  }
  void watchConsumer()
  return watchConnection(jetstream.nc, 'reconnect', () => onBreak('the connection was lost and is back'))
}
