import { pino } from 'pino'
import type { Kinds } from '../../../actors/definition/kind.ts'
import type { TaskCall } from '../../../actors/definition/task-definition.ts'
import { answerInput } from '../../../actors/kinds/support/definition.ts'
import { createExtract } from '../../../actors/kinds/support/extract.ts'
import type { Article } from '../../../actors/kinds/support/knowledge.ts'
import { knownVariables, NO_ANSWER } from '../../../actors/prompting/built-in-prompts.ts'
import { firstAttempt } from '../../../actors/testkit/first-attempt.ts'
import { recordsLive } from '../../../actors/testkit/live-recorder.ts'
import { placedAt } from '../../../actors/testkit/queue-stub.ts'
import { evaluateByRules } from '../../../pipeline/quality/evaluate-by-rules.ts'
import { codeOf, ColloquyError, messageOf } from '../../../schemas/errors.ts'
import type { Started } from '../../../schemas/record.ts'
import type { Address } from '../../../schemas/subjects.ts'
import { between, chanceOf } from './chance.ts'
import type { TaskOutcome } from './simulate-past.ts'

/** When what was different. */
export interface PastCalendar {
  /** The models fail and everything is slow. */
  isBadDay(atMs: number): boolean
  /** The version of the prompt that an actor gets; 0 is the built-in text. */
  promptVersionFor(id: string, atMs: number): number
}

export interface PastTaskOptions {
  readonly kinds: Kinds
  readonly articles: readonly Article[]
  readonly understand: TaskCall<unknown>['understand']
  readonly calendar: PastCalendar
}

/** Shares of runs that fail, on a good and on a bad day. */
const FAILING = { good: 0.004, bad: 0.45 } as const
/** Milliseconds, least and most, on a good day; a bad one takes five times as long. */
const DURATIONS: Readonly<Record<string, readonly [number, number]>> = {
  lookup: [25, 90],
  answer: [700, 2_400],
  quote: [5, 20],
  place: [2, 8],
}
const OTHER_DURATION = [20, 80] as const
const SLOWNESS = 5

/** Money for a token of each, in the currency of the installation. */
const PRICES = { 'demo-small': 0.000_000_4, 'demo-large': 0.000_006 } as const
const CHARS_PER_TOKEN = 4
/** A question of as many characters goes to the large model. */
const LARGE_FROM_CHARS = 40

/**
 * Runs the tasks of a past. The tasks are the real ones, over the bundled articles, with understanding and evaluation as they are. Only the
 * language model is none: it quotes what the passages say, as its cheapest imitation, and takes tokens, money and time.
 */
export function createPastTasks({ kinds, articles, understand, calendar }: PastTaskOptions) {
  const extract = createExtract(articles)
  const log = pino({ level: 'silent' })
  const nothing = async (): Promise<never> => {
    throw new ColloquyError('not_carried_out', 'the past of the demo has only what its kinds need')
  }

  return async (actor: Address, { run, task, input }: Started, atMs: number): Promise<TaskOutcome> => {
    const isBad = calendar.isBadDay(atMs)
    const [least, most] = DURATIONS[task] ?? OTHER_DURATION
    const took = { queueMs: between(1, isBad ? 900 : 12, run, 'queue'), durationMs: between(least, most, run) * (isBad ? SLOWNESS : 1) }
    if (task === 'answer' && chanceOf(run, 'fails') < (isBad ? FAILING.bad : FAILING.good)) {
      return { ...took, error: { code: 'model_unavailable', message: 'the model demo-large answered 503' } }
    }
    const definition = kinds.get(actor.kind)?.tasks[task]
    if (definition === undefined) throw new ColloquyError('no_such_task', `kind "${actor.kind}" has no task "${task}"`)
    const version = calendar.promptVersionFor(actor.id, atMs)

    const write = (): string => {
      const asked = answerInput.safeParse(input)
      const passage = asked.success ? extract(asked.data).passage : undefined
      if (passage === undefined) return NO_ANSWER
      return `${version === 2 ? firstSentence(passage) : passage} [1]`
    }
    const generate: TaskCall<unknown>['generate'] = async (query) => {
      if (query.schema !== undefined) return nothing()
      const text = write()
      const isLarge = (query.hints?.text ?? '').length >= LARGE_FROM_CHARS
      const by = isLarge ? ({ model: 'demo-large', tier: 'large' } as const) : ({ model: 'demo-small', tier: 'small' } as const)
      const tokensIn = Math.ceil(query.messages.reduce((sum, { content }) => sum + content.length, 0) / CHARS_PER_TOKEN)
      const tokensOut = Math.ceil(text.length / CHARS_PER_TOKEN)
      const facts = { ...by, tokensIn, tokensOut, cost: (tokensIn + 4 * tokensOut) * PRICES[by.model] }
      const reasons = (await query.refuse?.(text, by)) ?? []
      if (reasons.length === 0) return { text, ...facts, complexity: isLarge ? 0.8 : 0.2, tierReason: 'complexity', attempts: [] }
      const { tokensIn: _in, tokensOut: _out, cost: _cost, ...attempt } = facts
      query.onFailure?.({ tokensIn, tokensOut, cost: facts.cost, attempts: [{ ...attempt, reasons: [...reasons], text }] })
      throw new ColloquyError('model_unaccepted', 'no model gave an answer that is taken')
    }
    const call: TaskCall<unknown> = {
      ...firstAttempt,
      ...placedAt(),
      input,
      key: run,
      actor,
      log,
      signal: new AbortController().signal,
      understand,
      evaluate: evaluateByRules,
      generate,
      tierFor: async () => 'small',
      hasModels: () => true,
      promptFor: async (name, { builtIn, lang }) => ({
        promptVersion: `${name}@${version === 0 ? builtIn[lang].version : version}`,
        template: builtIn[lang].text,
        variables: knownVariables({ PERSONA: '', COMPANY: '', RULES: '' }, lang),
      }),
      searchIndex: noIndex,
      memory: noIndex,
      live: recordsLive('off'),
      recommend: nothing,
      vectorOf: nothing,
      topicFor: nothing,
    }
    try {
      return { ...took, output: await definition.run({ ...call, input: definition.input.parse(input) }) }
    } catch (error) {
      return { ...took, error: { code: codeOf(error) ?? 'error', message: messageOf(error) } }
    }
  }
}

/** The tenant had no knowledge of its own then: the bundled articles are searched. */
const noIndex: TaskCall<unknown>['searchIndex'] = {
  search: async () => [],
  knowledgeVersion: async () => undefined,
  knowledgeSeq: async () => 0,
}

const firstSentence = (text: string): string => /^.*?[.!?。！？](?=\s|$|[^.!?。！？\d])/su.exec(text)?.[0] ?? text
