import { hash } from 'node:crypto'
import { enqueueActions, setup } from 'xstate'
import { z } from 'zod'
import type { ErrorCode } from '../../../schemas/error-codes.ts'
import { messageOf } from '../../../schemas/errors.ts'
import { taskError } from '../../../schemas/internal-messages.ts'
import { parseActorSource } from '../../../schemas/subjects.ts'
import { spanMs } from '../../../schemas/trigger-events.ts'
import {
  armSchema,
  briefGiven,
  choiceGiven,
  DEFAULT_ARM,
  STRATEGY_KIND,
  textFailed,
  textFeedback,
  textWritten,
  WRITER_KIND,
} from '../../../schemas/writing-events.ts'
import { detectLanguage } from '../../core/detect-language.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { send } from '../../definition/send-action.ts'
import { type Made, writeTask, type Writing } from './write-text.ts'

/** Options of the kind `writer`. */
export interface WriterOptions {
  /** Name of the kind. Default: `writer`. */
  readonly name?: string
}

const contextSchema = z.object({
  /** Id of the choice: a hash of kind and id of this actor. */
  choice: z.string(),
  writing: z
    .object({
      purpose: z.string(),
      brief: z.string(),
      facts: z.array(z.string()),
      lang: z.enum(['en', 'zh']),
      /** What the strategy chose, or the default after it did not answer. */
      arm: armSchema,
      isChosen: z.boolean(),
      feedback: z.string(),
    })
    .nullable(),
  quality: z.number().nullable(),
  reward: z.number().nullable(),
})
type Context = z.infer<typeof contextSchema>

/** How long a writer waits for its strategy; then it writes by the built-in prompt. */
const CHOICE_WAIT = '1m'
const CHOICE_CHARS = 24

const defineWriter = (name: string) =>
  defineKind({
    name,
    version: 1,
    context: contextSchema,
    events: { 'brief.given': briefGiven, 'choice.made': choiceGiven, 'feedback.given': textFeedback },
    sentBy: { 'choice.made': [STRATEGY_KIND] },
    emits: { 'text.written': textWritten, 'text.failed': textFailed },
    tasks: { write: writeTask },
    label: ({ writing, quality, reward }) => ({
      conversation: false,
      purpose: writing?.purpose ?? null,
      arm: writing?.arm.id ?? null,
      lang: writing?.lang ?? null,
      quality,
      reward,
    }),
    refuse: ({ writing }, input) =>
      input.type === 'brief.given' && writing !== null ? 'this actor has its brief; give another one to an actor of its own' : undefined,
  })

const failed = ({ writing }: Context): never => {
  throw new Error(writing === null ? 'there is no brief' : 'the brief has no text')
}
const writingOf = (context: Context) => context.writing ?? failed(context)
const inputOf = (context: Context): Writing => {
  const { brief, facts, lang, arm } = writingOf(context)
  return { brief, facts, lang, arm }
}

/** How it was written, as events say it. */
function factsOf(context: Context) {
  const { purpose, brief, facts, lang, arm, isChosen } = writingOf(context)
  const { id, tone = null, length = null } = arm
  return { purpose, brief, facts, lang, choice: isChosen ? context.choice : null, arm: id, tone, length }
}

/** What the strategy of the text is sent. */
const toStrategy = (context: Context, type: 'choice.asked' | 'choice.withdrawn' | 'reward.given', data: object = {}) => ({
  kind: STRATEGY_KIND,
  id: writingOf(context).purpose,
  type,
  data: { choice: context.choice, ...data },
})

const rewardOf = ({ rating, thumbs }: z.output<typeof textFeedback>): number =>
  rating === undefined ? Number(thumbs === 'up') : (rating - 1) / 4

/**
 * Creates the kind `writer`: one text, written by a language model as the strategy of its purpose says. The strategy hears once how good
 * the text was: what the first feedback says or, after the time for feedback, the quality that was evaluated.
 */
