import type { KV } from '@nats-io/kv'
import type { NatsConnection } from '@nats-io/transport-node'
import { LRUCache } from 'lru-cache'
import { type Address, logSubject, partitionOf } from '../../../schemas/subjects.ts'
import type { JetStreamContext } from '../../jetstream/connection.ts'
import { partitionsOf, streamInfo } from '../../jetstream/stream-info.ts'
import { createSender, type OutgoingInput, type Sent } from '../../producer/input-sender.ts'
import { createInFlightLimiter } from '../../runtime/in-flight-limiter.ts'
import { createPacer } from '../pacer.ts'
import {
  type Conversation,
  type ConversationPlan,
  isAllThere,
  knownAfter,
  type Mode,
  planConversation,
  type PlanOptions,
  turnsFor,
  withActor,
} from './conversation.ts'
import type { Format, Skipped } from './conversation-formats.ts'
import { acquireImportLock } from './import-lock.ts'
import type { JsonPiece } from './json-values.ts'
import { type KnownConversation, readKnown, TURN_SOURCE } from './known-turns.ts'
import { type Place, readConversations } from './read-conversations.ts'
import type { ChangedTurn } from './turn-plan.ts'
import { createHistoryPublisher, createLivePublisher } from './turn-publisher.ts'
import { createUndecidedInputs } from './undecided-inputs.ts'

/** Options of `importConversations`. */
export interface ImportOptions {
  /** The connection of a producer; live, one with the rights of Colloquy's own processes, which reads the log. */
  readonly nc: NatsConnection
  /** A connection that may read LOG and INBOX. */
  readonly jetstream: JetStreamContext
  /** The cluster's bucket: one import at a time adds turns to a tenant's actors of one kind. */
  readonly kv: KV
  readonly tenant: string
  readonly kind: string
  /** What is imported, such as the path of the file; another import that waits for this one names it. */
  readonly name: string
  readonly mode: Mode
  /** Whether history counts in the questions. Default: false. */
  readonly counted?: boolean
  /** Whether to add turns that have changed, beside their other versions. Default: false. */
  readonly addChanged?: boolean
  /** Max inputs per second; default: no limit but that of INBOX. */
  readonly rate?: number
  /** Mode `live`: max wait for the reply to a turn before the next one is sent. */
  readonly replyWaitMs: number
  /** Max conversations in flight; default 512. */
  readonly conversationsMax?: number
  /** Aborts the import; `importConversations` then throws the reason. */
  readonly signal?: AbortSignal
  /**
   * Called while another import runs, while INBOX refuses inputs or does not answer, and while inputs from before are undecided, with the
   * reason.
   */
  readonly onWait?: (why: string) => void
  /** Called after every conversation and input with the counts so far; always the same object. */
  readonly onProgress?: (summary: ImportSummary) => void
}

/** Counts of an import. */
export interface ImportSummary {
  /** The last line of the file on which a conversation starts. */
  lines: number
  /** Conversations that were imported, or were there already. */
  conversations: number
  /** Their turns: added, there already, or changed. Mode `live`: only those of users. */
  turns: number
  /** Turns that the actors lacked and INBOX has stored. */
  added: number
  /** Added turns that have an earlier imported turn after them in the file. */
  late: number
  /** How many of these have no time, so that nothing orders them among the others. */
  lateUntimed: number
  /** Turns that the actors had already. */
  known: number
  /** How many of these only their text tells, with other neighbours in the file: they may be other turns that say the same. */
  byTextOnly: number
  /** Turns that are left out since the actor has another version of them. */
  changed: number
  /** The first 100 of them. */
  changedTurns: (ChangedTurn & Place & { readonly id: string })[]
  /** Inputs that were new to INBOX: turns, and one for each conversation that has new ones. */
  published: number
  /** Inputs that INBOX or the actor already had. */
  duplicates: number
  /** Mode `live`: turns by the reaction to them. */
  reactions: { replied: number; escalated: number; none: number }
  badLines: number
  /** The first 100 of them. */
  bad: (Place & { readonly problem: string })[]
  formats: Partial<Record<Format, number>>
  /** Names of fields that were not read. */
  unknownFields: string[]
  /** What else was no turn, such as tool calls. */
  skipped: Partial<Record<Skipped | 'facts', number>>
}

