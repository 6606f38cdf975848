import type { ObservedMessage } from '../../../actors/core/observed-messages.ts'
import {
  type DimensionScores,
  micros,
  readAnswerFeedback,
  readBy,
  readTranslatedScore,
  splitEvaluator,
} from '../../../schemas/event-readers.ts'
import { ANSWER_REVIEWED, type AnswerJudged } from '../../../schemas/events.ts'
import { DIMENSIONS, REVIEWER } from '../../../schemas/quality.ts'
import type { Row } from '../../../schemas/tables.ts'
import { money, type Source } from './row-columns.ts'

type ScoreRow = Row<'scores'>
type Given = Pick<ScoreRow, 'case_no' | 'machine' | 'committed_at' | 'turn' | 'answered_seq' | 'answered_idx'>
type Judged = Pick<ScoreRow, 'answer' | 'evaluator' | 'version' | 'provenance'>
type OfOverall = Pick<ScoreRow, 'reasons' | 'suggestions' | 'tokens_in' | 'tokens_out' | 'cost'>

const NONE: OfOverall = { reasons: [], suggestions: [], tokens_in: null, tokens_out: null, cost: null }

/** Rows of `scores` of the answers that a record emits: those of the task that answered. */
export function gateScoreRows(source: Source, messages: readonly ObservedMessage[]): ScoreRow[] {
  const { identity, record, seq, at } = source
  return messages.flatMap(({ idx, id, sent }) => {
    if (sent === undefined) return []
    const turn = record.answered?.findLast((question) => question.idx === idx)?.turn ?? null
    const given = { case_no: identity.case_no, machine: identity.machine, committed_at: at, turn, answered_seq: seq, answered_idx: idx }
    const judged = { answer: id, ...splitEvaluator(sent.evaluator), provenance: 'gate' }
    return evaluatedRows(source, given, judged, sent.scores, sent.quality, { ...NONE, reasons: sent.reasons })
  })
}

/** Rows of `scores` of the translations that a record emits. */
export function translationScoreRows(source: Source): ScoreRow[] {
  const { identity, record, seq, at } = source
  return record.emitted.flatMap((event, index) => {
    const read = readTranslatedScore(event)
    if (read === undefined) return []
    const { case_no, machine } = identity
    const given = { case_no, machine, committed_at: at, turn: null, answered_seq: seq, answered_idx: index + 1 }
    const judged = { answer: event.id, ...splitEvaluator(read.evaluator), provenance: 'gate' }
    return [rowOf(source, given, judged, 'overall', read.quality, { ...NONE, reasons: [...read.reasons] })]
  })
}

/** Rows of `scores` of a judgement of the role judge. */
export function judgedScoreRows(source: Source, data: AnswerJudged): ScoreRow[] {
  const { answer, evaluator, version, scores, overall, reasons, suggestions, given, tokensIn, tokensOut } = data
  const turn = given.answered.at(-1)?.turn ?? null
  const known = {
    case_no: given.caseNo,
    machine: given.machine,
    committed_at: given.at,
    turn,
    answered_seq: given.seq,
    answered_idx: given.idx,
  }
  return evaluatedRows(source, known, { answer, evaluator, version, provenance: 'judge' }, scores, overall, {
    reasons,
    suggestions,
    tokens_in: tokensIn ?? null,
    tokens_out: tokensOut ?? null,
    cost: money(micros(data.cost)),
  })
}

/** Rows of `scores` of what a customer, or a colleague, said about one answer. */
export function saidScoreRows(source: Source): ScoreRow[] {
  const { identity, record } = source
  const feedback = readAnswerFeedback(record.input.data)
  if (feedback === undefined) return []
  const { answer, rating, thumbs, comment, correction } = feedback
  const { type, attributes } = record.input
  const judged =
    type === ANSWER_REVIEWED
      ? { answer, evaluator: REVIEWER, version: readBy(attributes), provenance: REVIEWER }
      : { answer, evaluator: 'customer', version: '1', provenance: 'customer' }
  // No record tells when an answer with this id was decided. The first record of the actor is known in all of them.
  const given = {
    case_no: identity.case_no,
    machine: identity.machine,
    committed_at: record.case.firstAt,
    turn: null,
    answered_seq: null,
    answered_idx: null,
  }
  const row = (dimension: string, score: number, text: string | undefined): ScoreRow => ({
    ...rowOf(source, given, judged, dimension, score, NONE),
    comment: text ?? null,
  })
  return [
    ...(rating === undefined ? [] : [row('rating', rating, comment)]),
    ...(thumbs === undefined ? [] : [row('thumbs', thumbs === 'up' ? 1 : 0, comment)]),
    ...(correction === undefined ? [] : [row('correction', 0, correction)]),
  ]
}

function evaluatedRows(
  source: Source,
  given: Given,
  judged: Judged,
  scores: { readonly [Name in keyof DimensionScores]: number | null | undefined },
  overall: number | undefined,
  ofOverall: OfOverall,
): ScoreRow[] {
  const parts = DIMENSIONS.flatMap((dimension) => {
    const score = scores[dimension] ?? undefined
    return score === undefined ? [] : [rowOf(source, given, judged, dimension, score, NONE)]
  })
  return overall === undefined ? parts : [rowOf(source, given, judged, 'overall', overall, ofOverall), ...parts]
}

const rowOf = (
  { identity, seq, at }: Source,
  given: Given,
  judged: Judged,
  dimension: string,
  score: number,
  ofOverall: OfOverall,
): ScoreRow => ({
  ...identity,
  history: false,
  ...given,
  ...judged,
  dimension,
  score,
  ...ofOverall,
  comment: null,
  judged_at: at,
  last_seq: seq,
})
