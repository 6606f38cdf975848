import { detectLanguage } from '../../actors/core/detect-language.ts'
import type { Entry } from './system-assertions.ts'

/** A case as the records show it. Times are in milliseconds since 1970; `undefined` means not known or not yet. */
export interface CaseFact {
  readonly actor: string
  readonly committedAt: number
  readonly openedAt: number
  closedAt?: number
  escalatedAt?: number
  respondedAt?: number
  responder?: string
  customer?: string
  lang?: string
  intent?: string
  outcome?: string
  reason?: string
  drop?: string
  rating?: number
  costMicros?: number
  agentMessages: number
  /** Messages of the customer. */
  userMessages: number
  /** Versions of the machine of its first and its last record. */
  firstMachine: string
  lastMachine: string
  /** The label of its actor, if it is the last case of it. */
  label?: Readonly<Record<string, unknown>>
}

export interface CommentFact {
  readonly case: CaseFact
  readonly seq: number
  readonly at: number
  readonly rating: number
  readonly comment: string
}

/** What an evaluator, or a customer with a thumb, said about an answer. */
export interface ScoreFact {
  readonly answer: string
  /** With its version. */
  readonly evaluator: string
  readonly score: number
  /** When the answer was decided; of a customer, when the thumb was given. */
  readonly at: number
}

export interface TurnFact {
  readonly case: CaseFact
  readonly id: string
  readonly text: string
  /** Of its text in the search index. */
  readonly key: string
  readonly askedAt: number
  /** Sequence in LOG. It says which of two questions of the same time is the later one. */
  readonly seq: number
  intent?: string
  answeredAt?: number
  responder?: string
  hits?: number
  model?: string
  modelVersion?: string
  promptVersion?: string
  tier?: string
  tierReason?: string
  complexity?: number
  tokensIn?: number
  tokensOut?: number
  quality?: number
  costMicros?: number
}

export interface StateIntervalFact {
  readonly kind: string
  readonly state: string
  readonly enteredAt: number
  readonly exitedAt?: number
  /** Between two cases of the actor, after the last, or nothing but silence after the last answer until a timer closed the case. */
  readonly isIdle: boolean
  /** The last message in it, if it ended so. */
  readonly lastActAt?: number
}

export interface TaskFact {
  readonly kind: string
  readonly name: string
  readonly startedAt: number
  status: string
  attempts?: number
  queueMs?: number
  durationMs?: number
  code?: string
  attemptError?: { readonly code: string; readonly message: string }
}

export interface Facts {
  readonly cases: CaseFact[]
  readonly turns: TurnFact[]
  readonly stateIntervals: StateIntervalFact[]
  readonly tasks: TaskFact[]
  readonly comments: CommentFact[]
  readonly scores: ScoreFact[]
  /** When inputs of producers, and dead letters, were decided. */
  readonly inputs: number[]
  readonly deadLetters: number[]
}

const ms = (iso: string): number => Date.parse(iso)
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)
const micros = (value: unknown): number | undefined => (typeof value === 'number' ? Math.round(value * 1e6) : undefined)

/**
 * Reads the facts of live conversations from the records of one tenant, by their inputs and emitted events alone. It does not read the
 * fields that the projector makes rows of (`case`, `answered`, `left`).
 */
export function factsOf(entries: readonly Entry[]): Facts {
  const facts: Facts = { cases: [], turns: [], stateIntervals: [], tasks: [], comments: [], scores: [], inputs: [], deadLetters: [] }
  for (const [actor, history] of Map.groupBy(entries, (entry) => entry.actor)) readActor(actor, history, facts)
  return facts
}

