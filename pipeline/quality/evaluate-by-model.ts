import { APICallError, generateText, NoObjectGeneratedError, Output } from 'ai'
import pLimit from 'p-limit'
import { z } from 'zod'
import type { EvaluationQuery } from '../../actors/definition/task-evaluation.ts'
import { codeOf, ColloquyError, messageOf } from '../../schemas/errors.ts'
import { jsonIn } from '../../schemas/json.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import { type Evaluation, MODEL_EVALUATOR, REASON_CHARS_MAX, type Scores } from '../../schemas/quality.ts'
import { endpointModel, type ModelEndpoint, withoutThinking } from '../models/endpoint-model.ts'
import { costOf, type TokenPrice } from '../models/model-cost.ts'
import { withRetry } from '../runtime/retry.ts'
import { judgedTexts, RUBRIC, RUBRIC_REASONS, RUBRIC_VERSION } from './rubric.ts'

/** A judgement of a model, with what it cost; absent where the endpoint does not say. */
export interface ModelEvaluation extends Evaluation {
  readonly tokensIn?: number
  readonly tokensOut?: number
  readonly cost?: number
}

export interface ModelEvaluatorOptions extends ModelEndpoint {
  /** Price of a million tokens, read and written. Default: unknown. */
  readonly price?: TokenPrice | undefined
  /** Milliseconds for one judgement, from the request to the last byte. Default 30,000. */
  readonly timeoutMs?: number
  /** Requests of this process at a time. Default 4. */
  readonly concurrencyMax?: number
  /** The shortest pause before a judgement is asked for again. Default 500. */
  readonly pauseMsMin?: number
}

/** A language model that judges answers by a rubric. */
export interface ModelEvaluator {
  readonly evaluator: typeof MODEL_EVALUATOR
  /** The versions of the rubric and the name of the model: another model gives other scores. */
  readonly version: string
  /**
   * @throws ColloquyError `judge_unavailable` if the endpoint is away, overloaded, or refuses the key or the model; `judge_failed` if it
   * gives no judgement in the form that it was asked for, or none in time, also when asked again
   */
  evaluate(query: EvaluationQuery, signal?: AbortSignal): Promise<ModelEvaluation>
}

const TIMEOUT_MS = 30_000
const REQUESTS_MAX = 4
/** Tokens of a judgement, with a model's reasoning. */
const TOKENS_OUT_MAX = 1_500
/** How often a judgement is asked for again. */
const RETRIES_MAX = 2
const PAUSE_MS_MIN = 500
const PAUSE_MS_MAX = 5_000
const VERSION_CHARS_MAX = 64
const SUGGESTIONS_MAX = 3

const GRADE_MAX = 4
const grade = z.int().min(0).max(GRADE_MAX)
const judgementSchema = z.object({
  relevance: grade,
  completeness: grade,
  coherence: grade,
  groundedness: grade.nullable(),
  reasons: z.array(z.string()).default([]),
  suggestions: z.array(z.string()).default([]),
})
type Grades = z.output<typeof judgementSchema>
/** With passages, an answer can be compared with them. */
const groundedSchema = judgementSchema.extend({ groundedness: grade })

/** What a dimension weighs in the overall score: an answer about something else, or with invented facts, is no good answer. */
const WEIGHTS = { relevance: 2, completeness: 1, coherence: 1, groundedness: 2 } as const

