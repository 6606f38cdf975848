import { headers } from '@nats-io/transport-node'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { createConcurrencyLimit } from '../../pipeline/runtime/concurrency-limit.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { readSegment } from './backup-folder.ts'
import type { Stored, StreamBackup } from './backup-format.ts'

/** Messages under way at one time: the server stores what one connection sends in the order in which it was sent. */
const WINDOW_MAX = 500
/** What JetStream itself puts in: expectations of the stream as it was then. */
const OWN_HEADERS = /^Nats-(?!Msg-Id$)/

export interface RefillOptions {
  readonly jetstream: JetStreamContext
  readonly dir: string
  readonly stream: 'LOG' | 'DEAD'
  readonly backup: StreamBackup
  /** Sequences that are left out: what they had was removed. */
  readonly without: ReadonlySet<number>
  /** A subject of the stream for messages that only take up a sequence, and are removed again. */
  readonly fillerSubject: string
  readonly onMessage: (message: Stored) => void
}

/**
 * Gives a stream that begins at the right sequence every message the sequence that it had; gaps stay gaps.
 *
 * @throws ColloquyError `restore_failed` where the stream refuses one, or gives it another sequence
 */
export async function refill({ jetstream, dir, stream, backup, without, fillerSubject, onMessage }: RefillOptions): Promise<void> {
  const window = createConcurrencyLimit(WINDOW_MAX)
  const send = async (seq: number, subject: string, payload: Uint8Array, given: Stored['headers']): Promise<void> => {
    const made = headers()
    for (const [name, values] of Object.entries(given)) if (!OWN_HEADERS.test(name)) for (const value of values) made.append(name, value)
    const { seq: at, error } = (await jetstream.mux.request(subject, payload, made)).json<{ seq?: number; error?: { description?: string } }>()
    if (at === seq) return
    throw new ColloquyError('restore_failed', error === undefined
      ? `${stream} gave sequence ${at} to the message that had ${seq}; somebody else writes to it. Stop it, and run the restore again`
      : `${stream} refused the message of sequence ${seq}: ${error.description}. Is there room (COLLOQUY_STORAGE_BYTES_MAX)?`)
  }
  const gap = async (seq: number): Promise<void> => {
    await send(seq, fillerSubject, new Uint8Array(), {})
    await jetstream.jsm.streams.deleteMessage(stream, seq, false)
  }

  let next = backup.firstSeq
  const skipTo = async (seq: number): Promise<void> => {
    for (; next < seq; next += 1) await window.add(gap(next))
  }
  for (const segment of backup.segments) {
    for (const message of await readSegment(dir, segment)) {
      if (message.seq < next || without.has(message.seq)) continue
      await skipTo(message.seq)
      await window.add(send(message.seq, message.subject, message.payload, message.headers))
      next += 1
      onMessage(message)
    }
  }
  await skipTo(backup.lastSeq + 1)
  await window.done()
}
