import { and, assign, enqueueActions, setup } from 'xstate'
import { z } from 'zod'
import { PROFILE_KIND } from '../../../schemas/profile-events.ts'
import { parseActorSource } from '../../../schemas/subjects.ts'
import { send, type Sending } from '../../definition/send-action.ts'
import { toldOfSelf } from './asked-of-self.ts'
import type { Desk } from './at-desk.ts'
import {
  type Context,
  initialContext,
  isStranger,
  outcomeOfSilence,
  type Question,
  QUESTIONS_MAX,
  reopened,
  toldIn,
  withFeedback,
  withHandover,
  withKnown,
  withMessage,
  withoutReply,
  withoutUnderstanding,
  withPlain,
  withQuestion,
  withReply,
  withReturn,
  withUnderstood,
} from './context.ts'
import {
  type Answer,
  type AnswerInput,
  answerOutput,
  type lookupInput,
  lookupOutput,
  type Query,
  type QuoteInput,
  type SupportSetup,
} from './definition.ts'
import type { Quotation } from './extract.ts'
import type { Found } from './found.ts'
import { EXTRACTIVE_MODEL, wasHeldBack, withoutTexts } from './gate.ts'
import { waitingOf, withAgent, withMissed, withoutAgent, withoutTeam, withQueued, withWord } from './handing-over.ts'
import { knowsOf, nameOf, noted } from './known.ts'
import { type Move, moveOf, plainMoveOf } from './moves.ts'
import { opensText } from './office-opens.ts'
import { isRelevant } from './relevance.ts'
import { COURTESIES, courtesy, type EscalationReason, handover, type ReplyKey, sentence } from './replies.ts'
import { createReplyBudget } from './reply-budget.ts'
import { withSpent } from './spent.ts'
import { withOmitted } from './unanswered.ts'
import { factsOf, plainForm } from './understood.ts'

/** The text of a reply; for an answer also its sources, quality and cost. */
type Reply = Partial<Answer> & { readonly text: string }

/** Times of the machine, in milliseconds; see `SupportOptions`. */
export interface SupportMachineOptions {
  readonly silenceMs: number
  readonly replyBudgetMs: number
  /** Quotes what was found, where no task does it in time. A pure function. */
  extract(input: AnswerInput): Quotation
  /** `undefined`: none. */
  readonly desk: Desk | undefined
}

/** A case asks its desk again until the desk has said that it has the case. */
const ASK_AGAIN_MS = 60_000

const langOf = ({ queue: [question] }: Context): Question['lang'] => question?.lang ?? 'en'

const handOver = (reason: EscalationReason) => ({ type: 'handOver', params: { reason } }) as const
const close = (outcome: string) => ({ type: 'close', params: { outcome } }) as const
const replyWith = (key: ReplyKey) =>
  ({
    type: 'reply',
    params: ({ context, event }: { context: Context; event: unknown }) => ({
      text: key === 'unsure' ? withOmitted(sentence(key, langOf(context)), context.queue[0]) : sentence(key, langOf(context)),
      ...(key === 'unsure' ? costOfMiss(event) : {}),
    }),
  }) as const

/**
 * One case of customer service.
 *
 * A customer's message waits in the queue until the machine is free; then it is looked up and answered. The lookup also understands it, and
 * the machine decides by what the result says. Only plain courtesies, and plain calls for a person, are certain by their words alone. The
 * case is handed to a person when the customer asks for one, when no answer passes the gate, or when the machine twice in a row does not
 * know, fails or annoys. From then on the machine is silent until the desk resolves the case, or returns it. Silence closes a case; the
 * next message opens another.
 *
 * Where the kind has a desk, the case asks it for a person (`asking`), waits there (`queued`), and tells it what the customer and the
 * person do. A desk that has a case which is not handed over is told that it ended.
 *
 * `reply.cancel` gives a message up: the task at its reply is stopped, and the next message has its turn.
 *
 * Timers hold the reply budget. In place of a model that is late, `quoting` answers from the same passages; where nothing is back at the
 * end of the budget, the customer gets an apology.
 */