/** Creates an evaluator by a model behind an endpoint with OpenAI's chat completions API. */
export function createModelEvaluator(options: ModelEvaluatorOptions): ModelEvaluator {
  const { baseUrl, model: name, price, timeoutMs = TIMEOUT_MS, pauseMsMin = PAUSE_MS_MIN } = options
  const model = withoutThinking(endpointModel(options))
  const limit = pLimit(options.concurrencyMax ?? REQUESTS_MAX)
  const version = `${RUBRIC_VERSION}-${name}`.slice(0, VERSION_CHARS_MAX).toWellFormed()

  const ask = async (query: EvaluationQuery, signal: AbortSignal | undefined): Promise<ModelEvaluation> => {
    signal?.throwIfAborted()
    const timeout = AbortSignal.timeout(timeoutMs)
    const { output, usage } = await generateText({
      model,
      instructions: RUBRIC,
      messages: [{ role: 'user', content: judgedTexts(query) }],
      // Few endpoints take a JSON schema; the rubric has the form, and the schema checks it.
      output: Output.json(),
      temperature: 0,
      maxOutputTokens: TOKENS_OUT_MAX,
      maxRetries: 0,
      abortSignal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    }).catch((error: unknown) => {
      signal?.throwIfAborted()
      if (timeout.aborted) throw failed(`no judgement from ${baseUrl} within ${timeoutMs} ms`, error)
      const fenced = NoObjectGeneratedError.isInstance(error) ? jsonIn(error.text ?? '') : undefined
      if (!NoObjectGeneratedError.isInstance(error) || fenced === undefined || error.usage === undefined) throw asJudgeError(error, baseUrl)
      return { output: fenced, usage: error.usage }
    })
    const hasContext = (query.context ?? []).length > 0
    const grades = (hasContext ? groundedSchema : judgementSchema).safeParse(output, IN_WORDS)
    if (!grades.success) throw failed(`the model at ${baseUrl} ${OTHER_FORM}: ${zodProblem(grades.error, '')}`, grades.error)
    const { inputTokens: tokensIn, outputTokens: tokensOut } = usage
    const hasTokens = tokensIn !== undefined && tokensOut !== undefined
    return { ...evaluationOf(grades.data, hasContext), version, ...(hasTokens && { tokensIn, tokensOut }), ...costOf(usage, price) }
  }
  return {
    evaluator: MODEL_EVALUATOR,
    version,
    evaluate: (query, signal) =>
      limit(() =>
        withRetry(() => ask(query, signal), { pauses: { minMs: pauseMsMin, maxMs: PAUSE_MS_MAX }, retriesMax: RETRIES_MAX, signal }),
      ),
  }
}

function evaluationOf({ reasons, suggestions, ...grades }: Grades, hasContext: boolean): Omit<ModelEvaluation, 'version'> {
  const share = (given: number): number => given / GRADE_MAX
  const scores: Scores = {
    relevance: share(grades.relevance),
    completeness: share(grades.completeness),
    coherence: share(grades.coherence),
    groundedness: hasContext && grades.groundedness !== null ? share(grades.groundedness) : null,
  }
  return {
    evaluator: MODEL_EVALUATOR,
    scores,
    overall: overallOf(scores),
    reasons: RUBRIC_REASONS.filter((reason) => reasons.includes(reason)),
    suggestions: suggestions.slice(0, SUGGESTIONS_MAX).map((text) => text.slice(0, REASON_CHARS_MAX).toWellFormed()),
  }
}

function overallOf({ relevance, completeness, coherence, groundedness }: Scores): number {
  const known = [
    [relevance, WEIGHTS.relevance],
    [completeness, WEIGHTS.completeness],
    [coherence, WEIGHTS.coherence],
    ...(groundedness === null ? [] : [[groundedness, WEIGHTS.groundedness] as const]),
  ] as const
  const sum = known.reduce((total, [score, weight]) => total + score * weight, 0)
  return sum / known.reduce((total, [, weight]) => total + weight, 0)
}

/** Statuses that say nothing about the answer: the endpoint is overloaded or away, or refuses all requests alike. */
const AWAY: ReadonlySet<number> = new Set([401, 402, 403, 404, 408, 429, 502, 503, 504])
/** Codes of a connection that could not be made. */
const NO_CONNECTION: ReadonlySet<string | undefined> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])

function asJudgeError(error: unknown, baseUrl: string): ColloquyError {
  const status = APICallError.isInstance(error) ? error.statusCode : undefined
  if ((status !== undefined && AWAY.has(status)) || isUnreachable(error)) {
    const what = status === undefined ? `does not answer (${messageOf(error)})` : `answers ${status}`
    return new ColloquyError('judge_unavailable', `${baseUrl} ${what}; check COLLOQUY_LLM_BASE_URL, COLLOQUY_LLM_MODEL and its key`, {
      cause: error,
    })
  }
  const what = NoObjectGeneratedError.isInstance(error) ? OTHER_FORM : 'gave no judgement'
  return failed(`the model at ${baseUrl} ${what}: ${messageOf(error).slice(0, ERROR_CHARS_MAX)}`, error)
}

const ERROR_CHARS_MAX = 500
const OTHER_FORM = 'gave no judgement in the form that it was asked for'

const failed = (message: string, cause: unknown): ColloquyError => new ColloquyError('judge_failed', message, { cause })

/** `fetch` wraps the error of the socket. */
const isUnreachable = (error: unknown): boolean =>
  error instanceof Error && (NO_CONNECTION.has(codeOf(error)) || isUnreachable(error.cause))
