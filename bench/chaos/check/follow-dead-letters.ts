import type { Find } from './findings.ts'
import type { DeadMessage, DeadRow, LoggedRecord } from './chaos-history.ts'
import type { Inputs } from './read-inputs.ts'

/** What must be in DEAD: each rejection with its payload, and each task that failed for good. */
export interface DeadLetters {
  take(entry: LoggedRecord): void
  /** After the last record. */
  finish(dead: Iterable<DeadMessage> | AsyncIterable<DeadMessage>, rows: Iterable<DeadRow> | AsyncIterable<DeadRow>): Promise<{ readonly repeated: number }>
}

interface Letter {
  readonly actor: string
  readonly reason: string
  /** Digest, where the producer wrote it down. */
  readonly payload: string | undefined
  isThere: boolean
}

export function followDeadLetters(inputs: Pick<Inputs, 'payloadOf'>, find: Find): DeadLetters {
  /** By LOG sequence, and by run where a task failed. */
  const letters = new Map<string, Letter>()
  const keyOf = (seq: number, run: string | undefined): string => `${seq}/${run ?? ''}`
  return {
    take({ seq, actor, record }) {
      if (record.reason !== undefined) letters.set(keyOf(seq, undefined), { actor, reason: record.reason, payload: inputs.payloadOf(record.input.id), isThere: false })
      for (const { run, status } of record.ended) {
        if (status === 'failed' || status === 'expired') letters.set(keyOf(seq, run), { actor, reason: 'task_failed', payload: undefined, isThere: false })
      }
    },
    async finish(dead, rows) {
      let repeated = 0
      for await (const { logSeq, reason, actor, payload, run } of dead) {
        const letter = letters.get(keyOf(logSeq, run))
        if (letter === undefined) find('dead_letter', `DEAD has LOG ${logSeq} of ${actor} (${reason}), which rejects nothing`)
        else if (letter.reason !== reason || letter.actor !== actor) find('dead_letter', `DEAD has LOG ${logSeq} as ${reason} of ${actor}; it is ${letter.reason} of ${letter.actor}`)
        else if (letter.payload !== undefined && letter.payload !== payload) find('dead_letter', `DEAD has LOG ${logSeq} of ${actor} with another payload than was sent`)
        if (letter?.isThere === true) repeated += 1
        if (letter !== undefined) letter.isThere = true
      }
      const wanted = new Set<number>()
      for (const [key, { actor, reason, isThere }] of letters) {
        if (!isThere) find('dead_letter', `LOG ${key} of ${actor} (${reason}) is not in DEAD`)
        wanted.add(Number(key.split('/')[0]))
      }
      const missing = new Set(wanted)
      for await (const { seq, actor } of rows) {
        if (missing.delete(seq)) continue
        find(wanted.has(seq) ? 'row_doubled' : 'row_wrong', `dead_letters has LOG ${seq} of ${actor} ${wanted.has(seq) ? 'twice' : ', which rejects nothing'}`)
      }
      for (const seq of missing) find('row_missing', `dead_letters lacks LOG ${seq}`)
      return { repeated }
    },
  }
}
