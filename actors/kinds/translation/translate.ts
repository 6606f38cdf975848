import { z } from 'zod'
import type { ErrorCode } from '../../../schemas/error-codes.ts'
import { codeOf } from '../../../schemas/errors.ts'
import { languageCode } from '../../../schemas/glossary.ts'
import { termPair, TRANSLATION_LIMITS, translationFacts } from '../../../schemas/translation-events.ts'
import { defineTask, type TaskCall } from '../../definition/task-definition.ts'
import type { Generated, GenerationMessage } from '../../definition/task-generation.ts'
import { buildTranslation } from '../../prompting/build-translation.ts'
import { TRANSLATE_PROMPT, TRANSLATE_PROMPTS } from '../../prompting/built-in-prompts.ts'
import { unfitAnswer } from '../../prompting/unfit-answer.ts'
import { checkTranslation, TRANSLATION_EVALUATOR } from './check-translation.ts'
import { glossaryTerms, missingTerms, readTranslation, rememberedTerms } from './terms.ts'

const { textCharsMax, termsMax } = TRANSLATION_LIMITS
/** Earlier messages that a model is told, and characters of one. */
export const [TURNS_MAX, TURN_CHARS_MAX] = [4, 300]

export const translateInput = z.object({
  text: z.string().max(textCharsMax),
  from: languageCode,
  to: languageCode,
  /** Terms that the conversation has translated, in this direction. */
  remembered: z.array(termPair).max(termsMax),
  turns: z.array(z.string().max(TURN_CHARS_MAX)).max(TURNS_MAX),
})

export const translateOutput = z.object({
  /** `null`: there is no translation. */
  text: z.string().nullable(),
  /** Why there is none. */
  problem: z.string().max(128).optional(),
  /** Terms of the message as they are translated. */
  terms: z.array(termPair).max(termsMax).optional(),
  ...translationFacts,
})
export type Translated = z.output<typeof translateOutput>

/** All attempts together, with the wait for a place. */
const DEADLINE_MS = 120_000
const ATTEMPTS_MAX = 2
const CONCURRENCY_MAX = 64
const TOKENS_MIN = 300
/** Tokens of an answer for a character of the message. */
const TOKENS_PER_CHAR = 2
/** UTF-16 units of a translation; more is cut. */
const TRANSLATION_CHARS_MAX = 8_000

/** What translating needs of a task. */
export type TranslateCall = Pick<
  TaskCall<z.output<typeof translateInput>>,
  'input' | 'hasModels' | 'promptFor' | 'generate' | 'glossary' | 'attempt' | 'signal'
>

const sum = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? undefined : one + other

/** What a translation took; a sum where it was tried twice. */
function tookOf({ model, tier, tierReason, tokensIn, tokensOut, cost }: Generated, before?: Generated): Partial<Translated> {
  const spent = {
    tokensIn: before === undefined ? tokensIn : sum(before.tokensIn, tokensIn),
    tokensOut: before === undefined ? tokensOut : sum(before.tokensOut, tokensOut),
    cost: before === undefined ? cost : sum(before.cost, cost),
  }
  const known = Object.fromEntries(Object.entries(spent).filter(([, value]) => value !== undefined))
  return { model, tier, tierReason, ...known }
}

const AGAIN = {
  en: (reasons: readonly string[]) => `That translation has faults: ${reasons.join('; ')}. Write it again without them, in the same form.`,
  zh: (reasons: readonly string[]) => `这个译文有问题：${reasons.join('；')}。请按同样的格式重写，去掉这些问题。`,
} as const

/**
 * Has a model translate a message. The terms of the tenant's glossary and of the conversation are told to it and looked for in its
 * answer; one with a fault is asked for once again, and of the two the better one is kept, with the faults that it has. A failure that
 * another attempt may mend is thrown, until the last one.
 */
export async function translate(call: TranslateCall): Promise<Translated> {
  const { input, generate, signal } = call
  if (!call.hasModels()) return { text: null, problem: 'no_model' satisfies ErrorCode }
  const { text: original, from, to, remembered, turns } = input
  const lang = to.startsWith('zh') ? 'zh' : 'en'
  try {
    const enforced = glossaryTerms(await call.glossary(), original, from, to)
    const terms = [...enforced, ...rememberedTerms(remembered, enforced, original)]
    const { promptVersion, ...prompt } = await call.promptFor(TRANSLATE_PROMPT, { builtIn: TRANSLATE_PROMPTS, lang })
    const messages = buildTranslation({ ...prompt, lang, from, to, text: original, terms, turns })
    const ask = async (asked: readonly GenerationMessage[]) => {
      const generated = await generate({
        messages: asked,
        tier: 'auto',
        hints: { text: original },
        tokensOutMax: Math.max(TOKENS_MIN, original.length * TOKENS_PER_CHAR),
        refuse: (answer) => refusalOf(readTranslation(answer, original).text),
      })
      const read = readTranslation(generated.text, original)
      const text = read.text.slice(0, TRANSLATION_CHARS_MAX).toWellFormed()
      return { generated, text, found: read.terms, check: checkTranslation({ original, text, from, to, terms }) }
    }
    const first = await ask(messages)
    const again: GenerationMessage[] = [
      ...messages,
      { role: 'assistant', content: first.generated.text },
      { role: 'user', content: AGAIN[lang](first.check.reasons) },
    ]
    const second = first.check.reasons.length === 0 ? undefined : await ask(again).catch((error: unknown) => afterFirst(error, signal))
    const best = second !== undefined && second.check.quality >= first.check.quality ? second : first
    const missing = missingTerms(terms, best.text)
    const told = terms.filter((pair) => !missing.includes(pair))
    const others = best.found.filter(([term]) => !terms.some(([known]) => known === term))
    return {
      text: best.text,
      terms: [...told, ...others].slice(0, termsMax),
      promptVersion,
      ...(second === undefined ? tookOf(first.generated) : tookOf(second.generated, first.generated)),
      model: best.generated.model,
      ...best.check,
      reasons: [...best.check.reasons],
      evaluator: TRANSLATION_EVALUATOR,
    }
  } catch (error) {
    signal.throwIfAborted()
    if (call.attempt < ATTEMPTS_MAX && codeOf(error) !== 'no_model' && codeOf(error) !== 'model_budget') throw error
    return { text: null, problem: (codeOf(error) ?? 'error').slice(0, 128) }
  }
}

/** Small models repeat the tags around the message in place of a translation. */
const refusalOf = (text: string): string[] => (text === '' ? ['empty'] : unfitAnswer(text))

/** The first answer stands where there is no second one. */
function afterFirst(_error: unknown, signal: AbortSignal): undefined {
  signal.throwIfAborted()
}

/** The task `translate`. */
export const translateTask = defineTask({
  input: translateInput,
  output: translateOutput,
  deadlineMs: DEADLINE_MS,
  attemptsMax: ATTEMPTS_MAX,
  concurrencyMax: CONCURRENCY_MAX,
  run: translate,
})
