import { BAD_RECORD, type BadRecord, excerptOf } from '../../jetstream/log-message.ts'
import type { Rows } from './record-rows.ts'

/** The row of a message of LOG that is no record: a dead letter of the actor that its subject names, if it names one. */
export function badRecordRows(entry: BadRecord): Partial<Rows> {
  const { seq, address, bad } = entry
  return {
    dead_letters: [
      {
        tenant: address.tenant,
        kind: address.kind,
        actor: address.id,
        seq,
        inbox_seq: 0,
        at: bad.at,
        reason: BAD_RECORD,
        subject: bad.subject,
        error: bad.why,
        payload: excerptOf(entry),
        resolved: false,
        last_seq: seq,
      },
    ],
  }
}
