import { headers } from '@nats-io/transport-node'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { removeFiller } from '../../pipeline/jetstream/removal.ts'
import { createConcurrencyLimit } from '../../pipeline/runtime/concurrency-limit.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { readSegment } from './backup-folder.ts'
import type { Stored, StreamBackup } from './backup-format.ts'

/** Messages in flight. Their order is safe: the server stores the messages of one connection in the order in which they are sent. */
const IN_FLIGHT_MAX = 500
/** Headers that JetStream evaluates, such as an expected sequence. They held for the original stream only. */
const JETSTREAM_HEADERS = /^Nats-(?!Msg-Id$)/

export interface RefillOptions {
  readonly jetstream: JetStreamContext
  readonly dir: string
  readonly stream: 'LOG' | 'DEAD'
  readonly backup: StreamBackup
  /** Sequences of messages that were removed; they stay gaps. */
  readonly without: ReadonlySet<number>
  /** A subject of the stream for fillers: messages that take up the sequence of a gap and are removed at once. */
  readonly fillerSubject: string
  readonly onMessage: (message: Stored) => void
}

/**
 * Publishes the messages of a backup into a stream, each at its original sequence. Gaps stay gaps. The stream must assign
 * `backup.firstSeq` next.
 *
 * @throws ColloquyError `restore_failed` if the stream refuses a message or assigns another sequence; `bad_backup` as `readSegment` does.
 */
export async function refill({ jetstream, dir, stream, backup, without, fillerSubject, onMessage }: RefillOptions): Promise<void> {
  const inFlight = createConcurrencyLimit(IN_FLIGHT_MAX)
  const send = async (seq: number, subject: string, payload: Uint8Array, original: Stored['headers']): Promise<void> => {
    const kept = headers()
    for (const [name, values] of Object.entries(original)) {
      if (!JETSTREAM_HEADERS.test(name)) for (const value of values) kept.append(name, value)
    }
    const { seq: at, error } = (await jetstream.mux.request(subject, payload, kept)).json<{
      seq?: number
      error?: { description?: string }
    }>()
    if (at === seq) return
    throw new ColloquyError(
      'restore_failed',
      error === undefined
        ? `${stream} assigned sequence ${at} to the message of sequence ${seq}: another process writes to it; stop it and restore again`
        : `${stream} refused the message of sequence ${seq} (${error.description}); check COLLOQUY_STORAGE_BYTES_MAX and the free space`,
    )
  }
  const fillGap = async (seq: number): Promise<void> => {
    await send(seq, fillerSubject, new Uint8Array(), {})
    await removeFiller(jetstream.jsm, stream, seq)
  }

  // A stream that never had a message begins at 0.
  let next = Math.max(1, backup.firstSeq)
  const skipTo = async (seq: number): Promise<void> => {
    for (; next < seq; next += 1) await inFlight.add(fillGap(next))
  }
  for (const segment of backup.segments) {
    for (const message of await readSegment(dir, segment)) {
      if (message.seq < next || without.has(message.seq)) continue
      await skipTo(message.seq)
      await inFlight.add(send(message.seq, message.subject, message.payload, message.headers))
      next += 1
      onMessage(message)
    }
  }
  await skipTo(backup.lastSeq + 1)
  await inFlight.done()
}
