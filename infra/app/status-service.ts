import type { NatsConnection } from '@nats-io/transport-node'
import { z } from 'zod'
import { answerStatus, askProcesses, durabilitySchema, progressSchema } from '../../pipeline/cluster/process-status.ts'
import type { Durability } from '../../pipeline/producer/receipt.ts'
import type { Stage } from '../../pipeline/runtime/stage.ts'
import { type Role, ROLES } from '../settings.ts'

const answerSchema = z.object({
  pid: z.int().positive(),
  durability: durabilitySchema,
  stages: z.partialRecord(z.enum(ROLES), progressSchema.extend({ ok: z.boolean(), since: z.string(), detail: z.string() })),
})

/** The status of the stages of one process, as the process reports it. */
export type ProcessStatus = z.infer<typeof answerSchema>

/** The status of this process. */
export const statusOf = (stages: ReadonlyMap<Role, Stage>, durability: Durability): ProcessStatus => ({
  pid: process.pid,
  durability,
  stages: Object.fromEntries([...stages].map(([role, stage]) => [role, stage.status()])),
})

/** Starts answering status requests with the status of this process's stages. */
export const startStatusService = (nc: NatsConnection, stages: ReadonlyMap<Role, Stage>, durability: Durability): { stop(): void } =>
  answerStatus(nc, () => statusOf(stages, durability))

/** Asks all processes for their status. Skips answers that are not valid. Empty if no process runs. */
export async function askStatus(nc: NatsConnection): Promise<ProcessStatus[]> {
  const statuses: ProcessStatus[] = []
  for await (const status of askProcesses(nc, answerSchema)) statuses.push(status)
  return statuses
}