const newSummary = (): ImportSummary => ({
  lines: 0,
  conversations: 0,
  turns: 0,
  added: 0,
  late: 0,
  lateUntimed: 0,
  known: 0,
  byTextOnly: 0,
  changed: 0,
  changedTurns: [],
  published: 0,
  duplicates: 0,
  reactions: { replied: 0, escalated: 0, none: 0 },
  badLines: 0,
  bad: [],
  formats: {},
  unknownFields: [],
  skipped: {},
})

const CONVERSATIONS_MAX = 512
const BYTES_MAX = 64 * 1024 * 1024
const LISTED_MAX = 100
/** With this many problems at the start and no conversation, the file has none: the rest is not read. */
const BAD_AT_START_MAX = 1_000
/** Turns of conversations that are kept in memory, since a file may have several parts of one: about 300 bytes each. */
const RECENT_TURNS_MAX = 200_000

/**
 * Imports conversations, many concurrently: publishes the turns that their actors lack. The turns of one conversation are published in
 * order, each after INBOX has acknowledged the previous one. Memory is bounded, and a full INBOX slows the reading down. A conversation
 * that cannot be read is counted as bad, and the import continues.
 *
 * An actor's turns are known from its records in LOG. The import therefore first waits until no other import into the tenant and kind
 * runs, and until the inputs are decided that INBOX has.
 *
 * @throws the reason of `signal`, or the first error that is not about a conversation, such as a lost connection.
 */
export async function importConversations(pieces: AsyncIterable<JsonPiece>, options: ImportOptions): Promise<ImportSummary> {
  const { nc, jetstream, kv, tenant, kind, mode, onWait = () => undefined } = options
  const summary = newSummary()
  const report = (): void => options.onProgress?.(summary)
  const pace = createPacer(options.rate)
  const failed = new AbortController()
  const given = options.signal === undefined ? [] : [options.signal]
  await using resources = new AsyncDisposableStack()
  const lock = await acquireImportLock({ kv, tenant, kind, what: options.name, signal: AbortSignal.any(given), onWait })
  resources.defer(lock.release)
  const signal = AbortSignal.any([failed.signal, lock.lost, ...given])
  const sender = createSender(nc, { onWait, signal })
  resources.defer(sender.close)
  const inbox = await streamInfo(jetstream.jsm, 'INBOX')
  const partitionCount = partitionsOf(inbox)
  const undecided = createUndecidedInputs({ jetstream, partitionCount, signal, onWait })
  if (inbox.state.messages > 0) await undecided.whenAt(inbox.state.last_seq)

  const send = async (address: Address, input: OutgoingInput): Promise<Sent> => {
    await pace(signal)
    await lock.hold(signal)
    const sent = await sender.send(address, input)
    undecided.note(address.id, sent.position)
    if (sent.duplicate) summary.duplicates += 1
    else summary.published += 1
    if (input.source === TURN_SOURCE) summary[sent.duplicate ? 'known' : 'added'] += 1
    report()
    return sent
  }
  const publisher =
    mode === 'history'
      ? createHistoryPublisher({ tenant, kind, send })
      : createLivePublisher({
          nc,
          tenant,
          kind,
          send,
          replyWaitMs: options.replyWaitMs,
          onReaction: (reaction) => {
            summary.reactions[reaction] += 1
          },
          signal,
        })
  resources.defer(publisher.stop)

  const planOptions: PlanOptions = { mode, counted: options.counted === true, addChanged: options.addChanged }
  /** What is known of conversations that this import has published. LOG may not have it yet. */
  const recent = new LRUCache<string, KnownConversation>({ maxSize: RECENT_TURNS_MAX, sizeCalculation: ({ turns }) => turns.length + 1 })
  /** What is known of an actor; `undefined` if it has all of the conversation. */
  const knownOf = async (conversation: Conversation): Promise<KnownConversation | undefined> => {
    const { actorId } = conversation
    const known = recent.get(actorId)
    if (known !== undefined) return known
    await undecided.whenDecided(actorId)
    const address = { tenant, kind, id: actorId }
    return readKnown(jetstream, logSubject(partitionOf(address, partitionCount), address), (last) =>
      isAllThere(conversation, last, planOptions),
    )
  }
  const importOne = async (conversation: Conversation, place: Place): Promise<void> => {
    const known = await knownOf(conversation)
    const plan = known === undefined ? nothingToDo(conversation, mode) : planConversation(conversation, known, planOptions)
    countPlan(summary, plan, conversation, place, mode)
    await publisher.publish(conversation.actorId, plan.inputs)
    if (known !== undefined && plan.inputs.length > 0) {
      recent.set(conversation.actorId, knownAfter(known, plan, conversation, planOptions))
    }
    summary.conversations += 1
    report()
  }

  const inFlight = createInFlightLimiter({ countMax: options.conversationsMax ?? CONVERSATIONS_MAX, bytesMax: BYTES_MAX })
  /** The last conversation in flight of each actor: a file may contain a conversation twice. */
  const chains = new Map<string, Promise<void>>()
  const start = (conversation: Conversation, place: Place, bytes: number): void => {
    const { actorId } = conversation
    inFlight.acquire(bytes)
    const before = chains.get(actorId) ?? Promise.resolve()
    const done = before
      .then(() => importOne(conversation, place))
      .catch((error: unknown) => failed.abort(error))
      .finally(() => {
        if (chains.get(actorId) === done) chains.delete(actorId)
        inFlight.release(bytes)
      })
    chains.set(actorId, done)
  }
  const fields = new Set<string>()

  for await (const read of readConversations(pieces)) {
    summary.lines = Math.max(summary.lines, read.place.line)
    const conversation = read.conversation === undefined ? read : withActor(read.conversation, mode)
    if ('actorId' in conversation) {
      countRead(summary, fields, conversation)
      if (conversation.turns.length > 0) start(conversation, read.place, read.bytes)
    } else if (conversation.problem !== undefined) {
      summary.badLines += 1
      if (summary.bad.length < LISTED_MAX) summary.bad.push({ ...read.place, problem: conversation.problem })
    }
    report()
    if (summary.badLines === BAD_AT_START_MAX && Object.keys(summary.formats).length === 0) break
    await undecided.whenRoom()
    if (inFlight.isFull) await inFlight.whenAvailable()
    signal.throwIfAborted()
  }
  await inFlight.whenIdle()
  signal.throwIfAborted()
  return summary
}

