import { cosine } from '../../../pipeline/embedding/cosine.ts'
import type { Answer } from './questions.ts'

type Rows = Answer<'unanswered'>
type Row = Rows[number]

/** Texts from which the similarity of texts that have nothing in common can be told. */
const TEXTS_MIN = 8
/** With fewer texts, only those that nearly say the same are joined. */
const SIMILARITY_OF_FEW = 0.9
/** How far the similarity of two texts must be above that of any two, on the way to 1. */
const NEARNESS_MIN = 0.5
const SIMILARITY_MIN = 0.5

/**
 * Joins the rows whose questions mean nearly the same. The most frequent question leads a group; each following one joins the leader that
 * it is most similar to, or leads a group of its own. Models differ in the similarity of texts that have nothing in common (0 for words,
 * 0.8 for some); it is measured as the median of all pairs. Deterministic. Rows without a vector stay as they are.
 *
 * @param rows at most 501: the time grows with the square of their number.
 * @param vectors vectors of length 1, by `text_key`
 */
export function groupByMeaning(rows: Rows, vectors: ReadonlyMap<string, Float32Array>): Rows {
  const vectorOf = ({ text_key: key }: Row): Float32Array | undefined => (key === null ? undefined : vectors.get(key))
  const parts = rows.filter(({ total }) => !total)
  const min = similarityMin(parts.flatMap((row) => vectorOf(row) ?? []))
  const groups: { row: Row; readonly vector: Float32Array | undefined }[] = []
  for (const row of parts) {
    const vector = vectorOf(row)
    const [nearest] = groups
      .flatMap((group) => {
        const similarity = vector === undefined || group.vector === undefined ? -1 : cosine(vector, group.vector)
        return similarity >= min ? [{ group, similarity }] : []
      })
      .sort((a, b) => b.similarity - a.similarity)
    if (nearest === undefined) groups.push({ row, vector })
    else nearest.group.row = joined(nearest.group.row, row)
  }
  const all = groups.map(({ row }) => row).sort((a, b) => b.asked - a.asked)
  return [...rows.filter(({ total }) => total), ...all]
}

const joined = (leader: Row, row: Row): Row => ({
  ...leader,
  asked: leader.asked + row.asked,
  wordings: leader.wordings + row.wordings,
  no_reply: leader.no_reply + row.no_reply,
  last_at: [leader.last_at, row.last_at].reduce((latest, at) => ((at ?? '') > (latest ?? '') ? at : latest), null),
})

/** The similarity from which two texts count as near. */
function similarityMin(vectors: readonly Float32Array[]): number {
  if (vectors.length < TEXTS_MIN) return SIMILARITY_OF_FEW
  const similarities = vectors.flatMap((one, index) => vectors.slice(index + 1).map((other) => cosine(one, other)))
  const usual = similarities.sort((a, b) => a - b)[Math.floor(similarities.length / 2)] ?? 0
  return Math.max(SIMILARITY_MIN, usual + (1 - usual) * NEARNESS_MIN)
}
