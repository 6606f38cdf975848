import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { createPassageTexts } from '../../pipeline/judge/passage-texts.ts'
import { readSent } from '../../schemas/event-readers.ts'
import { parseJson } from '../../schemas/json.ts'
import type { AnswerRow } from './answer-rows.ts'

/** A line of a dataset: what `POST /v1/evaluate` and `npm run eval -- quality` take, and where it comes from. */
export interface DatasetLine {
  readonly query: string
  readonly response: string
  /** The passages that the answer cites, best first. */
  readonly context: readonly string[]
  /** Absent where unknown. */
  readonly lang?: string
  /** 1: a person found the answer good, 0: bad; absent where nobody has said. */
  readonly label?: 0 | 1
  readonly tenant: string
  /** Kind of the actor. */
  readonly kind: string
  readonly actor: string
  readonly answer: string
  readonly quality: number | null
  readonly evaluator: string | null
  readonly scores: Readonly<Record<'relevance' | 'completeness' | 'coherence' | 'groundedness', number | null>>
  readonly reasons: readonly string[]
  readonly rating: number | null
  readonly thumbs?: string
  readonly correction?: string
}

/** Returns a function that makes a line of a recorded answer. It reads the passages from LOG. */
export function createDatasetLines(jetstream: Pick<JetStreamContext, 'jsm'>): (row: AnswerRow) => Promise<DatasetLine> {
  const passages = createPassageTexts(jetstream)
  return async (row) => {
    const { query, response, lang, tenant, kind, actor, answer, quality, evaluator, reasons, rating, thumbs, correction } = row
    const { relevance, completeness, coherence, groundedness } = row
    const sources = readSent({ text: '', sources: parseJson(row.cited) })?.sources ?? []
    const context = await passages.of({ address: { tenant, kind, id: actor }, sources })
    const label = labelOf(row)
    return {
      query,
      response,
      context: context.map((passage) => passage.text),
      ...(lang !== '' && { lang }),
      ...(label !== undefined && { label }),
      tenant,
      kind,
      actor,
      answer,
      quality,
      evaluator,
      scores: { relevance, completeness, coherence, groundedness },
      reasons,
      rating,
      ...(thumbs !== '' && { thumbs }),
      ...(correction !== '' && { correction }),
    }
  }
}

/** A rating has the scale of its kind, so that it is no label. */
const labelOf = ({ thumbs, correction }: Pick<AnswerRow, 'thumbs' | 'correction'>): 0 | 1 | undefined => {
  if (correction !== '' || thumbs === 'down') return 0
  return thumbs === 'up' ? 1 : undefined
}
