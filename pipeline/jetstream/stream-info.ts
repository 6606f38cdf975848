import type { JetStreamManager, StoredMsg, StreamInfo } from '@nats-io/jetstream'
import { ColloquyError } from '../../schemas/errors.ts'
import type { StreamName } from '../../schemas/subjects.ts'

/**
 * A stream as its leader knows it. In a cluster a replica that knows of no leader answers as well, with what it has: that may be long
 * outdated, and must not be taken for a loss.
 *
 * @throws ColloquyError `no_leader`, which passes
 */
export async function streamInfo(jsm: JetStreamManager, stream: StreamName): Promise<StreamInfo> {
  const info = await jsm.streams.info(stream)
  if (info.cluster !== undefined && (info.cluster.leader ?? '') === '') {
    throw new ColloquyError('no_leader', `${stream} has no leader just now; a replica that answered for it is not believed`)
  }
  return info
}

/** The first message of a subject, wildcards allowed, from a sequence on, as the leader has it. */
export const nextOf = (jsm: JetStreamManager, stream: StreamName, seq: number, subject: string): Promise<StoredMsg | null> =>
  jsm.streams.getMessage(stream, fromOn(seq, subject))

/** JetStream's API has it, the client's type for the leader's reads does not. */
const fromOn = (seq: number, subject: string): { seq: number; next_by_subj: string } => ({ seq, next_by_subj: subject })
