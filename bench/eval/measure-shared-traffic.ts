import { normalisedQuestion } from '../../pipeline/answering/answer-entry.ts'
import { questionForm } from '../../pipeline/answering/question-form.ts'
import { differenceOf } from '../../pipeline/answering/same-question.ts'
import { cosine } from '../../pipeline/embedding/cosine.ts'
import type { LocalEmbedder } from '../../pipeline/embedding/embedder.ts'
import type { IntentExample } from '../../pipeline/understanding/intents/bad-examples.ts'
import { questionOf } from './measure-cached-answers.ts'

/** What became of questions that customers really asked, one after the other, had each answer been kept. As shares from 0 to 1. */
export interface TrafficFigures {
  readonly lang: 'en' | 'zh'
  readonly set: string
  readonly model: string
  readonly threshold: number
  readonly questions: number
  /** Questions that equal an earlier one. */
  readonly equal: number
  /** Further questions for which an earlier one says the same. */
  readonly similar: number
  /** Of these, those whose earlier question has another intent. Some have: an intent is a label, and labels differ for one text. */
  readonly otherIntent: number
}

interface Asked {
  readonly text: string
  readonly intents: string
  readonly vector: Float32Array
}

/** @param threshold the least cosine */
export async function measureTraffic(
  lang: 'en' | 'zh',
  { name: set, examples }: { readonly name: string; readonly examples: readonly IntentExample[] },
  model: { readonly name: string; readonly embedder: Pick<LocalEmbedder, 'embed'> },
  threshold: number,
): Promise<TrafficFigures> {
  const seen = new Set<string>()
  // Only questions of the same words can say the same.
  const groups = new Map<string, { readonly text: string; readonly intents: string }[]>()
  let equal = 0
  for (const { text, intents } of examples) {
    const normalised = normalisedQuestion(text)
    if (seen.has(normalised)) equal += 1
    seen.add(normalised)
    const key = [...questionForm(text, [], lang).content.keys()].sort().join(' ')
    const group = groups.get(key) ?? []
    if (!group.some((other) => normalisedQuestion(other.text) === normalised)) group.push({ text, intents: [...intents].sort().join() })
    groups.set(key, group)
  }
  let [similar, otherIntent] = [0, 0]
  for (const group of groups.values()) {
    if (group.length === 1) continue
    const vectors = await model.embedder.embed(
      group.map(({ text }) => text),
      'query',
    )
    const asked = group.flatMap((one, at): Asked[] => (vectors[at] === undefined ? [] : [{ ...one, vector: vectors[at] }]))
    for (const [at, question] of asked.entries()) {
      const nearest = asked
        .slice(0, at)
        .map((other) => ({ other, similarity: cosine(question.vector, other.vector) }))
        .filter(({ other, similarity }) => similarity >= threshold && isSame(question, other, lang))
        .sort((one, other) => other.similarity - one.similarity)[0]
      if (nearest === undefined) continue
      similar += 1
      if (nearest.other.intents !== question.intents) otherIntent += 1
    }
  }
  const share = (count: number, of: number): number => Math.round((count / Math.max(1, of)) * 1_000) / 1_000
  const questions = examples.length
  return {
    lang,
    set,
    model: model.name,
    threshold,
    questions,
    equal: share(equal, questions),
    similar: share(similar, questions),
    otherIntent: share(otherIntent, similar),
  }
}

const isSame = (one: Asked, other: Asked, lang: 'en' | 'zh'): boolean =>
  differenceOf(questionOf(one.text, lang), questionOf(other.text, lang)) === undefined
