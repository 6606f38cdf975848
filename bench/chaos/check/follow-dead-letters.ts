import type { DeadLetterMessage, DeadLetterRow, LoggedRecord, Many, UnreadableMessage } from './chaos-history.ts'
import type { ReportFinding } from './findings.ts'
import type { Inputs } from './read-inputs.ts'

/** Checks that DEAD has every rejection with its payload, and every task that failed finally. */
export interface DeadLetters {
  take(entry: LoggedRecord): void
  /** A message that every reader of LOG must set aside. */
  takeUnreadable(message: UnreadableMessage): void
  /** Must be called after the last record. */
  finish(dead: Many<DeadLetterMessage>, rows: Many<DeadLetterRow>): Promise<{ readonly repeated: number }>
}

interface ExpectedDeadLetter {
  /** `undefined` if the subject names none. */
  readonly actor: string | undefined
  readonly reason: string
  /** Digest of the payload; `undefined` if no producer sent it. */
  readonly payload: string | undefined
  isThere: boolean
}

export function followDeadLetters(inputs: Pick<Inputs, 'payloadOf'>, report: ReportFinding): DeadLetters {
  /** Expected dead letters. The key is the LOG sequence, and also the run if a task failed. */
  const deadLetters = new Map<string, ExpectedDeadLetter>()
  const keyOf = (seq: number, run: string | undefined): string => `${seq}/${run ?? ''}`
  return {
    take({ seq, actor, record }) {
      const expect = (run: string | undefined, reason: string, payload: string | undefined): void =>
        void deadLetters.set(keyOf(seq, run), { actor, reason, payload, isThere: false })
      if (record.reason !== undefined) expect(undefined, record.reason, inputs.payloadOf(record.input.id))
      for (const { run, status } of record.ended) {
        if (status === 'failed' || status === 'expired') expect(run, 'task_failed', undefined)
      }
    },
    takeUnreadable({ seq, payload }) {
      deadLetters.set(keyOf(seq, undefined), { actor: undefined, reason: 'bad_record', payload, isThere: false })
    },
    async finish(dead, rows) {
      let repeated = 0
      for await (const { logSeq, reason, actor, payload, run } of dead) {
        const expected = deadLetters.get(keyOf(logSeq, run))
        if (expected === undefined) {
          report('dead_letter', `DEAD has LOG ${logSeq} of ${actor} (${reason}), which rejects nothing`)
          continue
        }
        if (expected.reason !== reason || (expected.actor ?? actor) !== actor) {
          report('dead_letter', `DEAD has LOG ${logSeq} as ${reason} of ${actor}; expected ${expected.reason} of ${expected.actor}`)
        } else if (expected.payload !== undefined && expected.payload !== payload) {
          report('dead_letter', `DEAD has LOG ${logSeq} of ${actor} with a payload that differs from the one sent`)
        }
        if (expected.isThere) repeated += 1
        expected.isThere = true
      }
      const wanted = new Set<number>()
      for (const [key, { actor, reason, isThere }] of deadLetters) {
        if (!isThere) report('dead_letter', `LOG ${key} of ${actor} (${reason}) is not in DEAD`)
        wanted.add(Number(key.split('/')[0]))
      }
      const missing = new Set(wanted)
      for await (const { seq, actor } of rows) {
        if (missing.delete(seq)) continue
        if (wanted.has(seq)) report('row_doubled', `dead_letters has LOG ${seq} of ${actor} twice`)
        else report('row_wrong', `dead_letters has LOG ${seq} of ${actor}, which rejects nothing`)
      }
      for (const seq of missing) report('row_missing', `dead_letters lacks LOG ${seq}`)
      return { repeated }
    },
  }
}
