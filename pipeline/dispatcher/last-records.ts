import { DeliverPolicy } from '@nats-io/jetstream'
import type { LogRecord } from '../../schemas/record.ts'
import { parseLogSubject, type Address } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { readToEnd } from '../jetstream/read-to-end.ts'
import type { Placed } from '../jetstream/last-record.ts'

export interface LastRecord extends Placed {
  readonly subject: string
  readonly partition: number
  readonly address: Address
}

/** The last record of every actor of these partitions. @throws ColloquyError `interrupted` where LOG stopped answering */
export async function* lastRecords(jetstream: JetStreamContext, partitions: readonly number[]): AsyncGenerator<LastRecord> {
  const what = { filter_subjects: partitions.map((partition) => `log.${partition}.>`), deliver_policy: DeliverPolicy.LastPerSubject }
  for await (const batch of readToEnd(jetstream, 'LOG', what)) {
    for (const message of batch) {
      yield { subject: message.subject, ...parseLogSubject(message.subject), seq: message.seq, record: message.json<LogRecord>() }
    }
  }
}
