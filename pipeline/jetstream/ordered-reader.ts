import { type ConsumerMessages, DeliverPolicy, type JsMsg } from '@nats-io/jetstream'
import { ColloquyError } from '../../schemas/errors.ts'
import type { StreamName } from '../../schemas/subjects.ts'
import type { JetStreamContext } from './connection.ts'
import { watchConnection } from './connection-events.ts'
import type { StreamPosition } from './position-history.ts'
import { holeAround, type SeqRange, storeRemoved, unreadableRanges } from './removed.ts'
import { watchForStaleReplica } from './stale-replica.ts'
import { streamInfo } from './stream-info.ts'

/**
 * Reads a stream in order from a sequence on. It ends with `interrupted` on a reconnect or a lost consumer: the caller restarts from its
 * checkpoint, where truncation is detected. An ordered consumer that resumed by itself would wait silently when the server had lost its
 * last messages and gave out their sequences again.
 *
 * In a LOG with a damaged file the server may stop before a message that it cannot read, without a word. The reader continues behind it,
 * and stores in REMOVED what is missing.
 */
export interface StreamReader extends AsyncIterable<JsMsg> {
  /** The last message of the filter that was yielded. Read between messages, it may be one ahead of the consumer of the iterator. */
  readonly position: StreamPosition
  /** The position of a message that was yielded. */
  positionOf(message: Pick<JsMsg, 'seq' | 'time'>): StreamPosition
  /** Messages of the filter that remain, as the server reported with the last one. */
  readonly pending: number
  stop(): void
}

export interface ReaderOptions {
  readonly stream: StreamName
  /**
   * Empty: all subjects. A reader that follows a stream takes all subjects and skips those of other members: nats-server finds the next
   * message of many subjects in a time that grows with the reader's lag, so a reader that has fallen behind would never catch up.
   */
  readonly filterSubjects: readonly string[]
  /** The first sequence to read. */
  readonly startSeq: number
  /**
   * The last sequence to read: the reader ends by itself after it, or when the stream has no later message for it. Default: none, the
   * reader follows the stream.
   */
  readonly to?: number
  /** Messages fetched ahead. */
  readonly messagesMax: number
  /** Leaves the payloads with the server; `bytesOf` tells their size. Default: false. */
  readonly headersOnly?: boolean
  /** After two silent intervals the consumer counts as lost. At least 500, default 2,000. */
  readonly heartbeatMs?: number
}

/** The size of a payload, also where only headers were read. */
export const bytesOf = ({ data, headers }: JsMsg): number => Number(headers?.get('Nats-Msg-Size') || data.length)

const HEARTBEAT_MS = 2_000
/** Each missed heartbeat makes the client request `messagesMax` messages more: after this many during one message the reader restarts. */
const STALLS_MAX = 8

export async function openReader(jetstream: JetStreamContext, options: ReaderOptions): Promise<StreamReader> {
  const { stream, startSeq, to = Infinity } = options
  const { created } = await jetstream.jsm.streams.info(stream)
  const holes = createHoles(jetstream, options, stream === 'LOG' ? await unreadableRanges(jetstream) : [])
  let last: JsMsg | undefined
  /** Everything before it is read or missing. */
  let from = holes.after(startSeq)
  const positionOf = ({ seq, time }: Pick<JsMsg, 'seq' | 'time'>): StreamPosition => ({ created, seq, ts: time.toISOString() })
  const positionNow = (): StreamPosition => (last === undefined ? { created, seq: startSeq - 1, ts: '' } : positionOf(last))
  let current = await openConsumer(jetstream, options, from, positionNow)
  let isStopped = false
  /** Continues behind a hole. */
  const reopen = async (seq: number): Promise<void> => {
    from = seq
    await current.close()
    current = await openConsumer(jetstream, options, from, positionNow)
    if (isStopped) current.stop()
  }

  return {
    get position() {
      return positionNow()
    },
    positionOf,
    get pending() {
      const next = Math.max(from, (last?.seq ?? 0) + 1)
      const pending = last === undefined || last.seq < from ? current.pendingAtStart : last.info.pending
      return Math.max(0, pending - holes.countFrom(next))
    },
    stop() {
      isStopped = true
      current.stop()
    },
    async *[Symbol.asyncIterator]() {
      try {
        for (;;) {
          if (to !== Infinity && current.pendingAtStart === 0) return
          for await (const message of current.messages()) {
            if (message.seq > to) return
            last = message
            yield message
            if (message.seq >= to || (to !== Infinity && message.info.pending === 0)) return
            if (holes.after(message.seq + 1) > message.seq + 1) break
          }
          if (isStopped) return
          const next = Math.max(from, (last?.seq ?? 0) + 1)
          const after = current.isStuck() ? await holes.find(next) : holes.after(next)
          // A bounded reader has read all that can be read.
          if (after === next && current.isStuck() && to !== Infinity) return
          if (after === next || after > to) {
            current.throwFailure()
            return
          }
          await reopen(after)
        }
      } finally {
        await current.close()
      }
    },
  }
}