function readActor(actor: string, entries: readonly Entry[], facts: Facts): void {
  const kind = actor.split('/')[1] ?? ''
  const entered = new Map<string, number>()
  const tasks = new Map<string, TaskFact>()
  const waiting = new Map<string, TurnFact>()
  const answers = new Map<string, { readonly turn: TurnFact | undefined; readonly at: number }>()
  let current: CaseFact | undefined
  let customer: string | undefined
  let lastMessageAt = 0
  for (const { seq, record } of entries) {
    const { input, emitted } = record
    const at = ms(record.at)
    const failed = record.ended.filter(({ status }) => status === 'failed' || status === 'expired').length
    const deadLetters = failed + (record.outcome === 'rejected' ? 1 : 0)
    facts.deadLetters.push(...Array.from({ length: deadLetters }, () => at))
    if (input.history === true) continue
    if (!/^(task\.|timer\.|answer\.judged$)/.test(input.type)) facts.inputs.push(at)
    const data = input.data ?? {}
    const role = record.outcome === 'committed' && input.type === 'message.received' ? text(data['role']) : undefined
    const reopens: boolean = role !== undefined && current?.closedAt !== undefined
    if (role !== undefined && (current === undefined || reopens)) {
      current = {
        actor,
        committedAt: at,
        openedAt: ms(record.inbox.ts),
        agentMessages: 0,
        userMessages: 0,
        firstMachine: record.machine,
        lastMachine: record.machine,
        ...(customer === undefined ? {} : { customer }),
      }
      facts.cases.push(current)
    }
    if (current === undefined) continue
    current.lastMachine = record.machine

    if (role === 'user') {
      current.userMessages += 1
      customer = text(data['customer']) ?? customer
      if (customer !== undefined) current.customer = customer
      current.lang ??= text(data['lang']) ?? text(record.label['lang']) ?? detectLanguage(String(data['text'])) ?? undefined
      current.intent ??= text(record.label['intent'])
      const key = `${actor}/${record.n}/0/${input.id}`
      const turn: TurnFact = { case: current, id: input.id, text: String(data['text']), key, askedAt: ms(record.inbox.ts), seq }
      const intent = text(record.label['intent'])
      if (intent !== undefined) turn.intent = intent
      waiting.set(input.id, turn)
      facts.turns.push(turn)
    } else if (role === 'agent') {
      current.agentMessages += 1
      respond(current, ms(record.inbox.ts), 'agent')
      for (const turn of waiting.values()) Object.assign(turn, { answeredAt: ms(record.inbox.ts), responder: 'agent' })
      waiting.clear()
    }
    if (input.type === 'feedback.given' && record.outcome === 'committed') {
      const rating = number(data['rating'])
      if (rating !== undefined) current.rating = rating
      if (data['thumbs'] !== undefined) {
        const score = data['thumbs'] === 'up' ? 1 : 0
        facts.scores.push({ answer: `${actor} ${String(data['answer'])}`, evaluator: 'customer@1', score, at })
      }
      const comment = text(data['comment'])
      if (comment !== undefined && rating !== undefined) facts.comments.push({ case: current, seq, at, rating, comment })
    }

    if (input.type === 'answer.judged' && record.outcome === 'committed') {
      const judged = answers.get(String(data['answer']))
      const [quality, evaluator] = [number(data['overall']) ?? NaN, `${String(data['evaluator'])}@${String(data['version'])}`]
      if (judged?.turn !== undefined) judged.turn.quality = quality
      facts.scores.push({ answer: `${actor} ${String(data['answer'])}`, evaluator, score: quality, at: judged?.at ?? NaN })
    }

    let closedBySilence = false
    for (const event of emitted) {
      if (event.type === 'message.sent') {
        respond(current, at, 'assistant')
        const cost = micros(event.data['cost'])
        if (cost !== undefined) current.costMicros = (current.costMicros ?? 0) + cost
        const turn = waiting.get(String(event.data['replyTo']))
        const quality = number(event.data['quality'])
        answers.set(event.id, { turn, at })
        if (quality !== undefined) {
          const evaluator = `${String(event.data['evaluator'])}@`
          facts.scores.push({ answer: `${actor} ${event.id}`, evaluator, score: quality, at })
        }
        if (turn === undefined) continue
        waiting.delete(turn.id)
        Object.assign(
          turn,
          defined({
            answeredAt: at,
            responder: 'assistant',
            intent: text(event.data['intent']),
            hits: number(event.data['hits']),
            model: text(event.data['model']),
            modelVersion: text(event.data['modelVersion']),
            promptVersion: text(event.data['promptVersion']),
            tier: text(event.data['tier']),
            tierReason: text(event.data['tierReason']),
            complexity: number(event.data['complexity']),
            tokensIn: number(event.data['tokensIn']),
            tokensOut: number(event.data['tokensOut']),
            quality: number(event.data['quality']),
            costMicros: cost,
          }),
        )
      } else if (event.type === 'escalated' && current.escalatedAt === undefined) {
        Object.assign(current, { escalatedAt: at, reason: event.data['reason'] })
      } else if (event.type === 'case.closed') {
        const outcome = event.data['outcome']
        Object.assign(current, { closedAt: at, outcome })
        const isServed = outcome === 'resolved' || outcome === 'escalated_resolved' || outcome === 'answered'
        if ((input.type === 'timer.fired' || outcome === 'abandoned') && !isServed) current.drop = record.from
        closedBySilence = input.type === 'timer.fired' && current.userMessages > 0 && waiting.size === 0
      }
    }
    readStateIntervals(record, kind, at, reopens, closedBySilence ? lastMessageAt : undefined, entered, facts)
    if (role !== undefined || emitted.some(({ type }) => type === 'message.sent')) lastMessageAt = at
    for (const { run, task } of record.started) {
      const started: TaskFact = { kind, name: task, startedAt: at, status: 'running' }
      tasks.set(run, started)
      facts.tasks.push(started)
    }
    for (const end of record.ended) {
      const { attempts, queueMs, durationMs, error } = end
      Object.assign(
        tasks.get(end.run) ?? {},
        defined({ status: end.status, attempts, queueMs, durationMs, code: error?.code, attemptError: data['attemptError'] }),
      )
    }
  }
  const last = entries.at(-1)?.record
  if (current !== undefined && last !== undefined) current.label = last.label
  for (const [state, enteredAt] of entered) facts.stateIntervals.push({ kind, state, enteredAt, isIdle: current?.closedAt !== undefined })
}

function respond(current: CaseFact, at: number, responder: string): void {
  if (current.respondedAt !== undefined) return
  Object.assign(current, { respondedAt: at, responder })
}

/** For machines without parallel states: a state is exited when another one is entered, or the same one again. */
function readStateIntervals(
  { from, to, state }: Entry['record'],
  kind: string,
  at: number,
  isBetween: boolean,
  lastActAt: number | undefined,
  entered: Map<string, number>,
  facts: Facts,
): void {
  const enteredAt = state?.entered[to]
  if (enteredAt === undefined) return
  const before = entered.get(from)
  if (before !== undefined && (from !== to || ms(enteredAt) !== before)) {
    const isIdle = isBetween || (lastActAt !== undefined && lastActAt <= before)
    facts.stateIntervals.push({ kind, state: from, enteredAt: before, exitedAt: at, isIdle, ...(lastActAt !== undefined && { lastActAt }) })
    entered.delete(from)
  }
  if (!entered.has(to)) entered.set(to, ms(enteredAt))
}

const defined = (values: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
