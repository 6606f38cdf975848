import { NoRespondersError, type NatsConnection } from '@nats-io/transport-node'
import { z } from 'zod'
import { STATUS_SUBJECT } from '../../pipeline/producer/remote-progress.ts'
import type { Stage } from '../../pipeline/runtime/stage.ts'
import { parseJson } from '../../schemas/json.ts'
import { ROLES, type Role } from '../settings.ts'
import type { Durability } from '../../pipeline/producer/receipt.ts'

/** Answers of more processes than this are not waited for. */
const PROCESSES_MAX = 1_000
const ANSWERS_MS = 1_000
/** With one answer there, others are waited for no longer than this. */
const STALL_MS = 100

const stageSchema = z.object({
  position: z.int().nonnegative(),
  lag: z.int().nonnegative(),
  ok: z.boolean(),
  since: z.string(),
  detail: z.string(),
  partitions: z.array(z.int().nonnegative()).optional(),
})
const answerSchema = z.object({
  pid: z.int().positive(),
  durability: z.object({ replicas: z.int().positive(), fsync: z.string().nullable() }),
  stages: z.partialRecord(z.enum(ROLES), stageSchema),
})

/** What one process says about its stages. */
export type ProcessStatus = z.infer<typeof answerSchema>

/** Answers whoever asks how this process's stages are. */
export function startStatusService(
  nc: NatsConnection, stages: ReadonlyMap<Role, Stage>, durability: Durability,
): { stop(): void } {
  const answer = (): ProcessStatus => ({
    pid: process.pid, durability, stages: Object.fromEntries([...stages].map(([role, stage]) => [role, stage.status()])),
  })
  const subscription = nc.subscribe(STATUS_SUBJECT, { callback: (_, message) => { message.respond(JSON.stringify(answer())) } })
  return { stop: () => subscription.unsubscribe() }
}

/** Asks all processes; one that says something else than a status is passed over. Empty where there is none. */
export async function askStatus(nc: NatsConnection): Promise<ProcessStatus[]> {
  const statuses: ProcessStatus[] = []
  try {
    const answers = await nc.requestMany(STATUS_SUBJECT, '', {
      strategy: 'stall', stall: STALL_MS, maxWait: ANSWERS_MS, maxMessages: PROCESSES_MAX,
    })
    for await (const answer of answers) {
      const read = answerSchema.safeParse(parseJson(answer.string()))
      if (read.success) statuses.push(read.data)
    }
  } catch (error) {
    if (!(error instanceof NoRespondersError)) throw error
  }
  return statuses
}
