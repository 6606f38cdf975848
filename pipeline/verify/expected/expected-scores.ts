import {
  isConversation,
  readAnswerFeedback,
  readBy,
  readJudged,
  readSent,
  readTranslatedScore,
  type Sent,
  splitEvaluator,
} from '../../../schemas/event-readers.ts'
import type { AnswerJudged } from '../../../schemas/events.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import type { ExpectedValue } from '../canonical-text.ts'
import { emittedInCase } from './expected-messages.ts'
import type { Question, Step, Tally } from './tally.ts'

type Columns = Record<string, ExpectedValue>

/** What the record says of an answer that an earlier record gave: a judgement of the role judge. */
export const judgementIn = (record: LogRecord): AnswerJudged | undefined =>
  record.outcome === 'committed' && record.input.type === 'answer.judged' && isConversation(record.label)
    ? readJudged(record.input.data)
    : undefined

/** The rows of `scores` of a record, without the actor. */
export function scoresOf(record: LogRecord, seq: number, tally: Tally, { messages, answered }: Step): Columns[] {
  const judgement = judgementIn(record)
  const base = { history: false, judged_at: record.at, last_seq: seq }
  const gates = messages.sent.flatMap(([idx, sent]) =>
    byDimension({ ...sent.scores, overall: sent.quality }).map(([dimension, score]): Columns => ({
      ...base,
      ...UNKNOWN,
      ...splitEvaluator(sent.evaluator),
      case_no: tally.case.no,
      machine: record.machine,
      provenance: 'gate',
      committed_at: record.at,
      answer: record.emitted[idx - 1]?.id ?? '',
      answered_seq: seq,
      answered_idx: idx,
      turn: answered.find((one) => one.idx === idx && one.isNewest)?.turn ?? null,
      dimension,
      score,
      ...(dimension === 'overall' && { reasons: sent.reasons }),
    })),
  )
  const translations = emittedInCase(record).flatMap((event, index): Columns[] => {
    const { quality, evaluator, reasons } = readTranslatedScore(event) ?? {}
    if (quality === undefined) return []
    const translation = { ...base, ...UNKNOWN, ...splitEvaluator(evaluator), case_no: tally.case.no, machine: record.machine }
    const place = { provenance: 'gate', committed_at: record.at, answer: event.id, answered_seq: seq, answered_idx: index + 1 }
    return [{ ...translation, ...place, dimension: 'overall', score: quality, reasons: reasons ?? [] }]
  })
  const judges = judgement === undefined ? [] : judgedScores(judgement)
  const own = [...judges, ...saidScores(record, tally)].map((row): Columns => ({ ...base, ...UNKNOWN, ...row }))
  return [...gates, ...translations, ...own]
}

const UNKNOWN = { reasons: [], suggestions: [], comment: null, turn: null, tokens_in: null, tokens_out: null, cost: null } as const

const byDimension = (scores: Readonly<Record<string, number | null | undefined>>): [string, number][] =>
  Object.entries(scores).flatMap(([dimension, score]) => (typeof score === 'number' ? [[dimension, score]] : []))

function judgedScores({ answer, evaluator, version, scores, overall, reasons, suggestions, given, ...cost }: AnswerJudged): Columns[] {
  const spent = { tokens_in: cost.tokensIn ?? null, tokens_out: cost.tokensOut ?? null, cost: microsOf(cost.cost) }
  return byDimension({ ...scores, overall }).map(([dimension, score]) => ({
    case_no: given.caseNo,
    machine: given.machine,
    committed_at: given.at,
    answer,
    evaluator,
    version,
    dimension,
    score,
    provenance: 'judge',
    turn: given.answered.reduce<number | null>((_, { turn }) => turn, null),
    answered_seq: given.seq,
    answered_idx: given.idx,
    ...(dimension === 'overall' && { reasons, suggestions, ...spent }),
  }))
}

/** An amount that is no exact number of millionths is unknown. */
function microsOf(cost: number | undefined): number | null {
  const micros = Math.round((cost ?? NaN) * 1_000_000)
  return Number.isSafeInteger(micros) ? micros : null
}

function saidScores({ input, outcome, machine, label }: LogRecord, { firstAt, case: { no } }: Tally): Columns[] {
  const isReview = input.type === 'answer.reviewed'
  const isFeedback = outcome === 'committed' && (isReview || input.type === 'feedback.given') && isConversation(label)
  const feedback = isFeedback ? readAnswerFeedback(input.data) : undefined
  if (feedback === undefined) return []
  const { answer, rating, thumbs, comment = null, correction } = feedback
  const scores: [string, number | undefined, string | null][] = [
    ['rating', rating, comment],
    ['thumbs', thumbs && Number(thumbs === 'up'), comment],
    ['correction', correction === undefined ? undefined : 0, correction ?? null],
  ]
  return scores.flatMap(([dimension, score, text]) =>
    score === undefined
      ? []
      : [
          {
            case_no: no,
            machine,
            committed_at: firstAt,
            answer,
            evaluator: isReview ? 'reviewer' : 'customer',
            version: isReview ? readBy(input.attributes) : '1',
            dimension,
            score,
            provenance: isReview ? 'reviewer' : 'customer',
            comment: text,
            answered_seq: null,
            answered_idx: null,
          },
        ],
  )
}

/** A turn that a judgement scores again, with what its answer stated. */
export interface JudgedTurn {
  readonly question: Question
  readonly isNewest: boolean
  readonly sent: Partial<Sent>
}

/** The turns that the judged answer answered, oldest first. */
export const judgedTurns = ({ given, overall, evaluator, version }: AnswerJudged): JudgedTurn[] =>
  given.answered.map((asked, index) => ({
    question: {
      turn: asked.turn,
      id: asked.id,
      seq: asked.seq === 0 ? given.seq : (asked.seq ?? null),
      at: asked.at,
      committedAt: asked.committedAt,
      isHistory: asked.history === true,
      lang: asked.lang ?? null,
      intent: asked.intent ?? null,
      confidence: asked.confidence ?? null,
    },
    isNewest: index === given.answered.length - 1,
    sent: readSent({ ...given.sent, text: '', quality: overall, evaluator: `${evaluator}@${version}` }) ?? {},
  }))
