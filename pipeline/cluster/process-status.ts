import { type NatsConnection, NoRespondersError } from '@nats-io/transport-node'
import { z } from 'zod'
import { parseJson } from '../../schemas/json.ts'

/** Core NATS: every process of the cluster that runs stages answers here with their status. */
const STATUS_SUBJECT = 'colloquy.status'

/** Answers of more processes than this are not waited for. */
const PROCESSES_MAX = 1_000
const ANSWERS_MS = 1_000
/** After one answer, others are waited for no longer than this. */
const STALL_MS = 100

const sequence = z.int().nonnegative()
/** A stage's progress, as its process says. */
export const progressSchema = z.object({ position: sequence, lag: sequence, partitions: z.array(sequence).optional() })
/** What an acknowledgement of INBOX is worth, as a process says. */
export const durabilitySchema = z.object({ replicas: z.int().positive(), fsync: z.string().nullable() })

/** Answers everybody who asks with the status of this process. */
export function answerStatus(nc: NatsConnection, status: () => object): { stop(): void } {
  const subscription = nc.subscribe(STATUS_SUBJECT, {
    callback: (_, message) => {
      message.respond(JSON.stringify(status()))
    },
  })
  return { stop: () => subscription.unsubscribe() }
}

/** Asks all processes, and yields the answers that the schema accepts; none where no process runs. */
export async function* askProcesses<Status>(nc: NatsConnection, schema: z.ZodType<Status>): AsyncGenerator<Status> {
  try {
    const answers = await nc.requestMany(STATUS_SUBJECT, '', {
      strategy: 'stall',
      stall: STALL_MS,
      maxWait: ANSWERS_MS,
      maxMessages: PROCESSES_MAX,
    })
    for await (const answer of answers) {
      const read = schema.safeParse(parseJson(answer.string()))
      if (read.success) yield read.data
    }
  } catch (error) {
    if (!(error instanceof NoRespondersError)) throw error
  }
}
