import { hash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { placeRemembered } from '../../../actors/core/deduplication.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import { TOKEN } from '../../../schemas/subjects.ts'
import { inputProblem, type OutgoingInput } from '../../producer/input-sender.ts'
import type { FileConversation, FileTurn } from './conversation-formats.ts'
import { END_SOURCE, type Facts, factsOfCase, headOf, isTurnId, keyOf, type KnownConversation, TURN_SOURCE, turnId } from './known-turns.ts'
import { type NewTurn, planTurns, type TurnPlan } from './turn-plan.ts'

/** `history` imports all turns as past messages; `live` sends only the turns of users, as new messages. */
export type Mode = 'history' | 'live'

/** A conversation of a file with its actor. */
export interface Conversation extends FileConversation {
  readonly actorId: string
}

export interface PlanOptions {
  readonly mode: Mode
  /** Whether history counts in the questions. */
  readonly counted: boolean
  /** Whether to add turns that have changed. */
  readonly addChanged?: boolean | undefined
}

/** What an actor still needs of a conversation. */
export interface ConversationPlan extends TurnPlan {
  /** In order: the new turns, and for history the end of the import. */
  readonly inputs: readonly OutgoingInput[]
  /** The file states facts that are not recorded, since the conversation has gone on live. */
  readonly factsLeft: boolean
}

/** The turns that an import in this mode sends. */
export const turnsFor = <Turn extends Pick<FileTurn, 'role'>>(mode: Mode, turns: readonly Turn[]): readonly Turn[] =>
  mode === 'history' ? turns : turns.filter(({ role }) => role === 'user')

/** The conversation with its actor, or why no actor could take it. Import nothing of such a conversation. */
export function withActor(conversation: FileConversation, mode: Mode): Conversation | { readonly problem: string } {
  const actorId = actorIdOf(conversation.id)
  if (actorId === undefined) return { problem: 'id: must be well-formed and have 1 to 93 bytes, which is what an actor id can hold' }
  for (const [index, turn] of conversation.turns.entries()) {
    if (turnsFor(mode, [turn]).length === 0) continue
    const problem = inputProblem(turnInput(conversation, { ...turn, id: turn.id ?? turnId('', 0, undefined) }, mode))
    if (problem !== undefined) return { problem: `turn ${index + 1}: ${problem}` }
  }
  return { ...conversation, actorId }
}

const turnInput = ({ customer, channel }: FileConversation, { role, text, lang, at, agent, id }: NewTurn, mode: Mode): OutgoingInput => ({
  type: 'message.received',
  id,
  source: TURN_SOURCE,
  data: { role, text, lang, agent, ...(role === 'user' ? { customer, channel } : {}) },
  ...(mode === 'history' ? { history: true, time: at } : {}),
})

/** Whether the last record of an actor alone shows that nothing of the conversation is new: it has the turns in the order of the file. */
export function isAllThere(conversation: Conversation, last: LogRecord, options: PlanOptions): boolean {
  const { mode } = options
  if (mode === 'history' && (last.input.type !== 'conversation.imported' || lacksFacts(factsOf(conversation, options), factsOfCase(last))))
    return false
  const numbers = new Map<string, number>()
  let before = -1
  return turnsFor(mode, conversation.turns).every(({ role, text, time, id }) => {
    const key = keyOf(role, text)
    const number = (numbers.get(key) ?? 0) + 1
    numbers.set(key, number)
    if (id !== undefined) return false
    const at = placeRemembered(last.seen, { source: TURN_SOURCE, id: turnId(key, number, time) })
    const isNext = at > before
    before = at
    return isNext
  })
}

/** Plans the inputs that an actor still needs. */
export function planConversation(conversation: Conversation, known: KnownConversation, options: PlanOptions): ConversationPlan {
  const { mode } = options
  const plan = planTurns(turnsFor(mode, known.turns), turnsFor(mode, conversation.turns), options)
  const turns = plan.added.map((turn) => turnInput(conversation, turn, mode))
  if (mode === 'live') return { ...plan, inputs: turns, factsLeft: false }
  const total = known.historyCount + plan.added.length
  const facts = factsOf(conversation, options)
  const lacks = lacksFacts(facts, known.facts)
  // The last import may have been interrupted before it published its end.
  const isOpen = plan.added.length > 0 || total > known.endCount
  const factsLeft = lacks && known.isLive
  if (!isOpen && (!lacks || factsLeft)) return { ...plan, inputs: turns, factsLeft }
  const endedAt = lastTime(conversation, known)
  const again = hash('sha1', `${known.n} ${JSON.stringify(facts)}`, 'base64url').slice(0, 8)
  const end: OutgoingInput = {
    type: 'conversation.imported',
    id: isOpen ? `imported-${total}` : `imported-${total}-${again}`,
    source: END_SOURCE,
    sequence: isOpen ? total : undefined,
    data: { turns: total, ...facts, ...(options.counted ? { endedAt } : {}) },
  }
  return { ...plan, inputs: [...turns, end], factsLeft }
}

/** What is known of an actor after its plan is carried out. */
export function knownAfter(
  known: KnownConversation,
  plan: ConversationPlan,
  conversation: Conversation,
  { mode, counted }: PlanOptions,
): KnownConversation {
  const added = plan.added.map(({ role, text, id, at }) => ({
    role,
    key: keyOf(role, text),
    head: headOf(text),
    id,
    statedId: isTurnId(id) ? undefined : id,
    statedTime: mode === 'history' ? at : undefined,
  }))
  const turns = [...known.turns, ...added]
  const n = known.n + plan.inputs.length
  if (mode === 'live') return { ...known, turns, n, isLive: true }
  const historyCount = known.historyCount + added.length
  const facts = known.isLive ? known.facts : { ...known.facts, ...definedIn(factsOf(conversation, { mode, counted })) }
  return { ...known, turns, n, historyCount, endCount: historyCount, facts }
}

const definedIn = (facts: Facts): Facts => Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined))

const factsOf = ({ rating, tags }: Conversation, { counted }: PlanOptions): Facts => ({ rating, tags, counted: counted ? true : undefined })

/** Whether the actor's case lacks facts that the file states. */
const lacksFacts = ({ rating, tags, counted }: Facts, present: Facts): boolean =>
  (rating !== undefined && rating !== present.rating)
  || (tags !== undefined && !isDeepStrictEqual(tags, present.tags ?? []))
  || (counted === true && present.counted !== true)

function lastTime({ turns }: Conversation, known: KnownConversation): string | undefined {
  const times = [...turns.map(({ at }) => at), ...known.turns.map(({ statedTime }) => statedTime)]
  return times
    .filter((time) => time !== undefined)
    .toSorted()
    .at(-1)
}

const ENCODED = 'b64-'

/**
 * The actor id for the id of a conversation. An id that is a valid token is kept. Any other id, and one that starts with `b64-`, becomes
 * `b64-` and the base64url of its UTF-8 bytes, so that different ids stay different. Returns `undefined` for an id that is empty, not
 * well-formed, or longer than 93 bytes.
 */
export function actorIdOf(id: string): string | undefined {
  if (TOKEN.test(id) && !id.startsWith(ENCODED)) return id
  const token = `${ENCODED}${Buffer.from(id).toString('base64url')}`
  return id !== '' && id.isWellFormed() && TOKEN.test(token) ? token : undefined
}

/** Inverse of `actorIdOf`. */
export const conversationIdOf = (actorId: string): string =>
  actorId.startsWith(ENCODED) ? Buffer.from(actorId.slice(ENCODED.length), 'base64url').toString() : actorId
