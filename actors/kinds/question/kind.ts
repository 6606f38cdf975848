import { enqueueActions, setup } from 'xstate'
import { z } from 'zod'
import { cachedFields, evaluatedFields, messageSent, routedFields } from '../../../schemas/events.ts'
import { detectLanguage } from '../../core/detect-language.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { defineTask } from '../../definition/task-definition.ts'
import type { Answer } from '../support/definition.ts'
import { languageSchema, QUESTION_CHARS_MAX } from '../support/found.ts'
import type { Article } from '../support/knowledge.ts'
import { MINIMUMS, type Minimums } from '../support/minimums.ts'
import { answerTask, questionSchema } from './answering.ts'
import { QUESTION_DEFAULTS } from './question-defaults.ts'

/** Options of the kind `question`. */
export interface QuestionOptions extends Partial<Minimums> {
  /** Name of the kind. Default: `question`. */
  readonly name?: string
  /** The knowledge base for tenants that have uploaded none. */
  readonly articles: readonly Article[]
  /** Questions that are answered at one time in the whole cluster, from 1. Default 16. All processes need the same value. */
  readonly places?: number
  /** Questions that may wait for a place, in the whole cluster; a further one fails as `queue_full`. Default 1,000. */
  readonly waitingMax?: number
}

/** A burst of questions waits for its places, too. */
const PLACE_DEADLINE_MS = 120_000

const FAILURES = ['queue_full', 'no_answer', 'too_late', 'task_failed'] as const
type Failure = (typeof FAILURES)[number]

const placeSchema = z.object({
  queuePlace: z.int().nonnegative().nullable().meta({ description: '1: the next question that is answered; 0: it is being answered' }),
  expectedMs: z
    .int()
    .nonnegative()
    .nullable()
    .meta({
      description: 'Milliseconds from its acceptance to its answer, by service times measured lately; null where none was measured',
    }),
})
type Place = z.infer<typeof placeSchema>
const UNKNOWN_PLACE: Place = { queuePlace: null, expectedMs: null }
/** The answer came before the place. */
const ANSWERED_PLACE: Place = { queuePlace: 0, expectedMs: 0 }

const acceptedSchema = placeSchema.extend({ at: z.iso.datetime() })
const contextSchema = z.object({
  question: questionSchema.nullable(),
  accepted: acceptedSchema.nullable().meta({ description: 'What was told when it was accepted' }),
  answer: z.string().nullable(),
})
type Context = z.infer<typeof contextSchema>

const waited = {
  ...placeSchema.partial().shape,
  waitedMs: z.int().nonnegative().optional().meta({ description: 'What became of expectedMs: milliseconds since its acceptance' }),
}
const { sources, kbVersion, promptVersion, model, tokensIn, tokensOut, cost, quality, evaluator } = messageSent.shape

const defineQuestion = (name: string, { places, waitingMax, ...options }: Required<Omit<QuestionOptions, 'name'>>) =>
  defineKind({
    name,
    version: 1,
    context: contextSchema,
    events: {
      'question.asked': z
        .object({
          text: z.string().trim().min(1).max(QUESTION_CHARS_MAX),
          lang: z.string().max(35).optional().meta({ description: 'BCP 47; the answer is in Chinese or English. Default: as detected' }),
        })
        .describe('Somebody asks'),
    },
    emits: {
      'question.accepted': placeSchema.describe('The question waits for its answer, with its place'),
      'question.answered': z
        .object({
          text: z.string(),
          lang: languageSchema,
          ...{ sources, kbVersion, promptVersion, model, tokensIn, tokensOut, cost, quality, evaluator },
          ...evaluatedFields,
          ...routedFields,
          ...cachedFields,
          ...waited,
        })
        .describe('The answer, with what it rests on'),
      'question.failed': z.object({ reason: z.enum(FAILURES), ...waited }).describe('There is no answer, and why'),
    },
    tasks: {
      answer: answerTask({ ...options, places }),
      place: defineTask({
        input: z.object({}),
        output: placeSchema.extend({ isFull: z.boolean() }),
        deadlineMs: PLACE_DEADLINE_MS,
        attemptsMax: 5,
        concurrencyMax: 64,
        run: async ({ placeInQueue, tellPlaces }) => {
          const now = await placeInQueue('answer')
          const isFull = now.place > waitingMax
          if (!isFull) tellPlaces('answer', now)
          return { queuePlace: now.place, expectedMs: now.expectedMs, isFull }
        },
      }),
    },
    label: ({ question }) => ({ lang: question?.lang ?? null }),
    refuse: ({ question }) => (question === null ? undefined : 'this actor has its question; ask another one under an id of its own'),
  })