export const supportMachine = (support: SupportSetup, { silenceMs, replyBudgetMs, extract, desk }: SupportMachineOptions) => {
  const budget = createReplyBudget(replyBudgetMs)
  /** Without scores: the role judge adds them. */
  const quotedHere = (context: Context, event: unknown): Reply => {
    const { because, ...input } = quoteOf(context, event)
    const { text, sources } = extract(input)
    const { hits, kbVersion } = input
    const quoted = { text: text ?? '', sources, model: EXTRACTIVE_MODEL, hits: hits.length, kbVersion, held: [{ reasons: [because] }] }
    return withSpent<Reply>(quoted, input.spent)
  }
  /** A process that runs without the desk tells it nothing: the case asks again each minute, until one has it. */
  const toDesk = (team: string, type: string, data: Sending['data']): Sending[] =>
    desk === undefined ? [] : [{ kind: desk.kind, id: team, type, data }]
  return setup({
    ...support,
    delays: {
      askAgain: ASK_AGAIN_MS,
      silence: silenceMs,
      replyBudget: ({ context, event }) => budget.untilApology(context, event),
      composing: ({ context, event }) => (isFound(context) ? budget.forModel(context, event) : budget.untilApology(context, event)),
    },
    guards: {
      fromCustomer: ({ event }) => event.type === 'message.received' && event.data.role === 'user',
      fromAgent: ({ event }) => event.type === 'message.received' && event.data.role === 'agent',
      cancelsReply: ({ context, event }) => event.type === 'reply.cancel' && event.data.message === context.queue[0]?.id,
      cancelsWaiting: ({ context, event }) => event.type === 'reply.cancel' && context.queue.some(({ id }) => id === event.data.message),
      ratesLow: ({ event }) => event.type === 'feedback.given' && (event.data.rating ?? RATING_MAX) <= LOW_RATING_MAX,
      callsPerson: ({ context }) => context.queue.some(({ text }) => plainMoveOf(text) === 'person'),
      asksTooMuch: ({ context }) => context.queue.length > QUESTIONS_MAX,
      nothingWaits: ({ context }) => context.queue.length === 0,
      somethingWaits: ({ context }) => context.queue.length > 0,
      isPlain: ({ context }) => isPlain(context) && !isStranger(context),
      isPlainOfStranger: ({ context }) => isPlain(context),
      saysOfSelf: ({ context }) => notedIn(context) !== undefined,
      asksForPerson: ({ context }) => moveIn(context) === 'person',
      isPolite: ({ context }) => COURTESIES.some((polite) => polite === moveIn(context)),
      complains: ({ context }) => moveIn(context) === 'complaint',
      complainsAgain: ({ context }) => moveIn(context) === 'complaint' && context.complaints > 0,
      missedBefore: ({ context }) => context.misses > 0,
      failedBefore: ({ context }) => context.failures > 0,
      canQuote: ({ context, event }) => quotedHere(context, event).text !== '',
      isRelevant: ({ context, event }) => {
        const { hits = [], about } = lookupDone.safeParse(event).data?.output ?? {}
        return isRelevant(context.queue[0], hits, about)
      },
      isLateForModel: ({ context, event }) => isFound(context) && budget.forModel(context, event) === 0,
      isFound: ({ context }) => isFound(context),
      hasDesk: ({ context }) => context.desk !== null,
      fromDesk: ({ event }) => teamOf(event, desk) !== undefined,
      fromOwner: ({ context, event }) =>
        event.type === 'case.released' && teamOf(event, desk) === context.desk?.team && event.data.agent === context.desk?.agent,
      isMisdirected: ({ context, event }) =>
        event.type === 'case.misdirected' && context.desk?.from !== undefined && teamOf(event, desk) === context.desk.team,
      returns: ({ event }) => event.type === 'case.released' && event.data.why === 'returned',
      changesTeam: ({ event }) => event.type === 'case.released' && event.data.to !== undefined,
      isAnswer: ({ event }) => answerDone.safeParse(event).data?.output.text != null,
      isHeldBack: ({ event }) => wasHeldBack(answerDone.parse(event).output),
    },
    actions: {
      hear: assign(({ context, event }) => (event.type === 'message.received' ? withQuestion(context, event) : context)),
      note: enqueueActions(({ context, event, enqueue }) => {
        if (event.type !== 'message.received') return
        const next = withMessage(context, event)
        const told = event.data.role === 'user' ? toldIn(next, { id: event.id, text: event.data.text }) : undefined
        if (told !== undefined) enqueue(send({ kind: PROFILE_KIND, id: told.profile, type: 'customer.told', data: told.data }))
        enqueue.assign(told?.context ?? next)
      }),
      tellProfile: enqueueActions(({ context, enqueue }) => {
        const told = toldIn(context, context.queue[0])
        if (told === undefined) return
        enqueue(send({ kind: PROFILE_KIND, id: told.profile, type: 'customer.told', data: told.data }))
        enqueue.assign(told.context)
      }),
      giveUp: assign(({ context, event }) => (event.type === 'reply.cancel' ? withoutReply(context, event.data.message) : context)),
      startAnew: assign(({ context }) => reopened(context)),
      rate: assign(({ context, event }) => (event.type === 'feedback.given' ? withFeedback(context, event.data) : context)),
      reply: enqueueActions(({ context, enqueue }, reply: Reply) => {
        const [question] = context.queue
        if (question === undefined) return
        enqueue.emit({
          type: 'message.sent',
          data: {
            ...reply,
            ...withoutTexts(reply),
            ...factsOf(question.understood),
            ...(question.lookups !== undefined && { lookups: question.lookups }),
            replyTo: question.id,
            lang: question.lang,
          },
        })
        enqueue.assign(withReply(context, reply.text))
      }),
      countMiss: assign({ misses: ({ context }) => context.misses + 1 }),
      understand: assign(({ context, event }) => {
        const output = lookupDone.safeParse(event).data?.output
        const isKept = output?.byModel !== undefined && output.hits.length > 0
        const known = isStranger(context) ? withKnown(context, output?.known ?? { profile: null, facts: [] }) : context
        if (isPlain(context)) return withPlain(known, plainMoveOf(context.queue[0]?.text ?? '') ?? 'courtesy')
        return withUnderstood(known, output?.understood, {
          found: isKept ? foundIn(event) : undefined,
          lookups: output?.lookups,
          omitted: output?.omitted,
        })
      }),
      takeAtItsWord: assign(({ context }) => withPlain(context, plainMoveOf(context.queue[0]?.text ?? '') ?? 'courtesy')),
      missUnderstanding: assign(({ context }) => withoutUnderstanding(context)),
      countFailure: assign({ failures: ({ context }) => context.failures + 1 }),
      countComplaint: assign({ complaints: ({ context }) => context.complaints + 1 }),
      forgetTroubles: assign({ misses: 0, failures: 0 }),
      handOver: enqueueActions(({ context, event, enqueue }, { reason }: { reason: EscalationReason }) => {
        const lang = context.lang ?? 'en'
        const newest = context.queue.at(-1)
        if (reason !== 'agent_took_over') {
          const isMiss = reason === 'low_confidence' || reason === 'low_quality'
          const cost = isMiss && newest === context.queue[0] ? costOfMiss(event) : {}
          const replyTo = newest === undefined ? {} : { ...factsOf(understoodOf(newest)), replyTo: newest.id }
          enqueue.emit({ type: 'message.sent', data: { text: handover(reason, lang), lang, ...cost, ...replyTo } })
        }
        enqueue.emit({ type: 'escalated', data: { reason } })
        const at = timeOf(event)
        const asks = desk !== undefined && at !== undefined && reason !== 'agent_took_over'
        enqueue.assign(withHandover(context, asks ? { ...UNASKED, team: desk.team, reason, since: at, asked: newest?.id ?? null } : null))
      }),
      askDesk: enqueueActions(({ context, event, enqueue }) => {
        const waiting = waitingOf(context, desk?.skills ?? {}, timeOf(event) ?? context.desk?.since ?? '')
        if (waiting === undefined || context.desk === null) return
        for (const one of toDesk(context.desk.team, 'case.waiting', waiting)) enqueue(send(one))
      }),
      waitAtDesk: enqueueActions(({ context, event, enqueue }) => {
        if (event.type !== 'case.queued') return
        const { opensAt, timezone } = event.data
        if (opensAt !== null && context.desk?.told === false) {
          const { asked } = context.desk
          const lang = context.lang ?? 'en'
          const text = opensText(opensAt, timezone, lang)
          enqueue.emit({ type: 'message.sent', data: { text, lang, ...(asked !== null && { replyTo: asked }) } })
        }
        enqueue.assign(withQueued(context, event.data))
      }),
      begin: assign(({ context, event }) =>
        event.type === 'case.assigned' ? withAgent(context, event.data.team, event.data.agent) : context,
      ),
      waitAgain: assign(({ context, event }) => (event.type === 'case.released' ? withoutAgent(context, event.data, event.at) : context)),
      askBefore: assign(({ context }) => withoutTeam(context)),
      miss: assign(({ context, event }) => (event.type === 'case.overdue' ? withMissed(context, event.data) : context)),
      takeBack: assign(({ context, event }) => (event.type === 'case.released' ? withReturn(context, event.data.agreed) : context)),
      tellOfMessage: enqueueActions(({ context, event, enqueue }) => {
        if (event.type !== 'message.received' || context.desk === null) return
        const { team, agent: owner } = context.desk
        const { role, agent = owner } = event.data
        const told =
          role === 'user'
            ? toDesk(team, 'case.asked', {})
            : role === 'agent' && agent !== null
              ? toDesk(team, 'case.replied', { agent })
              : []
        for (const one of told) enqueue(send(one))
        enqueue.assign(withWord(context, role, event.at))
      }),
      endAtDesk: enqueueActions(({ context, enqueue }, { outcome }: { outcome: string }) => {
        if (context.desk !== null) for (const one of toDesk(context.desk.team, 'case.ended', { outcome })) enqueue(send(one))
        enqueue.assign({ desk: null })
      }),
      /** To a desk that has a case which no longer waits: its answer crossed with what ended the case there. */
      endThere: enqueueActions(({ event, enqueue }) => {
        const team = teamOf(event, desk)
        if (team !== undefined) for (const one of toDesk(team, 'case.ended', { outcome: 'not_waiting' })) enqueue(send(one))
      }),
      close: enqueueActions(({ enqueue }, { outcome }: { outcome: string }) => {
        enqueue.emit({ type: 'case.closed', data: { outcome } })
      }),
    },
  }).createMachine({
    id: 'support',
    context: initialContext,
    initial: 'new',
    on: { 'message.received': { actions: 'note' }, 'feedback.given': { actions: 'rate' } },
    states: {
      new: { on: { 'message.received': { guard: 'fromCustomer', target: 'open', actions: 'hear' } } },

      open: {
        initial: 'listening',
        always: [
          { guard: 'callsPerson', target: 'escalated', actions: handOver('customer_asked') },
          { guard: 'asksTooMuch', target: 'escalated', actions: handOver('backlog') },
        ],
        on: {
          'message.received': { guard: 'fromCustomer', actions: 'hear' },
          'feedback.given': { guard: 'ratesLow', target: 'escalated', actions: ['rate', handOver('negative_feedback')] },
          'case.taken': { target: 'escalated.withAgent', actions: handOver('agent_took_over') },
          ...unasked,
        },
        states: {
          listening: {
            always: { guard: 'somethingWaits', target: 'answering' },
            after: {
              silence: {
                target: '#support.closed',
                actions: { type: 'close', params: ({ context }) => ({ outcome: outcomeOfSilence(context) }) },
              },
            },
            on: { 'case.resolved': { target: '#support.closed', actions: close('resolved') } },
          },

          answering: {
            initial: 'choosing',
            on: {
              'reply.cancel': [
                { guard: 'cancelsReply', target: '.choosing', actions: 'giveUp' },
                { guard: 'cancelsWaiting', actions: 'giveUp' },
              ],
            },
            states: {
              choosing: {
                always: [
                  { guard: 'nothingWaits', target: '#support.open.listening' },
                  { guard: 'isPlain', target: 'deciding', actions: 'takeAtItsWord' },
                  { target: 'lookingUp' },
                ],
              },
              lookingUp: {
                invoke: {
                  id: 'lookup',
                  src: 'lookup',
                  input: ({ context }) => lookupOf(context),
                  onDone: { target: 'deciding', actions: ['understand', 'tellProfile'] },
                  onError: withoutLookup,
                },
                after: { replyBudget: withoutLookup },
              },
              deciding: {
                always: [
                  // "Don't call me that" sounds like a call for a person.
                  {
                    guard: 'saysOfSelf',
                    target: 'choosing',
                    actions: [{ type: 'reply', params: ({ context }) => ({ text: notedIn(context) ?? '' }) }, 'forgetTroubles'],
                  },
                  { guard: 'asksForPerson', target: '#support.escalated', actions: handOver('customer_asked') },
                  {
                    guard: 'isPolite',
                    target: 'choosing',
                    actions: { type: 'reply', params: ({ context }) => ({ text: politeReply(context) }) },
                  },
                  { guard: 'complainsAgain', target: '#support.escalated', actions: handOver('negative_feedback') },
                  { guard: 'complains', target: 'choosing', actions: ['countComplaint', replyWith('sorry')] },
                  { guard: and(['isRelevant', 'isLateForModel']), target: 'quoting' },
                  { guard: 'isRelevant', target: 'composing' },
                  { target: 'unsure' },
                ],
              },
              composing: {
                invoke: {
                  id: 'answer',
                  src: 'answer',
                  input: ({ context, event }) => answerOf(context, event),
                  onDone: 'checking',
                  onError: [{ guard: 'isFound', target: 'quoting' }, { target: 'failed' }],
                },
                after: { composing: [{ guard: 'isFound', target: 'quoting' }, { target: 'failed' }] },
              },
              quoting: {
                invoke: {
                  id: 'quote',
                  src: 'quote',
                  input: ({ context, event }) => quoteOf(context, event),
                  onDone: 'checking',
                  onError: 'withoutTask',
                },
                after: { replyBudget: 'withoutTask' },
              },
              withoutTask: {
                always: [
                  {
                    guard: 'canQuote',
                    target: 'choosing',
                    actions: [{ type: 'reply', params: ({ context, event }) => quotedHere(context, event) }, 'forgetTroubles'],
                  },
                  { target: 'failed' },
                ],
              },
              checking: {
                always: [
                  {
                    guard: 'isAnswer',
                    target: 'choosing',
                    actions: [{ type: 'reply', params: ({ event }) => answerIn(event) }, 'forgetTroubles'],
                  },
                  { guard: 'isHeldBack', target: '#support.escalated', actions: handOver('low_quality') },
                  { target: 'unsure' },
                ],
              },
              unsure: {
                always: [
                  { guard: 'missedBefore', target: '#support.escalated', actions: handOver('low_confidence') },
                  { target: 'choosing', actions: ['countMiss', replyWith('unsure')] },
                ],
              },
              failed: {
                always: [
                  { guard: 'failedBefore', target: '#support.escalated', actions: handOver('task_failed') },
                  { target: 'choosing', actions: ['countFailure', replyWith('failed')] },
                ],
              },
            },
          },
        },
      },

      escalated: {
        initial: 'waiting',
        on: {
          'case.resolved': { target: 'closed', actions: [endAtDesk('escalated_resolved'), close('escalated_resolved')] },
          'case.overdue': { guard: and(['fromDesk', 'hasDesk']), actions: 'miss' },
        },
        states: {
          waiting: {
            always: { guard: 'hasDesk', target: 'asking' },
            on: { 'case.taken': 'withAgent', 'message.received': { guard: 'fromAgent', target: 'withAgent', actions: 'note' } },
          },
          asking: {
            entry: 'askDesk',
            after: { askAgain: askAnew },
            on: {
              ...atDesk,
              'case.called': { guard: 'fromDesk', ...askAnew },
              'case.misdirected': { guard: 'isMisdirected', ...askAnew, actions: 'askBefore' },
            },
          },
          queued: { on: atDesk },
          withAgent: {
            on: {
              'message.received': { guard: 'hasDesk', actions: ['note', 'tellOfMessage'] },
              'case.assigned': { guard: and(['fromDesk', 'hasDesk']), actions: 'begin' },
              'case.queued': { guard: and(['fromDesk', 'hasDesk']), target: 'queued', actions: 'waitAtDesk' },
              'case.released': [
                { guard: and(['fromOwner', 'returns']), target: '#support.open', actions: 'takeBack' },
                { guard: and(['fromOwner', 'changesTeam']), target: 'asking', actions: 'waitAgain' },
                { guard: 'fromOwner', target: 'queued', actions: 'waitAgain' },
              ],
            },
          },
        },
      },

      closed: { on: { 'message.received': { guard: 'fromCustomer', target: 'open', actions: ['startAnew', 'hear'] }, ...unasked } },
    },
  })
}

