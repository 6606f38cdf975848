import { type ConsumerMessages, DeliverPolicy, type JsMsg } from '@nats-io/jetstream'
import { ColloquyError } from '../../schemas/errors.ts'
import type { StreamName } from '../../schemas/subjects.ts'
import type { JetStreamContext } from './connection.ts'
import { watchConnection } from './connection-events.ts'
import type { StreamPosition } from './position-history.ts'
import { watchForStaleReplica } from './stale-replica.ts'

/**
 * Reads a stream in order from a sequence on. It ends with `interrupted` on a reconnect or a lost consumer: the caller restarts from its
 * checkpoint, where truncation is detected. An ordered consumer that resumed by itself would wait silently when the server had lost its last
 * messages and gave out their sequences again.
 */
export interface StreamReader extends AsyncIterable<JsMsg> {
  /** The last message of the filter that was yielded. Read between messages, it may be one ahead of the consumer of the iterator. */
  readonly position: StreamPosition
  /** The position of a message that was yielded. */
  positionOf(message: JsMsg): StreamPosition
  /** Messages of the filter that remain, as the server reported with the last one. */
  readonly pending: number
  stop(): void
}

export interface ReaderOptions {
  readonly stream: StreamName
  /**
   * Empty: all subjects. A reader that follows a stream takes all subjects and skips those of other members: nats-server finds the next message
   * of many subjects in a time that grows with the reader's lag, so a reader that has fallen behind would never catch up.
   */
  readonly filterSubjects: readonly string[]
  /** The first sequence to read. */
  readonly startSeq: number
  /** Messages fetched ahead. */
  readonly messagesMax: number
  /** After two silent intervals the consumer counts as lost. At least 500, default 2,000. */
  readonly heartbeatMs?: number
}

const HEARTBEAT_MS = 2_000
/** Each missed heartbeat makes the client request `messagesMax` messages more: after this many during one message the reader restarts. */
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
  /** When waiting for the server started; `undefined` while the caller works on a message: the client requests nothing then. */
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
      stream,
      filterSubjects: options.filterSubjects,
      onStale: onBreak,
      waitedFor: () =>
        waitingSince !== undefined && performance.now() - waitingSince > 2 * heartbeatMs ? positionNow().seq + 1 : undefined,
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
    async *[Symbol.asyncIterator]() {
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
        // The server would keep it for minutes. It may be gone with its server.
        consumer.delete().catch(() => false)
      }
      if (failure !== undefined) throw failure
    },
  }
}

function watchForBreaks(
  jetstream: JetStreamContext,
  messages: ConsumerMessages,
  isSilent: () => boolean,
  onBreak: (what: string) => void,
): { stop(): void } {
  const watchConsumer = async (): Promise<void> => {
    for await (const status of messages.status()) {
      if (status.type === 'ordered_consumer_recreated') onBreak('the server had lost the consumer')
      // In a cluster a consumer dies with its server, and the client waits for it without end.
      if (status.type === 'heartbeats_missed' && isSilent()) onBreak(`${status.count} heartbeats are missing`)
    }
  }
  void watchConsumer()
  return watchConnection(jetstream.nc, 'reconnect', () => onBreak('the connection was lost and is back'))
}
