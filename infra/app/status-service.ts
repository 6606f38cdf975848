import type { NatsConnection } from '@nats-io/transport-node'
import { z } from 'zod'
import { answerStatus, askProcesses, durabilitySchema, progressSchema } from '../../pipeline/cluster/process-status.ts'
import type { Durability } from '../../pipeline/producer/receipt.ts'
import type { Stage } from '../../pipeline/runtime/stage.ts'
import { type Role, ROLES } from '../settings.ts'
import { type AutoModelStatus, autoModelStatusSchema } from './auto-model-attempts.ts'
import { watchStillness } from './stage-stillness.ts'

const answerSchema = z.object({
  pid: z.int().positive(),
  durability: durabilitySchema,
  stages: z.partialRecord(
    z.enum(ROLES),
    progressSchema.extend({ ok: z.boolean(), since: z.string(), detail: z.string(), stillMs: z.number().optional() }),
  ),
  /** The model of `auto` on its way into use; absent where it is not wanted, and from processes of an earlier version. */
  autoModel: autoModelStatusSchema.optional(),
})

/** The status of the stages of one process, as the process reports it. */
export type ProcessStatus = z.infer<typeof answerSchema>

/** Starts answering status requests with the status of this process's stages, and for how long each has not moved. */
export function startStatusService(
  nc: NatsConnection,
  stages: ReadonlyMap<Role, Stage>,
  durability: Durability,
  autoModel: () => AutoModelStatus | undefined = () => undefined,
): { stop(): Promise<void> } {
  const stillness = watchStillness(stages, () => performance.now())
  const status = (): ProcessStatus => ({
    pid: process.pid,
    durability,
    stages: Object.fromEntries([...stages].map(([role, stage]) => [role, { ...stage.status(), stillMs: stillness.of(role) }])),
    autoModel: autoModel(),
  })
  const service = answerStatus(nc, status)
  return {
    async stop() {
      service.stop()
      await stillness.stop()
    },
  }
}

/** Asks all processes for their status. Skips answers that are not valid. Empty if no process runs. */
export async function askStatus(nc: NatsConnection): Promise<ProcessStatus[]> {
  const statuses: ProcessStatus[] = []
  for await (const status of askProcesses(nc, answerSchema)) statuses.push(status)
  return statuses
}
