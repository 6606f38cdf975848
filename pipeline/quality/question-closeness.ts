import type { QuestionVectors } from '../embedding/question-vectors.ts'
import { type Closeness, closenessOf, REFERENCES } from './rules/closeness.ts'
import type { Exchange } from './rules/exchange.ts'
import { scriptOf } from './rules/language.ts'
import { EMBEDDED_CHARS_MAX, EMBEDDED_SENTENCES_MAX } from './rules/rules-limits.ts'

/**
 * How close the passages are to the question, by an embedding model that is asked for all vectors at once. `undefined` where there is no
 * question or passage, where a vector is missing, or where they are of several models.
 *
 * @param own numbers of the sentences in which the answer's place is
 */
export async function questionCloseness(
  vectors: QuestionVectors,
  { question, sources }: Exchange,
  own: ReadonlySet<number>,
): Promise<Closeness | undefined> {
  if (question.trim() === '' || sources.texts.length === 0) return undefined
  const chosen = [...new Set([...own, ...sources.texts.keys()])].slice(0, EMBEDDED_SENTENCES_MAX)
  const sentences = chosen.map((index) => (sources.texts[index] ?? '').slice(0, EMBEDDED_CHARS_MAX))
  const references = REFERENCES[scriptOf(question) === 'Hani' ? 'zh' : 'en']
  const asked = vectors.of(question.slice(0, EMBEDDED_CHARS_MAX))
  const all = await Promise.all([asked, ...[...sentences, ...references].map((text) => vectors.of(text, 'passage'))]).catch(() => [])
  const found = all.flatMap(({ vector }) => (vector === undefined ? [] : [vector]))
  const [first] = found
  const isOneModel = new Set(all.map(({ fingerprint }) => fingerprint)).size === 1
  if (first === undefined || found.length < 1 + sentences.length + references.length || !isOneModel) return undefined
  const ownAmong = new Set(chosen.flatMap((index, at) => (own.has(index) ? [at] : [])))
  return closenessOf(first, found.slice(1, 1 + sentences.length), found.slice(1 + sentences.length), ownAmong)
}
