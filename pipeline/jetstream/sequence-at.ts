import { AckPolicy, DeliverPolicy, type JetStreamManager } from '@nats-io/jetstream'
import { nanos } from '@nats-io/transport-node'
import type { StreamName } from '../../schemas/subjects.ts'

/** The consumer that tells the sequence goes away by itself. */
const INACTIVE_MS = 2_000

/** The sequence of the first message that a stream stored at a time or later; the next one it will have, where there is none. */
export async function sequenceAt({ consumers }: Pick<JetStreamManager, 'consumers'>, stream: StreamName, time: Date): Promise<number> {
  const { delivered } = await consumers.add(stream, {
    deliver_policy: DeliverPolicy.StartTime,
    opt_start_time: time.toISOString(),
    ack_policy: AckPolicy.None,
    mem_storage: true,
    inactive_threshold: nanos(INACTIVE_MS),
  })
  return delivered.stream_seq + 1
}
