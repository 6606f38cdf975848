import { type NatsConnection, NoRespondersError } from '@nats-io/transport-node'
import { z } from 'zod'
import { parseJson } from '../../schemas/json.ts'

/** Core NATS subjects on which processes answer: with the status of their stages, of their language models, and of their caches. */
export type StatusSubject = 'colloquy.status' | 'colloquy.models' | 'colloquy.caches'

/** Max processes whose answers are awaited. */
const PROCESSES_MAX = 1_000
const ANSWERS_MS = 1_000
/** The wait for further answers after each one. */
const STALL_MS = 100

const sequence = z.int().nonnegative()
/** The progress of a stage, as its process reports it. */
export const progressSchema = z.object({ position: sequence, lag: sequence, partitions: z.array(sequence).optional() })
/** The durability of an INBOX acknowledgement, as a process reports it. */
export const durabilitySchema = z.object({ replicas: z.int().positive(), fsync: z.string().nullable() })

/** Answers every request with the status of this process. */
export function answerStatus(nc: NatsConnection, status: () => object, subject: StatusSubject = 'colloquy.status'): { stop(): void } {
  const subscription = nc.subscribe(subject, {
    callback: (_, message) => {
      message.respond(JSON.stringify(status()))
    },
  })
  return { stop: () => subscription.unsubscribe() }
}

/** Asks all processes and yields the answers that fit the schema; none if no process runs. */
export async function* askProcesses<Status>(
  nc: NatsConnection,
  schema: z.ZodType<Status>,
  subject: StatusSubject = 'colloquy.status',
): AsyncGenerator<Status> {
  try {
    const answers = await nc.requestMany(subject, '', {
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
