import { LRUCache } from 'lru-cache'
import pLimit from 'p-limit'
import { readReceived } from '../../schemas/event-readers.ts'
import type { PublicRecord } from '../../schemas/record.ts'
import { parseLogSubject } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { messageAt } from '../jetstream/last-record.ts'
import type { LogMessage, ParseLogMessage } from '../jetstream/log-message.ts'
import type { RecordedAnswer } from './recorded-answers.ts'

/** What users asked, by the LOG sequence of the record with the question. */
export interface QuestionTexts {
  /** Keeps a message of LOG that may have a question, unparsed: most questions are answered by what does not need them. */
  keep(message: LogMessage): void
  /** The questions of an answer as one text; `undefined` where LOG has lost one of them. */
  of(answer: RecordedAnswer): Promise<string | undefined>
}

/** A question precedes its answer by a few seconds: this is some minutes of a busy log. */
const KEPT_MAX = 50_000
const KEPT_BYTES_MAX = 32 * 1024 * 1024
/** Questions that are read from LOG at a time, because they are not kept any more. */
const READS_MAX = 16

interface Known {
  readonly actor: string
  readonly id: string
  readonly text: string
}

export function createQuestionTexts(jetstream: Pick<JetStreamContext, 'jsm'>, parse: ParseLogMessage): QuestionTexts {
  const kept = new LRUCache<number, LogMessage>({ max: KEPT_MAX, maxSize: KEPT_BYTES_MAX, sizeCalculation: ({ data }) => data.length + 1 })
  const limit = pLimit(READS_MAX)
  const find = async (seq: number): Promise<Known | undefined> => {
    const message = kept.get(seq) ?? (await limit(() => messageAt(jetstream, seq, 'anyReplica')))
    if (message === undefined) return undefined
    const { record } = parse(message)
    return record === undefined ? undefined : knownIn(message.subject, record)
  }
  return {
    keep(message) {
      // The message shares the memory of all that came with it.
      const { seq, subject, time } = message
      kept.set(seq, { seq, subject, time, data: message.data.slice() })
    },
    async of({ address, questions, seq: own }) {
      const texts: string[] = []
      for (const { seq, id } of questions) {
        // Records of an earlier version do not say where the question is.
        const known = seq === undefined ? undefined : await find(seq === 0 ? own : seq)
        // A log that was cut gives its sequences to other records.
        if (known === undefined || known.id !== id || known.actor !== address.id) return undefined
        texts.push(known.text)
      }
      return texts.join('\n')
    },
  }
}

function knownIn(subject: string, { outcome, input }: PublicRecord): Known | undefined {
  const received = outcome === 'committed' ? readReceived(input.data) : undefined
  return received && { actor: parseLogSubject(subject).address.id, id: input.id, text: received.text }
}
