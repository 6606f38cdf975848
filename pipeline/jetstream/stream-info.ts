import type { JetStreamManager, StoredMsg, StreamInfo } from '@nats-io/jetstream'
import { ColloquyError } from '../../schemas/errors.ts'
import type { StreamName } from '../../schemas/subjects.ts'

/**
 * A stream's info from its leader. In a cluster a replica without a leader answers too, with what it has: that may be outdated, and would
 * look like a loss.
 *
 * @throws ColloquyError `no_leader` until a leader is elected
 */
export async function streamInfo(jsm: JetStreamManager, stream: string): Promise<StreamInfo> {
  const info = await jsm.streams.info(stream)
  if (info.cluster !== undefined && (info.cluster.leader ?? '') === '') {
    throw new ColloquyError('no_leader', `${stream} has no leader at the moment; ignored the answer of a replica`)
  }
  return info
}

/** The first message of a subject (wildcards allowed) from a sequence on, read from the leader. */
export const nextOf = (jsm: JetStreamManager, stream: StreamName, seq: number, subject: string): Promise<StoredMsg | null> =>
  jsm.streams.getMessage(stream, fromOn(seq, subject))

/** A parameter of JetStream's API that the client's type lacks. */
const fromOn = (seq: number, subject: string): { seq: number; next_by_subj: string } => ({ seq, next_by_subj: subject })

/** The messages of a subject (wildcards allowed) that a stream has stored since a time, in order, from any replica. */
export async function* storedSince(jsm: JetStreamManager, stream: StreamName, subject: string, since: string): AsyncGenerator<StoredMsg> {
  const first = await jsm.direct.getMessage(stream, { start_time: since })
  if (first === null) return
  for (let seq = first.seq; ;) {
    const message = await jsm.direct.getMessage(stream, { seq, next_by_subj: subject })
    if (message === null) return
    yield message
    seq = message.seq + 1
  }
}
