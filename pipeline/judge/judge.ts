import type { JsMsg } from '@nats-io/jetstream'
import { parseLogSubject } from '../../schemas/subjects.ts'
import type { Checkpoints } from '../jetstream/checkpoints.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { createConsumeLoop } from '../jetstream/consume-loop.ts'
import { logParser, reportBadRecord } from '../jetstream/log-message.ts'
import { openReader } from '../jetstream/ordered-reader.ts'
import { type StreamPosition, withPosition } from '../jetstream/position-history.ts'
import type { RetryDeps } from '../jetstream/publish-with-retry.ts'
import { resumeReading } from '../jetstream/resume-reading.ts'
import { startAtEnd } from '../jetstream/start-at-end.ts'
import { createBatchLoop } from '../runtime/batch-loop.ts'
import { boundedBatches } from '../runtime/bounded-batches.ts'
import { createInFlightLimiter } from '../runtime/in-flight-limiter.ts'
import { createRatePace } from '../runtime/rate-pace.ts'
import type { StageRun } from '../runtime/stage.ts'
import { createAnswerJudge } from './judge-answers.ts'
import { isLacking, isSampled, type JudgeEvaluator } from './judge-evaluator.ts'
import { createPassageTexts } from './passage-texts.ts'
import { createQuestionTexts } from './question-texts.ts'
import { answersIn, mayHaveAnswer, mayHaveQuestion, type RecordedAnswer } from './recorded-answers.ts'

export interface JudgeOptions extends Pick<RetryDeps, 'log' | 'metrics'> {
  readonly jetstream: JetStreamContext
  /** Checkpoints of this reader of LOG. */
  readonly checkpoints: Checkpoints
  readonly evaluator: JudgeEvaluator
  /** Share of the answers that are judged, 0 to 1. */
  readonly sample: number
  /** Judgements a second, at least 1. */
  readonly rateMax: number
  /** Answers that are judged together, at least 1. The position moves after them. Default 256. */
  readonly answersMax?: number
  /** Max records, and their bytes, that are read and not yet judged. */
  readonly recordsMax: number
  readonly bytesMax: number
}

interface Batch {
  /** Records with answers to judge. */
  readonly found: { readonly answers: readonly RecordedAnswer[]; readonly at: StreamPosition }[]
  last: StreamPosition
}

const ANSWERS_MAX = 256
/** Time that a record waits for its batch to fill. */
const BATCH_MS = 50
const CHECKPOINT_MS = 500
/** Key of the checkpoint: the judge reads all partitions as one. */
const WHOLE_LOG = 0

/**
 * Starts the judge: it reads LOG, judges the answers that lack a judgement of its evaluator, and publishes each to the actor. It starts at
 * the end of LOG where it has no checkpoint. What it repeats after a crash has the same ids. An answer that cannot be judged goes to DEAD.
 * If the server of the evaluator is away, the run ends, and the next one continues from the checkpoint.
 */
export async function startJudge(options: JudgeOptions): Promise<StageRun> {
  const { jetstream, checkpoints, evaluator, sample, log, metrics, rateMax } = options
  const answersMax = Math.min(options.answersMax ?? ANSWERS_MAX, rateMax)
  const stored = (await checkpoints.find(WHOLE_LOG)) ?? (await startAtEnd(jetstream, checkpoints, WHOLE_LOG))
  const remedy = 'it judges the answers that come after it'
  const resumed = await resumeReading({ jetstream, log, metrics, reader: 'judge', remedy, canUndo: false }, stored)
  let { history } = resumed
  let judgedTo = resumed.position
  const reader = await openReader(jetstream, {
    stream: 'LOG',
    filterSubjects: [],
    startSeq: resumed.position + 1,
    messagesMax: options.recordsMax,
  })
  const parse = await logParser(jetstream)
  const inFlight = createInFlightLimiter({ countMax: options.recordsMax, bytesMax: options.bytesMax })
  const loop = createConsumeLoop(reader, inFlight)
  const questions = createQuestionTexts(jetstream, parse)
  /** Kinds that have had an answer to judge: the questions of the others need not be kept. */
  const judgedKinds = new Set<string>()
  const pace = createRatePace(rateMax)
  const judge = createAnswerJudge({
    evaluator,
    questions,
    passages: createPassageTexts(jetstream),
    publishing: { publisher: jetstream.publisher, log, metrics, signal: loop.signal },
  })

  let savedMs = performance.now()
  const save = async (): Promise<void> => {
    savedMs = performance.now()
    await checkpoints.save(WHOLE_LOG, history)
  }
  const moveTo = async (position: StreamPosition): Promise<void> => {
    history = withPosition(history, position)
    judgedTo = position.seq
    if (performance.now() - savedMs >= CHECKPOINT_MS) await save()
  }
  const batches = createBatchLoop<JsMsg, Batch>({
    inFlight,
    signal: loop.signal,
    fail: loop.fail,
    waitMs: BATCH_MS,
    create: () => ({ found: [], last: reader.position }),
    fill(batch, message) {
      batch.last = reader.positionOf(message)
      if (judgedKinds.size > 0 && judgedKinds.has(parseLogSubject(message.subject).address.kind) && mayHaveQuestion(message.data)) {
        questions.keep(message)
      }
      if (!mayHaveAnswer(message.data)) return
      const entry = parse(message)
      if (entry.bad !== undefined) return reportBadRecord({ log, metrics }, 'judge', entry)
      const answers = answersIn(entry.address, entry.record, entry.seq).filter(
        (answer) => isLacking(evaluator, answer) && isSampled(answer, sample),
      )
      if (answers.length === 0) return
      judgedKinds.add(entry.address.kind)
      batch.found.push({ answers, at: batch.last })
    },
    shouldFlush: ({ waits, isBlocked }) => waits > 0 || isBlocked,
    async write({ found, last }) {
      for (const step of boundedBatches(found, { itemsMax: answersMax, bytesMax: Infinity }, () => 0)) {
        const answers = step.flatMap((record) => record.answers)
        for (const _ of answers) await pace.next(loop.signal)
        await judge(answers)
        await moveTo(step.at(-1)?.at ?? last)
      }
      await moveTo(last)
    },
  })
  loop.run((message) => {
    metrics.stageIn.inc({ stage: 'judge' })
    batches.add(message, message.data.length)
  })

  return {
    ended: loop.ended,
    health: () => ({ ok: true, detail: `running, with the evaluator ${evaluator.evaluator}@${evaluator.version}` }),
    progress: () => ({ position: judgedTo, lag: Math.max(0, reader.position.seq + reader.pending - judgedTo) }),
    async stop() {
      batches.drain()
      await loop.stop()
      await batches.whenWritten()
      // The next run only repeats what it finds after an older checkpoint.
      await save().catch(() => undefined)
    },
  }
}