/** A case of which nothing happened at a desk. */
const UNASKED = { agent: null, told: false, replied: false, askedAt: null, missed: [], from: undefined, unknownTeam: undefined }

const endAtDesk = (outcome: string) => ({ type: 'endAtDesk', params: { outcome } }) as const

/** What a case that waits at a desk takes. */
const atDesk = {
  'case.queued': { guard: 'fromDesk', target: 'queued', actions: 'waitAtDesk' },
  'case.assigned': { guard: 'fromDesk', target: 'withAgent', actions: 'begin' },
  'case.taken': { target: 'withAgent', actions: endAtDesk('taken') },
  'message.received': [
    { guard: 'fromAgent', target: 'withAgent', actions: ['note', 'tellOfMessage'] },
    { actions: ['note', 'tellOfMessage'] },
  ],
} as const

const askAnew = { target: 'asking', reenter: true } as const

/** What a case that has asked for nobody takes from a desk. */
const unasked = {
  'case.queued': { guard: 'fromDesk', actions: 'endThere' },
  'case.assigned': { guard: 'fromDesk', actions: 'endThere' },
} as const

/** The team whose desk sent an event; `undefined` where no desk of this kind did. */
function teamOf(event: { readonly source?: unknown }, desk: Desk | undefined): string | undefined {
  const from = typeof event.source === 'string' ? parseActorSource(event.source) : undefined
  return from !== undefined && from.kind === desk?.kind ? from.id : undefined
}

