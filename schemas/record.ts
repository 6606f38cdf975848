import { z } from 'zod'
import { deadLetterFacts, resolutionSchema } from './dead-letter-resolution.ts'
import { reasonSchema } from './reasons.ts'

export { type Reason, REASONS } from './reasons.ts'

const time = z.iso.datetime()
const count = z.int().nonnegative()
const data = z.record(z.string(), z.unknown())
/** Base64url without padding: 32 bytes, and 16. */
const sha256 = z.string().regex(/^[A-Za-z0-9_-]{43}$/)
const salt = z.string().regex(/^[A-Za-z0-9_-]{22}$/)

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
  /** Attributes of the envelope that Colloquy does not read, such as CloudEvents' `subject`. */
  attributes: data.optional(),
  data: data.optional(),
})

const pendingRun = {
  /** From the input that started the run. The outcome of the run carries the same id. */
  correlationid: z.string().optional(),
  traceparent: z.string().optional(),
  /** The run expired, and the actor rejected its expiry. Only a redrive of that dead letter can end the run now. */
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
const pendingChild = z.object({
  ...pendingRun,
  /** The name of its kind in the machine. */
  src: z.string(),
  /** The name of the child: the id of its invoke, or the one that `spawnChild` gives. */
  child: z.string(),
  /** The child itself: an actor of the same tenant. */
  kind: z.string(),
  actor: z.string(),
  startedAt: time,
  /** By `spawnChild`; absent where an invoke started it. */
  spawned: z.literal(true).optional(),
})
const pendingTimer = z.object({
  ...pendingRun,
  /** The event that the machine takes when the timer fires. */
  event: z.looseObject({ type: z.string() }),
  /** The id by which the machine cancels the timer. */
  sendId: z.string(),
  at: time,
})

/** The state of an actor after a record. */
export const stateSchema = z.object({
  value: z.union([z.string(), z.record(z.string(), z.unknown())]),
  context: data,
  history: data,
  /** Pending tasks and timers, by run. */
  tasks: z.record(z.string(), pendingTask),
  timers: z.record(z.string(), pendingTimer),
  /** Running children, by run; absent where there are none. */
  children: z.record(z.string(), pendingChild).optional(),
  /** When each active leaf state was entered. */
  entered: z.record(z.string(), time),
  output: z.unknown().optional(),
})

/** What a reset restores: the actor after one of its records. */
export const restoredSchema = z.object({
  machine: z.string(),
  /** When the record was decided. */
  at: time,
  status: z.enum(['none', 'active', 'done', 'error', 'stopped']),
  state: stateSchema.nullable(),
  /** The inputs of the tasks and children that were pending then, by run. One that is missing follows from the state. */
  inputs: z.record(z.string(), z.unknown()).optional(),
})

/**
 * A LOG sequence. 0 stands for the record itself, whose sequence is known only after the append. Absent in records of an earlier version.
 */
const seqOrThis = count.optional()

/** A question of a user, with the fields that its row in `turns` needs. */
const askedSchema = z.object({
  turn: count,
  id: z.string(),
  /** LOG sequence of the record of the question. */
  seq: seqOrThis,
  /** When it arrived in INBOX; for history, when it was asked. */
  at: time,
  committedAt: time,
  history: z.literal(true).optional(),
  lang: z.string().optional(),
  intent: z.string().optional(),
  confidence: z.number().optional(),
})
/** A question with the place of its answer in the record: 0 for the input, 1, 2, 3… for the emitted events. */
export const answeredSchema = askedSchema.extend({ idx: count })

/**
 * The running counts of an actor. With them, every row of a table follows from one record. Optional fields are absent where the value is
 * unknown, false or 0. Records of the first version have none of the optional fields: they make no row of `cases`, and for a case that was
 * open at the upgrade the counts start there.
 */
export const caseSchema = z.object({
  no: count,
  openedAt: time,
  closed: z.boolean(),
  /** Time of the actor's first record. */
  firstAt: time,
  /** Messages since the actor's first record, in all and by role. */
  messages: count,
  userMessages: count,
  botMessages: count,
  agentMessages: count,
  /** Questions since the actor's first record; also the number of the last one. */
  turns: count.optional(),
  /** Open questions of this case, oldest first, at most `LIMITS.openTurnsMax`. If there are more, the oldest stay without an answer. */
  open: z.array(askedSchema).optional(),
  /** Quality of the last `message.sent` that has one. */
  quality: z.number().optional(),
  /** Kept from earlier cases. */
  customer: z.string().optional(),
  /** The actor that gets this one's emitted events of these types; kept from earlier cases. */
  follower: z.object({ kind: z.string(), id: z.string(), types: z.array(z.string()) }).optional(),

  /** The actor that started this one as its child; kept from earlier cases. */
  parent: z
    .object({
      kind: z.string(),
      id: z.string(),
      run: z.string(),
      /** The name of this actor in its parent. */
      child: z.string(),
      /** Levels of parents above this actor, from 1. */
      depth: z.int().positive(),
    })
    .optional(),

  // About this case only; the columns of `cases` document each field.
  history: z.literal(true).optional(),
  arrivedAt: time.optional(),
  channel: z.string().optional(),
  lang: z.string().optional(),
  intent: z.string().optional(),
  responded: z.object({ at: time, by: z.enum(['assistant', 'agent']) }).optional(),
  escalated: z.object({ at: time, reason: z.string().optional() }).optional(),
  ended: z.object({ at: time, outcome: z.string().optional(), drop: z.string().optional() }).optional(),
  rating: z.number().optional(),
  tags: z.array(z.string()).optional(),
  counted: z.literal(true).optional(),
  agent: z.string().optional(),
  team: z.string().optional(),
  humanAt: time.optional(),
  overdue: z.literal(true).optional(),
  counts: z
    .object({
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
    })
    .optional(),
})

export const TASK_STATUSES = ['done', 'failed', 'expired', 'stopped'] as const
const endedSchema = z.object({
  run: z.string(),
  task: z.string(),
  /** `expired`: the deadline passed first. `stopped`: the machine left the state that invoked it. */
  status: z.enum(TASK_STATUSES),
  startedAt: time,
  attempts: count.optional(),
  queueMs: z.number().nonnegative().optional(),
  durationMs: z.number().nonnegative().optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
  /** The error of the last failed attempt of a task that is done. */
  attemptError: z.object({ code: z.string(), message: z.string() }).optional(),
})

const leftSchema = z.object({
  state: z.string(),
  /** `timer:<delay or event>`, `task:<name>:done`, `task:<name>:error`, or else the type of the input. */
  cause: z.string(),
  /** Number of the case before this record. */
  case: count,
  enteredAt: time,
  enteredSeq: count.optional(),
})

const resolvesSchema = z.object({
  end: resolutionSchema,
  /** Sequence in DEAD. */
  deadSeq: z.int().positive(),
  /** Who asked for it; absent where that is unknown, and in records of earlier versions. */
  by: z.string().optional(),
  ...deadLetterFacts,
  /** The payload as text, cut to a limit. */
  payload: z.string(),
})

/**
 * A LOG message: everything that one input did to one actor. LOG is the only source of truth; everything else is derived from it. The
 * dispatcher carries out `emitted`, `sent`, `started`, `timers` and `stopped`, in this order.
 *
 * This is a record in memory; `record-form.ts` has the two forms in which LOG stores it.
 */
export const recordSchema = z.object({
  /** The form in which LOG stores it. */
  v: z.literal([1, 2]),
  /** 1, 2, 3… per actor, including rejections. */
  n: z.int().positive(),
  /** When it was decided. Not before the actor's previous record, unless that one was decided by a clock more than an hour ahead. */
  at: time,
  /** When the first pending run expires, a task or a timer; absent where nothing is pending, and in form 1. */
  due: time.optional(),
  inbox: z.object({ seq: count, ts: time }),
  /** All INBOX sequences of this partition up to here are completed by acknowledged records. */
  low: count,
  outcome: z.enum(['committed', 'rejected']),
  reason: reasonSchema.optional(),
  error: z.string().optional(),
  /** The subject of a rejected input. */
  subject: z.string().optional(),
  /** A rejected payload as text, cut to a limit; DEAD has all of it. */
  payload: z.string().optional(),
  /** `<kind>@<version>`; empty where the kind is unknown. */
  machine: z.string(),
  input: inputSchema,
  /** Active leaf states, dotted; parallel ones sorted and joined by `+`. */
  from: z.string(),
  to: z.string(),
  /** `null` until the machine is started. */
  state: stateSchema.nullable(),
  /** `stopped`: its parent stopped it. */
  status: z.enum(['none', 'active', 'done', 'error', 'stopped']),
  label: data,
  case: caseSchema,
  emitted: z.array(z.object({ id: z.string(), type: z.string(), data })),
  started: z.array(z.object({ run: z.string(), task: z.string(), input: z.unknown(), deadlineAt: time })),
  timers: z.array(z.object({ run: z.string(), event: z.string(), at: time })),
  /** Events for other actors of the tenant, in the order of delivery; absent where there are none. */
  sent: z
    .array(
      z.object({
        id: z.string(),
        kind: z.string(),
        actor: z.string(),
        type: z.string(),
        data,
        /** Default: the id of the record's input. */
        causationid: z.string().optional(),
        /** The types of the target's events that come back to this actor from now on, separated by blanks. */
        follow: z.string().optional(),
      }),
    )
    .optional(),
  stopped: z.array(z.string()),
  /** Task runs that this record ends. */
  ended: z.array(endedSchema),
  /** For each active leaf state, the LOG sequence of the record that entered it. */
  since: z.record(z.string(), count).optional(),
  /** Leaf states that this record exits, with their intervals; absent where there are none. */
  left: z.array(leftSchema).optional(),
  /** Questions that this record answers, oldest first. */
  answered: z.array(answeredSchema).optional(),
  /** The dead letter that the input resolves; absent where there is none. */
  resolves: resolvesSchema.optional(),
  /**
   * Deduplication state: short hashes of source and id of the last inputs; and the highest `sequence` of each source, ordered so that the
   * source that has been silent for the longest time comes first.
   */
  seen: z.object({ ids: z.string(), sources: z.array(z.tuple([z.string(), count])) }),
  /** SHA-256 of all bytes of the same actor's record before, as LOG stores it. Absent in its first record, and in form 1. */
  prev: sha256.optional(),
  /** Random, so that nobody who knows a hash of the record can guess its content. Absent in form 1. */
  salt: salt.optional(),
})

export type LogRecord = z.infer<typeof recordSchema>
/** The part of a record for the next decision about its actor. Stages that carry out or count what the record did do not need it. */
export type PrivatePart = Pick<LogRecord, 'state' | 'since' | 'seen' | 'prev' | 'salt'>
export type PublicRecord = Omit<LogRecord, keyof PrivatePart>
export type State = z.infer<typeof stateSchema>
export type Restored = z.infer<typeof restoredSchema>
export type PendingTask = z.infer<typeof pendingTask>
export type PendingChild = z.infer<typeof pendingChild>
export type PendingTimer = z.infer<typeof pendingTimer>
export type Case = z.infer<typeof caseSchema>
export type Asked = z.infer<typeof askedSchema>
export type ExitedInterval = z.infer<typeof leftSchema>
export type TaskEnd = z.infer<typeof endedSchema>
export type Started = LogRecord['started'][number]
export type ResolvedDeadLetter = z.infer<typeof resolvesSchema>
export type Sent = NonNullable<LogRecord['sent']>[number]
export type Emitted = LogRecord['emitted'][number]
