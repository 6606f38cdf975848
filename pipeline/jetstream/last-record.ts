import type { StoredMsg } from '@nats-io/jetstream'
import type { LogRecord } from '../../schemas/record.ts'
import type { JetStreamContext } from './connection.ts'
import { nextOf } from './stream-info.ts'

/** A record with its place in LOG. */
export interface Placed {
  readonly seq: number
  readonly record: LogRecord
}

const placed = (message: StoredMsg): Placed => ({ seq: message.seq, record: message.json<LogRecord>() })

/** An actor's last record, from LOG's leader, so that whoever waited for a write sees it; `undefined` where it has none. */
export async function lastRecord(jetstream: JetStreamContext, subject: string): Promise<Placed | undefined> {
  const message = await jetstream.jsm.streams.getMessage('LOG', { last_by_subj: subject })
  return message === null ? undefined : placed(message)
}

/**
 * The record of an actor that `order` calls level (0); negative is for records before it, positive for later ones. It bisects
 * LOG's sequences up to the actor's last record, so that the longest history costs some forty reads at the most.
 */
export async function findRecord(
  jetstream: JetStreamContext, subject: string, last: Placed, order: (record: LogRecord) => number,
): Promise<Placed | undefined> {
  if (order(last.record) <= 0) return order(last.record) === 0 ? last : undefined
  let [low, high] = [1, last.seq - 1]
  while (low <= high) {
    const middle = Math.floor((low + high) / 2)
    const message = await nextOf(jetstream.jsm, 'LOG', middle, subject)
    if (message === null) return undefined
    const found = placed(message)
    const way = order(found.record)
    if (way === 0) return found
    if (way < 0) low = found.seq + 1
    else high = middle - 1
  }
  return undefined
}