/** When an event is decided; those of tasks and timers have it, too. */
const timeOf = (event: unknown): string | undefined => z.object({ at: z.string() }).safeParse(event).data?.at

/** Courtesies are certain without a lookup. */
const withoutLookup = [
  { guard: 'isPlainOfStranger', target: 'deciding', actions: 'takeAtItsWord' },
  { target: 'failed', actions: 'missUnderstanding' },
] as const

const isPlain = ({ queue: [question] }: Context): boolean => plainMoveOf(question?.text ?? '') !== undefined

const notedIn = ({ queue: [question], knows }: Context): string | undefined =>
  question === undefined ? undefined : (noted(knows, question.text, question.lang) ?? toldOfSelf(knows, question.text, question.lang))

/** What is known of a customer makes an answer his own. */
function answerOf(context: Context, event: unknown): AnswerInput {
  const { shareable, ...found } = foundIn(event)
  const query = queryOf(context)
  const knows = knowsOf(context.knows, query.lang)
  const input = { ...query, ...found, turns: context.turns }
  return knows.length > 0 ? { ...input, knows } : { ...input, ...(shareable !== undefined && { shareable }) }
}

const RATING_MAX = 5
const LOW_RATING_MAX = 2

/** Whether what was found is at hand, since a model is to answer. */
const isFound = ({ queue: [question] }: Context): boolean => question?.found !== undefined

