import type { LogRecord } from '../../schemas/record.ts'
import { parseLogSubject, type Address } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { openReader } from '../jetstream/ordered-reader.ts'

/** Which records are looked at: sequences, both ends included, and one tenant or all. */
export interface Scope {
  readonly from: number
  readonly to: number
  readonly tenant?: string | undefined
}

export interface LogEntry {
  readonly address: Address
  readonly record: LogRecord
  readonly seq: number
}

const AHEAD_MAX = 4_000

/** The records of a scope, in order. @throws ColloquyError `interrupted` where the reading broke */
export async function* readScope(jetstream: JetStreamContext, { from, to, tenant }: Scope): AsyncGenerator<LogEntry> {
  if (from > to) return
  const filterSubjects = tenant === undefined ? [] : [`log.*.${tenant}.>`]
  const reader = await openReader(jetstream, { stream: 'LOG', filterSubjects, startSeq: from, messagesMax: AHEAD_MAX })
  try {
    if (reader.pending === 0) return
    for await (const message of reader) {
      if (message.seq > to) return
      yield { address: parseLogSubject(message.subject).address, record: message.json<LogRecord>(), seq: message.seq }
      if (message.seq === to || reader.pending === 0) return
    }
  } finally {
    reader.stop()
  }
}
