import { setImmediate as nextTurn } from 'node:timers/promises'
import type { EvaluationQuery } from '../../actors/definition/task-evaluation.ts'
import { hasCode, messageOf } from '../../schemas/errors.ts'
import { EVALUATION_LIMITS } from '../../schemas/evaluation-request.ts'
import { ANSWER_JUDGED } from '../../schemas/events.ts'
import type { JudgedMessage } from '../../schemas/internal-messages.ts'
import { internalSubject, messageIdOf } from '../../schemas/subjects.ts'
import { publishDerivedLetter } from '../dispatcher/derived-letters.ts'
import { publishWithRetry, type RetryDeps } from '../jetstream/publish-with-retry.ts'
import type { JudgeEvaluator, Judgement } from './judge-evaluator.ts'
import type { PassageTexts } from './passage-texts.ts'
import type { QuestionTexts } from './question-texts.ts'
import type { RecordedAnswer } from './recorded-answers.ts'

/** What became of some answers. */
export interface Judged {
  readonly judged: number
  /** Their evaluator failed on them; they are in DEAD. */
  readonly failed: number
  /** LOG no longer has their question, or not the passages by which their task has scored them. */
  readonly skipped: number
}

export interface JudgeAnswersOptions {
  readonly evaluator: JudgeEvaluator
  readonly questions: QuestionTexts
  readonly passages: PassageTexts
  readonly publishing: RetryDeps
}

/** Other work of the thread comes in between evaluations after this time. */
const TURN_MS = 20

/** Names a judgement: an evaluator judges an answer once in each version. */
export const judgementId = ({ evaluator, version }: Pick<JudgeEvaluator, 'evaluator' | 'version'>, answer: string): string =>
  `judge:${evaluator}@${version}:${answer}`

/**
 * Returns a function that judges answers and publishes each judgement to its actor; it settles when INBOX has stored all. It may be
 * repeated: a judgement has the same id each time. An answer on which the evaluator fails goes to DEAD as `judge_failed`.
 *
 * @throws ColloquyError `judge_unavailable` where the evaluator's server is away; the reason of the signal
 */
export function createAnswerJudge({ evaluator, questions, passages, publishing }: JudgeAnswersOptions) {
  let turnStartedMs = 0
  const letOthersRun = async (): Promise<void> => {
    if (performance.now() - turnStartedMs < TURN_MS) return
    await nextTurn()
    turnStartedMs = performance.now()
  }
  const judgementOf = async (answer: RecordedAnswer): Promise<Judgement | Failure | undefined> => {
    const query = await queryOf(answer)
    if (query === undefined) return undefined
    await letOthersRun()
    publishing.signal.throwIfAborted()
    try {
      return await evaluator.evaluate(query, publishing.signal)
    } catch (error) {
      publishing.signal.throwIfAborted()
      if (hasCode(error, 'judge_unavailable')) throw error
      return new Failure(messageOf(error), { cause: error })
    }
  }
  const queryOf = async (answer: RecordedAnswer): Promise<EvaluationQuery | undefined> => {
    const query = await questions.of(answer)
    if (query === undefined) return undefined
    const cited = await passages.of(answer)
    // The task that scored it had the passages, and so knew more.
    if (answer.evaluatedBy !== undefined && answer.sources.length > 0 && cited.length === 0) return undefined
    const scores = cited.flatMap(({ score }) => (score === undefined ? [] : [Math.min(1, Math.max(0, score))]))
    return {
      query: cut(query, EVALUATION_LIMITS.queryCharsMax),
      response: cut(answer.text, EVALUATION_LIMITS.responseCharsMax),
      context: cited.map(({ text }) => text),
      retrieval: scores.length > 0 && scores.length === cited.length ? scores : undefined,
      lang: answer.questions.at(-1)?.lang?.slice(0, EVALUATION_LIMITS.langCharsMax),
    }
  }
  const judge = async (answer: RecordedAnswer): Promise<keyof Judged> => {
    const found = await judgementOf(answer)
    if (found === undefined) return 'skipped'
    if (!(found instanceof Failure)) {
      await publishJudgement(publishing, answer, found)
      return 'judged'
    }
    await publishFailure(publishing, evaluator, answer, found)
    return 'failed'
  }
  return async (answers: readonly RecordedAnswer[]): Promise<Judged> => {
    const ends = await Promise.all(answers.map(judge))
    const count = (end: keyof Judged): number => ends.filter((one) => one === end).length
    return { judged: count('judged'), failed: count('failed'), skipped: count('skipped') }
  }
}

class Failure extends Error {}

/** Longer questions and answers are judged by their beginning. */
const cut = (text: string, charsMax: number): string => (text.length <= charsMax ? text : text.slice(0, charsMax)).toWellFormed()

async function publishJudgement(deps: RetryDeps, answer: RecordedAnswer, judgement: Judgement): Promise<void> {
  const { address, seq, idx, id: answerId, at, caseNo, machine, questions, sent } = answer
  const id = judgementId(judgement, answerId)
  const given = { seq, idx, at, caseNo, machine, answered: [...questions], sent: { ...sent } }
  const message: JudgedMessage = { type: ANSWER_JUDGED, id, data: { ...judgement, answer: answerId, given } }
  const payload = JSON.stringify(message)
  // The ids of imported answers are unique in their actor only.
  await publishWithRetry(deps, internalSubject(address), payload, { msgId: messageIdOf(address, id, '') })
  deps.metrics.stageOut.inc({ stage: 'judge' })
}

async function publishFailure(
  deps: RetryDeps,
  { evaluator, version }: JudgeEvaluator,
  answer: RecordedAnswer,
  error: Error,
): Promise<void> {
  const { address, seq, at, id } = answer
  deps.log.warn({ ...address, seq, answer: id, err: error.cause }, 'an answer cannot be judged; publishing it to DEAD and going on')
  await publishDerivedLetter(deps, {
    reason: 'judge_failed',
    address,
    id: `dead-${messageIdOf(address, judgementId({ evaluator, version }, id), '')}`,
    logSeq: seq,
    at,
    error,
    payload: JSON.stringify({ answer: id, evaluator, version }),
  })
}