export function createWriter({ name = WRITER_KIND }: WriterOptions = {}) {
  const kind = defineWriter(name)
  return kind.with(
    setup({
      ...kind.xstate,
      delays: { feedback: ({ context }) => spanMs(context.writing?.feedback ?? '') ?? 0 },
      guards: {
        /** Only of the strategy that was asked. */
        isOwn: ({ context, event }) =>
          event.type === 'choice.made'
          && event.data.choice === context.choice
          && parseActorSource(event.source)?.id === context.writing?.purpose,
        isUnchosen: ({ context }) => context.writing?.isChosen === false,
      },
      actions: {
        take: enqueueActions(({ event, enqueue }) => {
          if (event.type !== 'brief.given') return
          const { purpose, brief, facts, lang } = event.data
          const code = (lang ?? detectLanguage(brief) ?? '').toLowerCase().startsWith('zh') ? 'zh' : 'en'
          enqueue.assign({ writing: { purpose, brief, facts, lang: code, arm: DEFAULT_ARM, isChosen: false, feedback: '0s' } })
        }),
        ask: enqueueActions(({ context, enqueue }) => enqueue(send(toStrategy(context, 'choice.asked')))),
        choose: enqueueActions(({ context, event, enqueue }) => {
          if (event.type !== 'choice.made') return
          const { arm, feedback } = event.data
          enqueue.assign({ writing: { ...writingOf(context), arm, feedback, isChosen: true } })
        }),
        withdraw: enqueueActions(({ context, enqueue }) => enqueue(send(toStrategy(context, 'choice.withdrawn')))),
        /** A failure is no fault of the arm, unless it names a version that there is not. */
        giveUp: enqueueActions(({ context, enqueue }, { code }: { readonly code: string }) => {
          const isOfArm = code === ('no_prompt_version' satisfies ErrorCode)
          const said = isOfArm ? toStrategy(context, 'reward.given', { reward: 0, by: 'failure' }) : toStrategy(context, 'choice.withdrawn')
          enqueue(send(said))
        }),
        tell: enqueueActions(({ context, enqueue }, { text, made, failure, ...facts }: Made) => {
          const all = { ...factsOf(context), ...facts }
          if (text !== null) enqueue.emit({ type: 'text.written', data: { text, made, ...all } })
          else enqueue.emit({ type: 'text.failed', data: { ...(failure ?? { code: 'error', message: '' }), ...all } })
          enqueue.assign({ quality: facts.quality ?? null })
        }),
        fail: enqueueActions(({ context, enqueue }, { error }: { readonly error: unknown }) => {
          const { code, message } = taskError.safeParse(error).data ?? { code: 'error', message: messageOf(error) }
          enqueue.emit({ type: 'text.failed', data: { code, message, ...factsOf(context) } })
        }),
        reward: enqueueActions(({ context, event, enqueue }) => {
          const isFeedback = event.type === 'feedback.given'
          const reward = isFeedback ? rewardOf(event.data) : context.quality
          const by = isFeedback ? 'feedback' : 'quality'
          enqueue(send(reward === null ? toStrategy(context, 'choice.withdrawn') : toStrategy(context, 'reward.given', { reward, by })))
          enqueue.assign({ reward })
        }),
      },
    }).createMachine({
      id: WRITER_KIND,
      context: ({ input: { id } }) => ({
        choice: hash('sha256', `${name}/${id}`, 'base64url').slice(0, CHOICE_CHARS),
        writing: null,
        quality: null,
        reward: null,
      }),
      initial: 'new',
      states: {
        new: { on: { 'brief.given': { target: 'choosing', actions: ['take', 'ask'] } } },
        choosing: {
          on: { 'choice.made': { guard: 'isOwn', target: 'writing', actions: 'choose' } },
          after: { [spanMs(CHOICE_WAIT) ?? 0]: { target: 'writing', actions: 'withdraw' } },
        },
        writing: {
          invoke: {
            id: 'write',
            src: 'write',
            input: ({ context }) => inputOf(context),
            onDone: [
              {
                guard: ({ event }) => event.output.text === null,
                target: 'failed',
                actions: [
                  { type: 'tell', params: ({ event }) => event.output },
                  { type: 'giveUp', params: ({ event }) => ({ code: event.output.failure?.code ?? '' }) },
                ],
              },
              {
                guard: ({ event }) => event.output.made === 'facts',
                target: 'written',
                actions: [{ type: 'tell', params: ({ event }) => event.output }, 'withdraw'],
              },
              { target: 'judged', actions: { type: 'tell', params: ({ event }) => event.output } },
            ],
            onError: { target: 'failed', actions: [{ type: 'fail', params: ({ event }) => ({ error: event.error }) }, 'withdraw'] },
          },
        },
        /** Feedback counts until the time for it is over. */
        judged: {
          always: { guard: 'isUnchosen', target: 'written' },
          on: { 'feedback.given': { target: 'written', actions: 'reward' } },
          after: { feedback: { target: 'written', actions: 'reward' } },
        },
        /** Feedback is recorded and changes nothing any more. */
        written: {},
        failed: {},
      },
    }),
  )
}
