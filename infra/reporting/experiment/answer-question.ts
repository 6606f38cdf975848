import type { GenerationQuery } from '../../../actors/definition/task-generation.ts'
import type { ChosenPrompt } from '../../../actors/definition/task-prompts.ts'
import { clipLines } from '../../../actors/kinds/support/clip.ts'
import { createExtract } from '../../../actors/kinds/support/extract.ts'
import { type Hit, HIT_CHARS_MAX, HITS_MAX } from '../../../actors/kinds/support/found.ts'
import { recallKnowledge } from '../../../actors/kinds/support/recall.ts'
import { buildPrompt } from '../../../actors/prompting/build-prompt.ts'
import { NO_ANSWER } from '../../../actors/prompting/built-in-prompts.ts'
import { readCitations } from '../../../actors/prompting/citations.ts'
import type { Generate } from '../../../pipeline/models/generate.ts'
import type { Search } from '../../../pipeline/search/search-answer.ts'
import type { DatasetQuestion } from './question-lines.ts'
import type { Variant } from './variant.ts'
import type { VariantAnswer } from './variant-answer.ts'
import { type ArmFor, writeByArm } from './write-by-arm.ts'

/** What a variant answers by. */
export interface VariantParts {
  readonly variant: Variant
  /** `undefined`: the best passage is quoted. */
  readonly generation: Generate | undefined
  readonly promptFor: (question: DatasetQuestion) => Promise<ChosenPrompt>
  /** Where the variant is an arm of a strategy: the questions are briefs of texts. */
  readonly armFor?: ArmFor | undefined
  readonly search: Search
  /** Of questions whose line has none. */
  readonly tenant: string
}

/**
 * Answers a question as `support` does, by a variant: looks it up, and has a model write the answer or quotes the best passage. With an arm
 * of a strategy it writes the text of a brief as `writer` does.
 */
export async function answerQuestion(parts: VariantParts, question: DatasetQuestion, signal: AbortSignal): Promise<VariantAnswer> {
  const { armFor, generation, variant } = parts
  if (armFor !== undefined && generation !== undefined) {
    return writeByArm(await armFor(question), { ...variant, generation, tenant: question.tenant ?? parts.tenant }, question, signal)
  }
  const startedMs = performance.now()
  const hits = await passagesFor(parts, question)
  const answer = parts.generation === undefined ? quote(question, hits) : await generate(parts, parts.generation, question, hits, signal)
  const { cited, ...rest } = answer
  const shown = cited.flatMap((index) => hits[index] ?? [])
  return {
    ...rest,
    latencyMs: performance.now() - startedMs,
    context: shown.map(({ title, text }) => `${title}\n${text}`.trim()),
    retrieval: shown.map(({ score }) => score),
  }
}

async function passagesFor({ variant, generation, search, tenant }: VariantParts, question: DatasetQuestion): Promise<Hit[]> {
  if (variant.passages === 'dataset') {
    return question.context
      .slice(0, HITS_MAX)
      .map((text) => ({ source: 'dataset', title: '', text: clipLines(text, HIT_CHARS_MAX), lang: null, score: 1 }))
  }
  const searchIndex = {
    search: async ({ q, limit }: { readonly q: string; readonly limit: number }) =>
      (await search({ tenant: question.tenant ?? tenant, q, in: 'knowledge', limit, ...variant.search })).hits,
    knowledgeVersion: () => Promise.resolve(undefined),
    knowledgeSeq: () => Promise.resolve(undefined),
  }
  const query = { text: question.query, about: null, topic: null, lang: question.lang }
  return recallKnowledge(searchIndex, query, [], { byMeaning: generation !== undefined })
}

interface Answered extends Omit<VariantAnswer, 'context' | 'retrieval' | 'latencyMs'> {
  readonly cited: readonly number[]
}

const extract = createExtract([])

function quote({ query, lang }: DatasetQuestion, hits: readonly Hit[]): Answered {
  const { passage, sources } = extract({ text: query, about: null, topic: null, lang, turns: [], hits: [...hits] })
  const cited = hits.flatMap(({ source, chunk }, index) => (source === sources[0]?.source && chunk === sources[0].chunk ? [index] : []))
  return { text: passage ?? null, cited: cited.slice(0, 1), model: 'extractive', cost: 0 }
}

async function generate(
  { variant, tenant, promptFor }: VariantParts,
  generation: Generate,
  question: DatasetQuestion,
  hits: readonly Hit[],
  signal: AbortSignal,
): Promise<Answered> {
  const { promptVersion, template, variables } = await promptFor(question)
  const messages = buildPrompt({ template, variables, passages: hits, message: question.query, lang: question.lang })
  const query: GenerationQuery = {
    messages,
    temperature: variant.temperature,
    tier: variant.tier,
    hints: { text: question.query, passageScores: hits.map(({ score }) => score) },
  }
  const { text, model, tokensIn, tokensOut, cost } = await generation(question.tenant ?? tenant, query, signal)
  const figures = {
    model,
    promptVersion,
    ...(tokensIn !== undefined && { tokensIn }),
    ...(tokensOut !== undefined && { tokensOut }),
    ...(cost !== undefined && { cost }),
  }
  if (text.includes(NO_ANSWER)) return { ...figures, text: null, cited: [] }
  return { ...figures, ...readCitations(text, hits.length) }
}
