import { z } from 'zod'
import { ANSWER_JUDGED, answerJudged } from './events.ts'
import { ACTOR_CANCELLED, ACTOR_RESET, actorCancelled, actorReset } from './operator-events.ts'
import { restoredSchema } from './record.ts'

/** The run that the message is about, with the correlation id and the trace context of the input that started it. */
const about = { run: z.string(), correlationid: z.string().optional(), traceparent: z.string().optional() }
const outcome = {
  ...about,
  /** Attempts started, including this one. */
  attempts: z.int().positive(),
  /** Milliseconds from the record that started the run to the first attempt. */
  queueMs: z.number().nonnegative(),
  /** Milliseconds from the first attempt to the outcome. */
  durationMs: z.number().nonnegative(),
}

/** The error of a task. */
export const taskError = z.object({ code: z.string().max(128), message: z.string().max(8192) })
export type TaskError = z.infer<typeof taskError>

/**
 * An internal message to an actor, on `int.<tenant>.<kind>.<id>`: the outcome of a task, the end of a run, a wake-up (`alarm`), a
 * judgement on an answer, or what an operator does with the actor. A wake-up does not name a run: the actor's state tells which run has
 * expired.
 */
export const internalSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('task.done'), ...outcome, attemptError: taskError.optional(), output: z.unknown() }),
  z.object({ type: z.literal('task.failed'), ...outcome, error: taskError }),
  z.object({ type: z.literal('task.expired'), ...about }),
  z.object({ type: z.literal('timer.fired'), ...about }),
  z.object({ type: z.literal('alarm') }),
  z.object({ type: z.literal(ANSWER_JUDGED), id: z.string().min(1).max(512), data: answerJudged }),
  z.object({ type: z.literal(ACTOR_RESET), id: z.string().min(1).max(256), data: actorReset, restored: restoredSchema }),
  z.object({ type: z.literal(ACTOR_CANCELLED), id: z.string().min(1).max(256), data: actorCancelled }),
])
export type InternalInput = z.infer<typeof internalSchema>
/** An internal message about one run. */
export type RunInput = Exclude<InternalInput, { type: 'alarm' | typeof ANSWER_JUDGED | OperatorMessage['type'] }>
/** What an operator does with an actor. */
export type ResetMessage = Extract<InternalInput, { type: typeof ACTOR_RESET }>
export type CancelMessage = Extract<InternalInput, { type: typeof ACTOR_CANCELLED }>
export type OperatorMessage = ResetMessage | CancelMessage
/** A judgement on an answer. */
export type JudgedMessage = Extract<InternalInput, { type: typeof ANSWER_JUDGED }>

/** A message of TASKS: one run of one task for one actor. */
export const taskMessageSchema = z.object({
  run: z.string(),
  task: z.string(),
  /** LOG sequence of the record that started the run; absent where a dispatcher of version 0.1 sent it. */
  seq: z.int().positive().optional(),
  /** When the record that started the run was committed. */
  startedAt: z.iso.datetime(),
  deadlineAt: z.iso.datetime(),
  input: z.unknown(),
  correlationid: z.string().optional(),
  traceparent: z.string().optional(),
})
export type TaskMessage = z.infer<typeof taskMessageSchema>
