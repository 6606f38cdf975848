import { z } from 'zod'
import { resolutionSchema, deadLetterFacts } from './dead-letter-resolution.ts'
import { reasonSchema } from './reasons.ts'

export { REASONS, type Reason } from './reasons.ts'

const time = z.iso.datetime()
const count = z.int().nonnegative()
const data = z.record(z.string(), z.unknown())

const inputSchema = z.object({
  type: z.string(),
  id: z.string(),
  source: z.string(),
  time,
  sequence: count.optional(),
  correlationid: z.string().optional(),
  causationid: z.string().optional(),
  traceparent: z.string().optional(),
  history: z.boolean().optional(),
  dataversion: z.int().positive().optional(),
  data: data.optional(),
})

const pendingRun = {
  /** Of the input that began it: what comes of the run carries it along. */
  correlationid: z.string().optional(),
  traceparent: z.string().optional(),
  /** Its time has come, and that was rejected: it comes again only from the dead letter. */
  refused: z.literal(true).optional(),
}
const pendingTask = z.object({
  ...pendingRun,
  task: z.string(),
  /** The id of the `invoke` in the machine. */
  child: z.string(),
  startedAt: time,
  deadlineAt: time,
})
const pendingTimer = z.object({
  ...pendingRun,
  /** The event that the machine gets when the timer fires. */
  event: z.looseObject({ type: z.string() }),
  /** The id by which the machine cancels it. */
  sendId: z.string(),
  at: time,
})

export const stateSchema = z.object({
  value: z.union([z.string(), z.record(z.string(), z.unknown())]),
  context: data,
  history: data,
  /** Tasks and timers under way, by run. */
  tasks: z.record(z.string(), pendingTask),
  timers: z.record(z.string(), pendingTimer),
  /** When each active leaf was entered. */
  entered: z.record(z.string(), time),
  output: z.unknown().optional(),
})

/** A LOG sequence that is known from the next record on: 0 stands for the record itself. Absent where an earlier version left it out. */
const seqOrThis = count.optional()

/** A question of a user, as its row in `turns` needs it. */
const askedSchema = z.object({
  turn: count,
  id: z.string(),
  /** Of the record that has it. */
  seq: seqOrThis,
  /** When it arrived in INBOX; for history when it was asked. */
  at: time,
  committedAt: time,
  history: z.literal(true).optional(),
  lang: z.string().optional(),
  intent: z.string().optional(),
  confidence: z.number().optional(),
})

/**
 * Running counts, so that every row of a table follows from one record alone. What is unknown, false or 0 is left out of the optional
 * fields. Records of the first version lack them all: they make no row of `cases`, and of a case that was open when the next version
 * came the counts begin there.
 */
export const caseSchema = z.object({
  no: count,
  openedAt: time,
  closed: z.boolean(),
  /** The actor's first record. */
  firstAt: time,
  /** Things said since the actor's first record, in all and by whom. */
  messages: count,
  userMessages: count,
  botMessages: count,
  agentMessages: count,
  /** Questions since the actor's first record; the number of the last one. */
  turns: count.optional(),
  /** Questions of this case without an answer, oldest first, at most `LIMITS.openTurnsMax`: an older one remains without. */
  open: z.array(askedSchema).optional(),
  /** Of the last `message.sent` that had one. */
  quality: z.number().optional(),
  /** Also of earlier cases. */
  customer: z.string().optional(),

  // Of this case, as the columns of `cases` say.
  history: z.literal(true).optional(),
  arrivedAt: time.optional(),
  channel: z.string().optional(),
  lang: z.string().optional(),
  intent: z.string().optional(),
  responded: z.object({ at: time, by: z.enum(['assistant', 'agent']) }).optional(),
  escalated: z.object({ at: time, reason: z.string().optional() }).optional(),
  ended: z.object({ at: time, outcome: z.string().optional(), drop: z.string().optional() }).optional(),
  rating: z.number().optional(),
  counts: z.object({
    records: count,
    rejected: count.optional(),
    messages: count.optional(),
    userMessages: count.optional(),
    botMessages: count.optional(),
    agentMessages: count.optional(),
    turns: count.optional(),
    answered: count.optional(),
    escalations: count.optional(),
    tasks: count.optional(),
    tasksFailed: count.optional(),
    tokensIn: count.optional(),
    tokensOut: count.optional(),
    costMicros: count.optional(),
  }).optional(),
})

