import { enqueueActions, setup } from 'xstate'
import { z } from 'zod'
import { messageOf } from '../../../schemas/errors.ts'
import { languageCode } from '../../../schemas/glossary.ts'
import { taskError } from '../../../schemas/internal-messages.ts'
import {
  type MessageTranslated,
  messageTranslated,
  participantJoined,
  participantMessage,
  participantSchema,
  type TermPair,
  termPair,
  TRANSLATION_KIND,
  TRANSLATION_LIMITS,
} from '../../../schemas/translation-events.ts'
import { detectLanguage } from '../../core/detect-language.ts'
import { foldText } from '../../core/fold-text.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { clip } from '../support/clip.ts'
import { type Translated, translateTask, TURN_CHARS_MAX, TURNS_MAX } from './translate.ts'

/** Options of the kind `translation`. */
export interface TranslationOptions {
  /** Name of the kind. Default: `translation`. */
  readonly name?: string
}

const { participantsMax, languagesMax, textCharsMax, waitingMax, waitingBytesMax, termsMax } = TRANSLATION_LIMITS

const waitingSchema = z.object({
  message: z.string(),
  participant: participantSchema,
  from: languageCode,
  /** `null`: nobody reads another language. */
  to: languageCode.nullable(),
  text: z.string().max(textCharsMax),
  /** Why it is passed on as it is, after those before it. Absent: it is to be translated. */
  problem: z.string().max(64).optional(),
})
type Waiting = z.infer<typeof waitingSchema>

const contextSchema = z.object({
  participants: z.array(participantJoined).max(participantsMax),
  waiting: z
    .array(waitingSchema)
    .max(waitingMax)
    .meta({ description: 'Oldest first; the first one is being translated, so it has no problem' }),
  turns: z.array(z.string().max(TURN_CHARS_MAX)).max(TURNS_MAX).meta({ description: 'Messages before, as they were written' }),
  terms: z
    .array(z.object({ from: languageCode, to: languageCode, pair: termPair }))
    .max(termsMax)
    .meta({ description: 'Terms as they were translated first' }),
})
type Context = z.infer<typeof contextSchema>

const languagesOf = (participants: Context['participants']): string[] => [...new Set(participants.map(({ lang }) => lang))]

const withParticipant = (participants: Context['participants'], joined: z.output<typeof participantJoined>): Context['participants'] => [
  ...participants.filter(({ participant }) => participant !== joined.participant),
  joined,
]

function joinProblem({ participants }: Context, joined: z.output<typeof participantJoined>): string | undefined {
  const all = withParticipant(participants, joined)
  if (all.length > participantsMax) return `participant: there are ${participantsMax} already, which is the most`
  const languages = languagesOf(all)
  if (languages.length <= languagesMax) return undefined
  return `lang: a conversation has ${languagesMax} languages, and this would be the third: ${languages.join(', ')}`
}

const defineTranslation = (name: string) =>
  defineKind({
    name,
    version: 1,
    context: contextSchema,
    events: {
      'participant.joined': participantJoined.describe('A person takes part, or goes on in another language'),
      'message.received': participantMessage.describe('A message of a participant'),
      'translation.ended': z.object({}).describe('Nobody writes any more'),
    },
    emits: { 'message.translated': messageTranslated.describe('A message with its translation, or as it is where there is none') },
    tasks: { translate: translateTask },
    label: ({ participants }) => ({ languages: languagesOf(participants).join(',') }),
    refuse: (context, { type, data }) => {
      if (type === 'participant.joined') return joinProblem(context, data)
      if (type !== 'message.received' || context.participants.some(({ participant }) => participant === data.participant)) return undefined
      return `participant: ${JSON.stringify(data.participant)} has not joined; send participant.joined with his language first`
    },
  })

type Received = z.output<typeof participantMessage>

/** Whose language a message is in, and who reads another one. A participant may write in the language of the others. */
function directionOf(
  { participants }: Context,
  { participant, text, lang }: Received,
): Pick<Waiting, 'from'> & { readonly to: string | null } {
  const own = participants.find((one) => one.participant === participant)?.lang ?? ''
  const other = languagesOf(participants).find((one) => one !== own) ?? null
  const written = (lang ?? detectLanguage(text))?.split('-')[0]
  return other !== null && written === other.split('-')[0] && written !== own.split('-')[0]
    ? { from: other, to: null }
    : { from: own, to: other }
}

/** Why a message is passed on as it is; `undefined` where it is to be translated. */
function problemOf({ participants, waiting }: Context, { text }: Received, to: string | null): string | undefined {
  if (to === null) return languagesOf(participants).length < languagesMax ? 'no_reader' : 'same_language'
  if (text.trim() === '') return 'empty'
  if (text.length > textCharsMax) return 'too_long'
  return mayWait(waiting, text) ? undefined : 'busy'
}

/** Whether a message has a place behind those that wait. One without a place is passed on at once, before them. */
const mayWait = (waiting: Context['waiting'], text: string): boolean =>
  text.length <= textCharsMax && waiting.length < waitingMax && Buffer.byteLength(JSON.stringify([...waiting, text])) <= waitingBytesMax

