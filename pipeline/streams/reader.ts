import { DeliverPolicy, type ConsumerMessages, type JsMsg } from '@nats-io/jetstream'
import { ColloquyError } from '../../schemas/errors.ts'
import type { StreamName } from '../../schemas/subjects.ts'
import type { Bus } from '../bus.ts'
import { newestMatch, type StreamPosition } from './positions.ts'
import { watchReconnects } from './watch-reconnects.ts'

/**
 * Reads a stream in order from a sequence on, for ever. It survives reconnects, and ends with `tail_lost` where the
 * stream went back behind what was read: an ordered consumer alone would wait silently for sequences that were given out again.
 */
export interface StreamReader extends AsyncIterable<JsMsg> {
  /** The last message handed out, or where reading began. */
  readonly position: StreamPosition
  /** Messages of the filter that are still to come, as the server said with the last one. */
  readonly pending: number
  stop(): void
}

export interface ReaderOptions {
  readonly stream: StreamName
  readonly filterSubjects: readonly string[]
  /** The first sequence to be read. */
  readonly startSeq: number
  /** Messages fetched ahead. */
  readonly messagesMax: number
}

export async function openReader(bus: Bus, options: ReaderOptions): Promise<StreamReader> {
  const { stream, startSeq } = options
  const { created } = await bus.jsm.streams.info(stream)
  const consumer = await bus.js.consumers.get(stream, {
    filter_subjects: [...options.filterSubjects],
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: startSeq,
  })
  const messages = await consumer.consume({ max_messages: options.messagesMax })
  const pendingAtStart = (await consumer.info(true)).num_pending
  let last: JsMsg | undefined
  const positionNow = (): StreamPosition => ({ created, seq: last?.seq ?? startSeq - 1, ts: last?.time.toISOString() ?? '' })
  let failure: unknown

  const check = async (): Promise<void> => {
    const position = positionNow()
    if (last === undefined) {
      const { created: now, state } = await bus.jsm.streams.info(stream)
      if (now === created && state.last_seq >= position.seq) return
    } else if (!(await newestMatch(bus.jsm, stream, [position])).tailLost) {
      return
    }
    throw new ColloquyError('tail_lost', `${stream} no longer holds sequence ${position.seq}, which was read from it: the server lost its last messages`)
  }
  const watch = watchForBreaks(bus, messages, () => {
    check().catch((error: unknown) => {
      failure = error
      messages.stop()
    })
  })

  return {
    get position() {
      return positionNow()
    },
    get pending() {
      return last?.info.pending ?? pendingAtStart
    },
    stop() {
      watch.stop()
      messages.stop()
    },
    async* [Symbol.asyncIterator]() {
      try {
        for await (const message of messages) {
          last = message
          yield message
        }
      } finally {
        watch.stop()
        messages.stop()
      }
      if (failure !== undefined) throw failure as Error
    },
  }
}

/** Calls back whenever the stream may have changed behind the reader's back: after a reconnect, after a new consumer. */
function watchForBreaks(bus: Bus, messages: ConsumerMessages, onBreak: () => void): { stop(): void } {
  const watchConsumer = async (): Promise<void> => {
    for await (const status of messages.status()) if (status.type === 'ordered_consumer_recreated') onBreak()
  }
  void watchConsumer()
  return watchReconnects(bus.nc, onBreak)
}