/** One consumer of a reader. */
interface OpenConsumer {
  messages(): AsyncGenerator<JsMsg>
  readonly pendingAtStart: number
  /** The leader has nothing readable for it either, although there are messages. It has stopped then. */
  isStuck(): boolean
  throwFailure(): void
  stop(): void
  close(): Promise<void>
}

async function openConsumer(
  jetstream: JetStreamContext,
  options: ReaderOptions,
  startSeq: number,
  positionNow: () => StreamPosition,
): Promise<OpenConsumer> {
  const { stream, heartbeatMs = HEARTBEAT_MS, to = Infinity } = options
  const consumer = await jetstream.js.consumers.get(stream, {
    filter_subjects: [...options.filterSubjects],
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: startSeq,
    headers_only: options.headersOnly ?? false,
  })
  const messages = await consumer.consume({ max_messages: options.messagesMax, idle_heartbeat: heartbeatMs })
  const pendingAtStart = (await consumer.info(true)).num_pending
  let failure: ColloquyError | undefined
  let isStuck = false
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
  const onNothing = async (seq: number): Promise<void> => {
    // A reader of some subjects that follows a stream cannot tell: the next messages may be of others.
    if (to === Infinity && (options.filterSubjects.length > 0 || (await streamInfo(jetstream.jsm, stream)).state.last_seq < seq)) return
    isStuck = true
    messages.stop()
  }
  const watches = [
    watchForBreaks(jetstream, messages, isSilent, onBreak),
    watchForStaleReplica(jetstream, {
      stream,
      filterSubjects: options.filterSubjects,
      onStale: onBreak,
      onNothing,
      waitedFor: () =>
        waitingSince !== undefined && performance.now() - waitingSince > 2 * heartbeatMs
          ? Math.max(startSeq, positionNow().seq + 1)
          : undefined,
    }),
  ]
  const stop = (): void => {
    for (const watch of watches) watch.stop()
    messages.stop()
  }

  return {
    pendingAtStart,
    isStuck: () => isStuck,
    throwFailure() {
      if (failure !== undefined) throw failure
    },
    stop,
    async *messages() {
      waitingSince = performance.now()
      for await (const message of messages) {
        waitingSince = undefined
        stalls = 0
        yield message
        waitingSince = performance.now()
      }
      if (failure !== undefined) throw failure
    },
    async close() {
      stop()
      // The server would keep it for minutes. It may be gone with its server.
      await consumer.delete().catch(() => false)
    },
  }
}

/** The messages that the server counts and cannot read. Its consumers may stop before them; the reader continues behind them. */
interface Holes {
  /** The next sequence, from this one on, that is in no known hole. */
  after(seq: number): number
  /** As `after`, where a consumer is stuck: finds a hole that was unknown. */
  find(seq: number): Promise<number>
  /** How many messages of holes the server counts as pending from a sequence on. */
  countFrom(seq: number): number
}

function createHoles(jetstream: JetStreamContext, { stream, filterSubjects }: ReaderOptions, known: readonly SeqRange[]): Holes {
  const ranges = [...known]
  const after = (seq: number): number => {
    let next = seq
    for (const { from, to } of ranges) if (next >= from && next <= to) next = to + 1
    return next
  }
  return {
    after,
    async find(seq) {
      if (stream !== 'LOG') return seq
      if (filterSubjects.length > 0) return (ranges.find(({ to }) => to >= seq)?.to ?? seq - 1) + 1
      const hole = await holeAround(jetstream, seq)
      if (hole === undefined) return seq
      await storeRemoved(jetstream, [hole])
      ranges.push(hole)
      ranges.sort((one, other) => one.from - other.from)
      return after(seq)
    },
    // Of a hole it is not known how many messages were of some subjects.
    countFrom: (seq) =>
      filterSubjects.length > 0 ? 0 : ranges.reduce((sum, { from, to }) => sum + Math.max(0, to - Math.max(from, seq) + 1), 0),
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