/** Splits off what is passed on before the next message that is to be translated. */
function untilTranslation(waiting: Context['waiting']): readonly [passed: Context['waiting'], waiting: Context['waiting']] {
  const next = waiting.findIndex(({ problem }) => problem === undefined)
  return next < 0 ? [waiting, []] : [waiting.slice(0, next), waiting.slice(next)]
}

const passedOn = ({ text, problem: _problem, ...message }: Waiting, problem: string): MessageTranslated => ({
  ...message,
  text,
  original: text,
  made: 'none',
  problem,
})

/** A term is kept as it was translated first. */
function withTerms(terms: Context['terms'], { from, to }: Waiting, pairs: readonly TermPair[]): Context['terms'] {
  const isKnown = ([term]: TermPair): boolean => terms.some((one) => one.from === from && foldText(one.pair[0]) === foldText(term))
  const added = to === null ? [] : pairs.filter((pair) => !isKnown(pair)).map((pair) => ({ from, to, pair }))
  return [...terms, ...added].slice(-termsMax)
}

/** The terms of a conversation in one direction: those that were translated in the other one count, too. */
const rememberedOf = (terms: Context['terms'], { from, to }: Waiting): TermPair[] =>
  terms.flatMap(({ pair, ...one }): TermPair[] => (one.from === from ? [pair] : one.from === to ? [[pair[1], pair[0]]] : []))

function inputOf({ waiting: [first], terms, turns }: Context) {
  const waiting = first ?? { text: '', from: 'en', to: 'zh', message: '', participant: '' }
  const { text, from, to } = waiting
  return { text, from, to: to ?? from, turns, remembered: rememberedOf(terms, waiting) }
}

/**
 * Creates the kind `translation`: a conversation between people of two languages. Each message is translated by a language model for those
 * who read the other language, in the order in which they were written; both texts are kept. Without a model the originals are passed on,
 * and said to be that.
 */
export function createTranslation({ name = TRANSLATION_KIND }: TranslationOptions = {}) {
  const kind = defineTranslation(name)
  return kind.with(
    setup({
      ...kind.xstate,
      guards: { isWaiting: ({ context }) => context.waiting.length > 0 },
      actions: {
        join: enqueueActions(({ context, event, enqueue }) => {
          if (event.type === 'participant.joined') enqueue.assign({ participants: withParticipant(context.participants, event.data) })
        }),
        hear: enqueueActions(({ context, event, enqueue }) => {
          if (event.type !== 'message.received') return
          const { participant, text } = event.data
          const { from, to } = directionOf(context, event.data)
          const message = { message: event.id, participant, from, text }
          const problem = problemOf(context, event.data, to)
          const isPassedOn = problem !== undefined && (context.waiting.length === 0 || !mayWait(context.waiting, text))
          if (isPassedOn) enqueue.emit({ type: 'message.translated', data: passedOn({ ...message, to }, problem) })
          else enqueue.assign({ waiting: [...context.waiting, { ...message, to, ...(problem !== undefined && { problem }) }] })
        }),
        give: enqueueActions(({ context, enqueue }, { text, problem, terms = [], ...facts }: Translated) => {
          const [first, ...others] = context.waiting
          if (first === undefined) return
          const [passed, waiting] = untilTranslation(others)
          const data: MessageTranslated =
            text === null
              ? { ...passedOn(first, problem ?? 'error'), ...facts }
              : { ...first, text, original: first.text, made: 'model', ...(terms.length > 0 && { terms }), ...facts }
          enqueue.emit({ type: 'message.translated', data })
          for (const one of passed) enqueue.emit({ type: 'message.translated', data: passedOn(one, one.problem ?? 'error') })
          enqueue.assign({
            waiting: [...waiting],
            terms: withTerms(context.terms, first, terms),
            turns: [...context.turns, clip(first.text, TURN_CHARS_MAX)].slice(-TURNS_MAX),
          })
        }),
        end: enqueueActions(({ context, enqueue }) => {
          for (const one of context.waiting) enqueue.emit({ type: 'message.translated', data: passedOn(one, one.problem ?? 'ended') })
          enqueue.assign({ waiting: [] })
        }),
      },
    }).createMachine({
      id: TRANSLATION_KIND,
      context: { participants: [], waiting: [], turns: [], terms: [] },
      initial: 'open',
      states: {
        open: {
          initial: 'listening',
          on: {
            'participant.joined': { actions: 'join' },
            'message.received': { actions: 'hear' },
            'translation.ended': { target: 'ended', actions: 'end' },
          },
          states: {
            listening: { always: { guard: 'isWaiting', target: 'translating' } },
            translating: {
              invoke: {
                id: 'translate',
                src: 'translate',
                input: ({ context }) => inputOf(context),
                onDone: { target: 'listening', actions: { type: 'give', params: ({ event }) => event.output } },
                onError: {
                  target: 'listening',
                  actions: { type: 'give', params: ({ event }) => ({ text: null, problem: codeIn(event.error) }) },
                },
              },
            },
          },
        },
        ended: { type: 'final' },
      },
    }),
  )
}

const codeIn = (error: unknown): string => (taskError.safeParse(error).data?.code ?? messageOf(error)).slice(0, 128)

/** The kind `translation`. */
export const translationKind = createTranslation()
