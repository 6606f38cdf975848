import type { NatsConnection } from '@nats-io/transport-node'
import { z } from 'zod'
import { askProcesses, durabilitySchema, progressSchema } from '../cluster/process-status.ts'
import { positionOfPartition } from '../runtime/stage-progress.ts'
import type { Durability } from './receipt.ts'

/** As much of an answer as a producer needs. */
const answerSchema = z.object({
  durability: durabilitySchema.optional(),
  stages: z.object({ dispatch: progressSchema.optional(), project: progressSchema.optional() }),
})
type Answer = z.infer<typeof answerSchema>

/** How far the stages are, as the processes say that run them. 0 where none answers. */
export interface RemoteProgress {
  /** LOG sequence up to which a partition's records are carried out. */
  dispatchedSeq(partition: number): Promise<number>
  /** LOG sequence up to which records are in the tables. */
  projectedSeq(): Promise<number>
  /** What an acknowledgement of INBOX is worth, as a process says. */
  durability(): Promise<Durability | undefined>
}

export function createRemoteProgress(nc: NatsConnection): RemoteProgress {
  const highest = async (positionOf: (answer: Answer) => number | undefined): Promise<number> => {
    let found = 0
    for await (const answer of askProcesses(nc, answerSchema)) found = Math.max(found, positionOf(answer) ?? 0)
    return found
  }
  return {
    dispatchedSeq: (partition) => highest(({ stages: { dispatch } }) => (dispatch === undefined ? undefined : positionOfPartition([dispatch], partition))),
    projectedSeq: () => highest(({ stages: { project } }) => project?.position),
    async durability() {
      for await (const { durability } of askProcesses(nc, answerSchema)) if (durability !== undefined) return durability
      return undefined
    },
  }
}