const waitedFor = ({ accepted }: Context, at: string) =>
  accepted === null
    ? {}
    : { queuePlace: accepted.queuePlace, expectedMs: accepted.expectedMs, waitedMs: Math.max(0, Date.parse(at) - Date.parse(accepted.at)) }

const failure = (reason: Failure) => ({ type: 'fail', params: { reason } }) as const

/**
 * Creates the kind `question`: one question that stands alone. It is told at once its place among those that wait and the expected time,
 * and then the answer, which is made as `support` makes it. Equal questions that wait are answered once.
 */
export function createQuestion({
  name = 'question',
  articles,
  places = QUESTION_DEFAULTS.places,
  waitingMax = QUESTION_DEFAULTS.waitingMax,
  qualityMin = MINIMUMS.qualityMin,
  quotationMin = MINIMUMS.quotationMin,
}: QuestionOptions) {
  const kind = defineQuestion(name, { articles, places, waitingMax, qualityMin, quotationMin })
  return kind.with(
    setup({
      ...kind.xstate,
      actions: {
        take: enqueueActions(({ event, enqueue }) => {
          const { text, lang } = event.data
          const code = (lang ?? detectLanguage(text) ?? '').toLowerCase().startsWith('zh') ? 'zh' : 'en'
          enqueue.assign({ question: { text, lang: code } })
        }),
        accept: enqueueActions(({ event, enqueue }, place: Place) => {
          enqueue.emit({ type: 'question.accepted', data: place })
          enqueue.assign({ accepted: { ...place, at: event.at } })
        }),
        answer: enqueueActions(({ context, event, enqueue }, given: Answer) => {
          const { text, hits: _hits, held: _held, ...facts } = given
          const isFirst = context.accepted === null
          if (isFirst) enqueue.emit({ type: 'question.accepted', data: ANSWERED_PLACE })
          const times = isFirst ? { ...ANSWERED_PLACE, waitedMs: 0 } : waitedFor(context, event.at)
          const lang = context.question?.lang ?? 'en'
          enqueue.emit({ type: 'question.answered', data: { text: text ?? '', lang, ...facts, ...times } })
          enqueue.assign({ answer: text })
        }),
        fail: enqueueActions(({ context, event, enqueue }, { reason }: { reason: Failure }) => {
          enqueue.emit({ type: 'question.failed', data: { reason, ...waitedFor(context, event.at) } })
        }),
      },
    }).createMachine({
      id: 'question',
      context: { question: null, accepted: null, answer: null },
      initial: 'new',
      states: {
        new: { on: { 'question.asked': { target: 'waiting', actions: 'take' } } },
        waiting: {
          // The first one waits in the queue, of which the second one tells the place.
          invoke: [
            {
              id: 'answer',
              src: 'answer',
              input: ({ context }) => context.question ?? { text: '', lang: 'en' },
              onDone: [
                {
                  guard: ({ event }) => event.output.text !== null,
                  target: 'answered',
                  actions: { type: 'answer', params: ({ event }) => event.output },
                },
                { target: 'failed', actions: failure('no_answer') },
              ],
              onError: [
                {
                  guard: ({ event }) => (event.error instanceof Object && 'code' in event.error ? event.error.code : '') === 'deadline',
                  target: 'failed',
                  actions: failure('too_late'),
                },
                { target: 'failed', actions: failure('task_failed') },
              ],
            },
            {
              id: 'place',
              src: 'place',
              input: {},
              onDone: [
                { guard: ({ event }) => event.output.isFull, target: 'failed', actions: failure('queue_full') },
                {
                  actions: {
                    type: 'accept',
                    params: ({ event: { output } }) => ({ queuePlace: output.queuePlace, expectedMs: output.expectedMs }),
                  },
                },
              ],
              onError: { actions: { type: 'accept', params: UNKNOWN_PLACE } },
            },
          ],
        },
        answered: { type: 'final' },
        failed: { type: 'final' },
      },
    }),
  )
}
