import { NoRespondersError, type NatsConnection } from '@nats-io/transport-node'
import { z } from 'zod'
import { parseJson } from '../../schemas/json.ts'
import type { Durability } from './receipt.ts'

/** Core NATS: every process of the cluster that runs stages answers here how they are. */
export const STATUS_SUBJECT = 'colloquy.status'

/** Answers of more processes than this are not waited for. */
const PROCESSES_MAX = 1_000
const ANSWERS_MS = 1_000
/** With one answer there, others are waited for no longer than this. */
const STALL_MS = 100

const position = z.int().nonnegative()
/** As much of an answer as a producer needs. */
const answerSchema = z.object({
  durability: z.object({ replicas: z.int().positive(), fsync: z.string().nullable() }).optional(),
  stages: z.object({
    dispatch: z.object({ position, partitions: z.array(position).optional() }).optional(),
    project: z.object({ position }).optional(),
  }),
})
type Answer = z.infer<typeof answerSchema>

/** How far the stages are, by the word of those that run them. 0 where none answers. */
export interface RemoteProgress {
  /** LOG sequence up to which a partition's records are carried out. */
  dispatchedSeq(partition: number): Promise<number>
  /** LOG sequence up to which records are in the tables. */
  projectedSeq(): Promise<number>
  /** What an acknowledgement of INBOX is worth, as a process says. */
  durability(): Promise<Durability | undefined>
}

export function createRemoteProgress(nc: NatsConnection): RemoteProgress {
  return {
    dispatchedSeq: (partition) => highest(nc, ({ stages: { dispatch } }) => (dispatch?.partitions?.includes(partition) === true ? dispatch.position : 0)),
    projectedSeq: () => highest(nc, ({ stages: { project } }) => project?.position ?? 0),
    async durability() {
      for await (const { durability } of answers(nc)) if (durability !== undefined) return durability
      return undefined
    },
  }
}

async function highest(nc: NatsConnection, of: (answer: Answer) => number): Promise<number> {
  let found = 0
  for await (const answer of answers(nc)) found = Math.max(found, of(answer))
  return found
}

async function* answers(nc: NatsConnection): AsyncGenerator<Answer> {
  try {
    const replies = await nc.requestMany(STATUS_SUBJECT, '', { strategy: 'stall', stall: STALL_MS, maxWait: ANSWERS_MS, maxMessages: PROCESSES_MAX })
    for await (const reply of replies) {
      const read = answerSchema.safeParse(parseJson(reply.string()))
      if (read.success) yield read.data
    }
  } catch (error) {
    if (!(error instanceof NoRespondersError)) throw error
  }
}
