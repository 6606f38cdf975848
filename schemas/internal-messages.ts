import { z } from 'zod'

/** Names the run, and carries its cause's correlation along. */
const about = {
  run: z.string(),
  correlationid: z.string().optional(),
  traceparent: z.string().optional(),
}
const outcome = {
  ...about,
  /** Attempts begun, this one included. */
  attempts: z.int().positive(),
  /** From the record that started the run to the first attempt. */
  queueMs: z.number().nonnegative(),
  /** From the first attempt to the outcome. */
  durationMs: z.number().nonnegative(),
}

export const taskError = z.object({ code: z.string().max(128), message: z.string().max(8192) })
export type TaskError = z.infer<typeof taskError>

/**
 * What may be told to an actor from inside, on `int.<tenant>.<kind>.<id>`: a task's outcome, or that time has come for something
 * that it waits for. An alarm does not say what for: the actor's state does.
 */
export const internalSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('task.done'), ...outcome, output: z.unknown() }),
  z.object({ type: z.literal('task.failed'), ...outcome, error: taskError }),
  z.object({ type: z.literal('task.expired'), ...about }),
  z.object({ type: z.literal('timer.fired'), ...about }),
  z.object({ type: z.literal('alarm') }),
])
export type InternalInput = z.infer<typeof internalSchema>
/** What a record says of a run that has ended. */
export type RunInput = Exclude<InternalInput, { type: 'alarm' }>

/** A message of TASKS: one run of one task, wanted by one actor. */
export const taskMessageSchema = z.object({
  run: z.string(),
  task: z.string(),
  /** When the record that started it was committed. */
  startedAt: z.iso.datetime(),
  deadlineAt: z.iso.datetime(),
  input: z.unknown(),
  correlationid: z.string().optional(),
  traceparent: z.string().optional(),
})
export type TaskMessage = z.infer<typeof taskMessageSchema>
