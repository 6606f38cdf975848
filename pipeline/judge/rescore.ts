import type { JetStreamContext } from '../jetstream/connection.ts'
import { logParser } from '../jetstream/log-message.ts'
import { openReader } from '../jetstream/ordered-reader.ts'
import type { RetryDeps } from '../jetstream/publish-with-retry.ts'
import { createRatePace } from '../runtime/rate-pace.ts'
import { createAnswerJudge, type Judged } from './judge-answers.ts'
import { covers, type JudgeEvaluator } from './judge-evaluator.ts'
import { createPassageTexts } from './passage-texts.ts'
import { createQuestionTexts } from './question-texts.ts'
import { answerKey, answersIn, mayHaveAnswer, mayHaveQuestion, type RecordedAnswer } from './recorded-answers.ts'

/** What a run of `rescore` did. */
export interface Rescored extends Judged {
  /** LOG sequence up to which it has read. */
  readonly to: number
  /** Answers that it found, and those of them that have a judgement of this version, or of a newer one. */
  readonly answers: number
  readonly known: number
}

export interface RescoreOptions extends Pick<RetryDeps, 'log' | 'metrics'> {
  readonly jetstream: JetStreamContext
  readonly evaluator: JudgeEvaluator
  /** The first LOG sequence; default 1. */
  readonly from?: number | undefined
  /** The last LOG sequence. */
  readonly to: number
  /** Default: all tenants. */
  readonly tenant?: string | undefined
  /** Judgements a second. */
  readonly rateMax: number
  /** Keys of those answers that have a judgement of this version of the evaluator, or of a newer one. */
  readonly judgedBefore: (answers: readonly RecordedAnswer[]) => Promise<ReadonlySet<string>>
  readonly signal: AbortSignal
  /** Called with the LOG sequence that was read. */
  readonly onProgress?: (seq: number) => void
}

/** Answers that are looked up and judged together. */
const ANSWERS_MAX = 256
const FETCH_AHEAD_MAX = 2_000

/**
 * Judges the answers in LOG that lack a judgement of this version of an evaluator. It publishes judgements and nothing else, with the ids
 * that the role `judge` gives them. An answer with a judgement of a newer version is left out.
 *
 * @throws ColloquyError `judge_unavailable`; `interrupted`; the reason of the signal
 */
export async function rescore(options: RescoreOptions): Promise<Rescored> {
  const { jetstream, evaluator, from = 1, to, tenant, signal, log, metrics } = options
  const parse = await logParser(jetstream)
  const questions = createQuestionTexts(jetstream, parse)
  const passages = createPassageTexts(jetstream)
  const judge = createAnswerJudge({ evaluator, questions, passages, publishing: { publisher: jetstream.publisher, log, metrics, signal } })
  const pace = createRatePace(options.rateMax)
  let sum = { to: from - 1, answers: 0, known: 0, judged: 0, failed: 0, skipped: 0 }
  let found: RecordedAnswer[] = []
  const flush = async (): Promise<void> => {
    const answers = found
    found = []
    const before = answers.length === 0 ? new Set() : await options.judgedBefore(answers)
    const lacking = answers.filter((answer) => !before.has(answerKey(answer)) && !isJudgedInRecord(evaluator, answer))
    for (const _ of lacking) await pace.next(signal)
    const { judged, failed, skipped } = await judge(lacking)
    sum = {
      to: sum.to,
      answers: sum.answers + answers.length,
      known: sum.known + answers.length - lacking.length,
      judged: sum.judged + judged,
      failed: sum.failed + failed,
      skipped: sum.skipped + skipped,
    }
  }
  if (to < from) return sum
  const filterSubjects = tenant === undefined ? [] : [`log.*.${tenant}.>`]
  const reader = await openReader(jetstream, { stream: 'LOG', filterSubjects, startSeq: from, to, messagesMax: FETCH_AHEAD_MAX })
  for await (const message of reader) {
    signal.throwIfAborted()
    if (mayHaveQuestion(message.data)) questions.keep(message)
    if (mayHaveAnswer(message.data)) {
      const { record, address } = parse(message)
      if (record !== undefined) found.push(...answersIn(address, record, message.seq))
    }
    sum = { ...sum, to: message.seq }
    if (found.length >= ANSWERS_MAX) await flush()
    options.onProgress?.(message.seq)
  }
  await flush()
  return { ...sum, to }
}

/** Whether the task that answered has evaluated it by this version, or by a newer one. */
function isJudgedInRecord({ evaluator, version }: JudgeEvaluator, { evaluatedBy = '' }: RecordedAnswer): boolean {
  const prefix = `${evaluator}@`
  return evaluatedBy.startsWith(prefix) && covers(evaluatedBy.slice(prefix.length), version)
}
