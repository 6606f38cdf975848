import type { NatsConnection } from '@nats-io/transport-node'
import { z } from 'zod'
import { askProcesses, durabilitySchema, progressSchema } from '../cluster/process-status.ts'
import { positionOfPartition } from '../runtime/stage-progress.ts'
import type { Durability } from './receipt.ts'

/** The part of a status answer that a producer needs. */
const answerSchema = z.object({
  durability: durabilitySchema.optional(),
  stages: z.object({ dispatch: progressSchema.optional(), project: progressSchema.optional() }),
})
type Answer = z.infer<typeof answerSchema>

/** Progress of the stages as reported by the processes that run them; 0 if none answers. */
export interface RemoteProgress {
  /** LOG sequence up to which the events of a partition have been sent. */
  dispatchedSeq(partition: number): Promise<number>
  /** LOG sequence up to which the tables are complete. */
  projectedSeq(): Promise<number>
  /** How durable an acknowledgement of INBOX is; `undefined` if no process reports it. */
  durability(): Promise<Durability | undefined>
}

/** Creates a reader that asks all processes over NATS for each value. */
export function createRemoteProgress(nc: NatsConnection): RemoteProgress {
  const highest = async (positionOf: (answer: Answer) => number | undefined): Promise<number> => {
    let position = 0
    for await (const answer of askProcesses(nc, answerSchema)) position = Math.max(position, positionOf(answer) ?? 0)
    return position
  }
  return {
    dispatchedSeq: (partition) =>
      highest(({ stages: { dispatch } }) => (dispatch === undefined ? undefined : positionOfPartition([dispatch], partition))),
    projectedSeq: () => highest(({ stages: { project } }) => project?.position),
    async durability() {
      for await (const { durability } of askProcesses(nc, answerSchema)) if (durability !== undefined) return durability
      return undefined
    },
  }
}