const moveIn = ({ queue: [question] }: Context): Move | undefined => (question === undefined ? undefined : moveOf(question))

function politeReply(context: Context): string {
  const [question] = context.queue
  const move = COURTESIES.find((polite) => polite === moveIn(context))
  return question === undefined || move === undefined
    ? ''
    : courtesy(move, question.understood?.act ?? null, question.text, question.lang, nameOf(context.knows))
}

/** What is known of a message that is handed over; a plain call for a person needs no lookup. */
const understoodOf = ({ text, understood }: Question): Question['understood'] =>
  understood ?? (plainMoveOf(text) === 'person' ? plainForm('handoff', text) : null)

function lookupOf(context: Context): z.input<typeof lookupInput> {
  const { queue, asked, turns, customer } = context
  const { text, lang } = queue[0] ?? { text: '', lang: 'en' as const }
  return { text, lang, about: asked, turns, ...(isStranger(context) && customer !== null && { customer }) }
}

function queryOf({ queue: [question] }: Context): Pick<Query, 'text' | 'topic' | 'lang'> {
  const { text, lang, understood } = question ?? { text: '', lang: 'en' as const, understood: null }
  return { text, lang, topic: understood?.topic ?? null }
}

const taskWithoutAnswer = z.object({
  output: z.union([
    lookupOutput.transform(({ kbVersion, spent }) => withSpent<Partial<Answer>>({ hits: 0, kbVersion }, spent)),
    answerOutput.transform(({ text: _text, sources: _sources, held, ...rest }) => ({ ...rest, ...withoutTexts({ held }) })),
  ]),
})

/** The versions and cost of a task that led to no answer: no hit was relevant, or the articles do not contain the answer. */
const costOfMiss = (event: unknown): Partial<Omit<Answer, 'text' | 'sources'>> => taskWithoutAnswer.safeParse(event).data?.output ?? {}

const lookupDone = z.object({ output: lookupOutput })

/** The result of one task reaches the next one through the event in between, so the context does not need to hold it. */
function foundIn(event: unknown): Found {
  const { understood: _understood, byModel: _byModel, about = null, ...found } = lookupDone.parse(event).output
  return { ...found, about }
}

const answerDone = z.object({ output: answerOutput })

function answerIn(event: unknown): Reply {
  const { output } = answerDone.parse(event)
  return { ...output, text: output.text ?? '' }
}

const taskFailed = z.object({ error: z.object({ code: z.string() }) })

/** The input of a quotation in place of the model's answer: after its error, or because it is late. */
function quoteOf(context: Context, event: unknown): QuoteInput {
  const found = context.queue[0]?.found ?? { about: null, hits: [] }
  const because = taskFailed.safeParse(event).data?.error.code ?? 'reply_budget'
  return { ...queryOf(context), ...found, turns: context.turns, because: because.slice(0, 128) }
}
