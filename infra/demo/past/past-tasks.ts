import { pino } from 'pino'
import type { Kinds } from '../../../actors/definition/kind.ts'
import type { TaskCall } from '../../../actors/definition/task-definition.ts'
import { profileContextSchema } from '../../../actors/kinds/profile/profile-kind.ts'
import { answerInput } from '../../../actors/kinds/support/definition.ts'
import { createExtract } from '../../../actors/kinds/support/extract.ts'
import type { Article } from '../../../actors/kinds/support/knowledge.ts'
import { knownVariables, NO_ANSWER } from '../../../actors/prompting/built-in-prompts.ts'
import { firstAttempt } from '../../../actors/testkit/first-attempt.ts'
import { recordsLive } from '../../../actors/testkit/live-recorder.ts'
import { placedAt } from '../../../actors/testkit/queue-stub.ts'
import { recommendsFromCatalogue } from '../../../actors/testkit/recommending-stub.ts'
import { evaluateByRules } from '../../../pipeline/quality/evaluate-by-rules.ts'
import type { ObjectStore } from '../../../pipeline/task-runner/object-store.ts'
import { codeOf, ColloquyError, messageOf } from '../../../schemas/errors.ts'
import { PROFILE_KIND } from '../../../schemas/profile-events.ts'
import type { Address } from '../../../schemas/subjects.ts'
import { TRANSLATION_KIND } from '../../../schemas/translation-events.ts'
import { WRITER_KIND } from '../../../schemas/writing-events.ts'
import { between, chanceOf } from './chance.ts'
import { createPastAnswers } from './past-answers.ts'
import type { StartedRun, TaskOutcome } from './simulate-past.ts'

/** When what was different. */
export interface PastCalendar {
  /** The models fail and everything is slow. */
  isBadDay(atMs: number): boolean
  /** The version of the prompt that an actor gets; 0 is the built-in text. */
  promptVersionFor(id: string, atMs: number): number
  /** How many versions were released until then. */
  releasesAt(atMs: number): number
}

export interface PastTaskOptions {
  readonly kinds: Kinds
  readonly articles: readonly Article[]
  readonly understand: TaskCall<unknown>['understand']
  readonly calendar: PastCalendar
  /** Id of the profile of a customer. */
  readonly profileOf: (customer: string | number) => string
  /** Where tasks store what is too large for a record. */
  readonly objects: ObjectStore
}

/** Shares of runs that fail, on a good and on a bad day. */
const FAILING = { good: 0.004, bad: 0.45 } as const
/** Shares of runs that succeed at the second attempt. */
const LATE = { good: 0.01, bad: 0.3 } as const
/** Kinds that have no language model: the imitation can only quote. */
const WITHOUT_MODEL: readonly string[] = [TRANSLATION_KIND, WRITER_KIND, PROFILE_KIND]
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
export function createPastTasks({ kinds, articles, understand, calendar, profileOf, objects }: PastTaskOptions) {
  const shared = createPastAnswers()
  const topicFor = createPastTopics()
  const extract = createExtract(articles)
  const log = pino({ level: 'silent' })
  const nothing = async (): Promise<never> => {
    throw new ColloquyError('not_carried_out', 'the past of the demo has only what its kinds need')
  }

  return async ({ address: actor, started, atMs, seq }: StartedRun, contextOf: (address: Address) => unknown): Promise<TaskOutcome> => {
    const { run, task, input } = started
    const isBad = calendar.isBadDay(atMs)
    const [least, most] = DURATIONS[task] ?? OTHER_DURATION
    const took = { queueMs: between(1, isBad ? 900 : 12, run, 'queue'), durationMs: between(least, most, run) * (isBad ? SLOWNESS : 1) }
    const failure = { code: 'model_unavailable', message: 'the model demo-large answered 503' }
    if (task === 'answer' && chanceOf(run, 'fails') < (isBad ? FAILING.bad : FAILING.good)) {
      return { ...took, error: failure }
    }
    const isLate = task === 'answer' && chanceOf(run, 'late') < (isBad ? LATE.bad : LATE.good)
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
      hasModels: () => !WITHOUT_MODEL.includes(actor.kind),
      shareAnswer: shared(calendar.releasesAt(atMs), seq),
      customer: async (name) => {
        const profile = profileOf(name)
        const known = profileContextSchema.safeParse(contextOf({ tenant: actor.tenant, kind: PROFILE_KIND, id: profile })).data
        return { profile, facts: (known?.facts ?? []).map(({ about, value }) => ({ about, value })) }
      },
      // What is sent to many is sent when nobody is there yet.
      fanOut: async () => 0,
      ...recommendsFromCatalogue(),
      ...objects.of(actor, run),
      topicFor,
      promptFor: async (name, { builtIn, lang }) => ({
        promptVersion: `${name}@${version === 0 ? builtIn[lang].version : version}`,
        template: builtIn[lang].text,
        variables: knownVariables({ PERSONA: '', COMPANY: '', RULES: '' }, lang),
      }),
      searchIndex: noIndex,
      memory: noIndex,
      live: recordsLive('off'),
    }
    try {
      const output = await definition.run({ ...call, input: definition.input.parse(input) })
      return { ...took, output, ...(isLate && { attempts: 2, attemptError: failure }) }
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

/** Texts with one keyword are of one topic. */
function createPastTopics(): TaskCall<unknown>['topicFor'] {
  const topics = new Map<string, string>()
  return async ({ keywords }, newTopic) => {
    const known = keywords.map((word) => topics.get(word)).find((topic) => topic !== undefined)
    const topic = known ?? newTopic
    if (topic !== null) for (const word of keywords.slice(0, 2)) topics.set(word, topics.get(word) ?? topic)
    return topic
  }
}

const firstSentence = (text: string): string => /^.*?[.!?。！？](?=\s|$|[^.!?。！？\d])/su.exec(text)?.[0] ?? text
