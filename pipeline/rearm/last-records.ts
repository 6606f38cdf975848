import { DeliverPolicy } from '@nats-io/jetstream'
import { ColloquyError } from '../../schemas/errors.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { parseLogSubject, type Address } from '../../schemas/subjects.ts'
import type { Bus } from '../bus.ts'
import type { Placed } from './started-in.ts'

export interface LastRecord extends Placed {
  readonly subject: string
  readonly partition: number
  readonly address: Address
}

const FETCH_MAX = 500
const FETCH_MS_MAX = 10_000

/** The last record of every actor of these partitions. @throws ColloquyError `interrupted` where LOG stopped answering */
export async function* lastRecords({ js }: Bus, partitions: readonly number[]): AsyncGenerator<LastRecord> {
  const consumer = await js.consumers.get('LOG', {
    filter_subjects: partitions.map((partition) => `log.${partition}.>`), deliver_policy: DeliverPolicy.LastPerSubject,
  })
  for (let pending = (await consumer.info(true)).num_pending; pending > 0;) {
    let got = 0
    const messages = await consumer.fetch({ max_messages: Math.min(FETCH_MAX, pending), expires: FETCH_MS_MAX })
    for await (const message of messages) {
      got += 1
      pending = message.info.pending
      yield { subject: message.subject, ...parseLogSubject(message.subject), seq: message.seq, record: message.json<LogRecord>() }
    }
    if (got === 0) throw new ColloquyError('interrupted', `LOG did not answer for ${FETCH_MS_MAX / 1000} s, with the last records of ${pending} actors still to come`)
  }
}