const nothingToDo = ({ turns }: Conversation, mode: Mode): ConversationPlan => ({
  added: [],
  known: turnsFor(mode, turns).length,
  changed: [],
  byTextOnly: 0,
  late: 0,
  lateUntimed: 0,
  inputs: [],
  factsLeft: false,
})

/** Counts what a plan leaves as it is. `send` counts what is added. */
function countPlan(summary: ImportSummary, plan: ConversationPlan, { id }: Conversation, place: Place, mode: Mode): void {
  const { added, known, changed, byTextOnly, late, lateUntimed, inputs, factsLeft } = plan
  summary.turns += added.length + known + changed.length
  summary.known += known
  summary.byTextOnly += byTextOnly
  summary.late += late
  summary.lateUntimed += lateUntimed
  summary.changed += changed.length
  // An end that need not be published again counts like a turn.
  summary.duplicates += known + (mode === 'history' && inputs.length === 0 ? 1 : 0)
  if (factsLeft) summary.skipped.facts = (summary.skipped.facts ?? 0) + 1
  for (const turn of changed.slice(0, LISTED_MAX - summary.changedTurns.length)) summary.changedTurns.push({ ...place, id, ...turn })
}

/** Counts what is read of a conversation besides its turns. */
function countRead(summary: ImportSummary, fields: Set<string>, { format, unknown, skipped }: Conversation): void {
  summary.formats[format] = (summary.formats[format] ?? 0) + 1
  for (const [what, count] of Object.entries(skipped) as [Skipped, number][]) summary.skipped[what] = (summary.skipped[what] ?? 0) + count
  for (const name of unknown) {
    if (fields.has(name) || fields.size === LISTED_MAX) continue
    fields.add(name)
    summary.unknownFields.push(name)
  }
}