export const TASK_STATUSES = ['done', 'failed', 'expired', 'stopped'] as const
const endedSchema = z.object({
  run: z.string(),
  task: z.string(),
  /** `expired`: the deadline passed first. `stopped`: the machine left the state that wanted it. */
  status: z.enum(TASK_STATUSES),
  startedAt: time,
  attempts: count.optional(),
  queueMs: z.number().nonnegative().optional(),
  durationMs: z.number().nonnegative().optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
})

const leftSchema = z.object({
  state: z.string(),
  /** `timer:<delay or event>`, `task:<name>:done`, `task:<name>:error`, else the type of the input. */
  cause: z.string(),
  /** Which case it belongs to: the one before this record. */
  case: count,
  enteredAt: time,
  enteredSeq: count.optional(),
})

const resolvesSchema = z.object({
  end: resolutionSchema,
  /** Where DEAD had it. */
  deadSeq: z.int().positive(),
  ...deadLetterFacts,
  /** As text, cut to a limit. */
  payload: z.string(),
})

/**
 * A LOG message: all that one input did to one actor. It is the only truth; everything else is derived from it.
 * `emitted`, `sent`, `started`, `timers` and `stopped` are what the dispatcher carries out, in this order.
 */
export const recordSchema = z.object({
  v: z.literal(1),
  /** 1, 2, 3… per actor, rejections included. */
  n: z.int().positive(),
  /** When it was decided; never before the actor's record before it. */
  at: time,
  inbox: z.object({ seq: count, ts: time }),
  /** All INBOX sequences of this partition up to here are resolved by acknowledged records. */
  low: count,
  outcome: z.enum(['committed', 'rejected']),
  reason: reasonSchema.optional(),
  error: z.string().optional(),
  /** Where a rejected input was published. */
  subject: z.string().optional(),
  /** A rejected payload as text, cut to a limit; DEAD has it untouched. */
  payload: z.string().optional(),
  /** `<kind>@<version>`; empty where the kind is unknown. */
  machine: z.string(),
  input: inputSchema,
  /** Active leaves, dotted, parallel ones sorted and joined by `+`. */
  from: z.string(),
  to: z.string(),
  /** `null` until the machine has been started. */
  state: stateSchema.nullable(),
  status: z.enum(['none', 'active', 'done', 'error']),
  label: data,
  case: caseSchema,
  emitted: z.array(z.object({ id: z.string(), type: z.string(), data })),
  started: z.array(z.object({ run: z.string(), task: z.string(), input: z.unknown(), deadlineAt: time })),
  timers: z.array(z.object({ run: z.string(), event: z.string(), at: time })),
  /** Events for other actors of the tenant, in the order in which they are delivered; absent where there are none. */
  sent: z.array(z.object({ id: z.string(), kind: z.string(), actor: z.string(), type: z.string(), data })).optional(),
  stopped: z.array(z.string()),
  /** Task runs whose outcome this record settles. */
  ended: z.array(endedSchema),
  /** By active leaf the LOG sequence of the record that entered it. */
  since: z.record(z.string(), count).optional(),
  /** Stays in leaves that this record ended; absent where it ended none. */
  left: z.array(leftSchema).optional(),
  /** Questions that this record answers, oldest first, by which of its events: 0 is the input, 1… the emitted ones. */
  answered: z.array(askedSchema.extend({ idx: count })).optional(),
  /** The dead letter of this actor that the input put an end to; absent where it did not. */
  resolves: resolvesSchema.optional(),
  /** By what a repeat is recognised: short hashes of the last ids, and by source, longest silent first, the highest `sequence`. */
  seen: z.object({ ids: z.string(), sources: z.array(z.tuple([z.string(), count])) }),
})

export type LogRecord = z.infer<typeof recordSchema>
export type State = z.infer<typeof stateSchema>
export type PendingTask = z.infer<typeof pendingTask>
export type PendingTimer = z.infer<typeof pendingTimer>
export type Case = z.infer<typeof caseSchema>
export type Asked = z.infer<typeof askedSchema>
export type ExitedInterval = z.infer<typeof leftSchema>
export type TaskEnd = z.infer<typeof endedSchema>
export type Started = LogRecord['started'][number]
export type ResolvedDeadLetter = z.infer<typeof resolvesSchema>
export type Sent = NonNullable<LogRecord['sent']>[number]
export type Emitted = LogRecord['emitted'][number]
