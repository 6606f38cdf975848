import { observedMessages } from '../../actors/core/observed-messages.ts'
import type { Sent, Source } from '../../schemas/event-readers.ts'
import type { LogRecord, PublicRecord } from '../../schemas/record.ts'
import { privateOffset } from '../../schemas/record-form.ts'
import { actorKey, type Address } from '../../schemas/subjects.ts'

type Answered = NonNullable<LogRecord['answered']>[number]

/** An answer of an assistant as LOG has it. */
export interface RecordedAnswer {
  readonly address: Address
  /** LOG sequence of its record, and its place there: 0 for the input, 1, 2, 3… for the emitted events. */
  readonly seq: number
  readonly idx: number
  readonly id: string
  /** When it was decided; for imported history, when it was given. ISO. */
  readonly at: string
  /** Number of its case, and `kind@version` of the machine that decided it. */
  readonly caseNo: number
  readonly machine: string
  readonly text: string
  /** What it cites, best first. */
  readonly sources: readonly Source[]
  /** The questions that it answers, oldest first. */
  readonly questions: readonly Answered[]
  /** Its data without text and sources. */
  readonly sent: Readonly<Record<string, unknown>>
  /** The evaluator in its data, `rules@1`; absent where nothing has evaluated it. */
  readonly evaluatedBy: string | undefined
}

/**
 * The answers in a record: messages of an assistant that answer a question of a user. A message of an actor counts if it cites sources, or
 * if a model wrote it without a search: greetings, handovers and "I don't know" have neither. A message from outside, such as imported
 * history, counts by its role alone. Answers of people do not count. A pure function.
 *
 * @param seq LOG sequence of the record
 */
export function answersIn(address: Address, record: PublicRecord, seq: number): RecordedAnswer[] {
  const { answered } = record
  if (record.outcome !== 'committed' || answered === undefined || answered.length === 0) return []
  return observedMessages(record).flatMap(({ idx, id, role, at, received, sent }) => {
    const questions = answered.filter((question) => question.idx === idx)
    if (questions.length === 0 || role !== 'assistant' || (sent !== undefined && !isAnswer(sent))) return []
    const data = (idx === 0 ? record.input.data : record.emitted[idx - 1]?.data) ?? {}
    const { text: _text, sources: _sources, ...rest } = data
    return [
      {
        address,
        seq,
        idx,
        id,
        at,
        caseNo: record.case.no,
        machine: record.machine,
        text: withoutCitation((sent ?? received)?.text ?? ''),
        sources: sent?.sources ?? [],
        questions,
        sent: rest,
        evaluatedBy: sent?.quality === undefined ? undefined : (sent.evaluator ?? ''),
      },
    ]
  })
}

/** Names an answer in the whole log: ids of imported ones are unique in their actor only. */
export const answerKey = ({ address, id }: Pick<RecordedAnswer, 'address' | 'id'>): string => `${actorKey(address)}/${id}`

const isAnswer = ({ sources, model, hits }: Sent): boolean => sources.length > 0 || (model !== undefined && hits === undefined)

/** The kind `support` ends a quotation with the title of its article. */
const CITATION = /\s*(?:\(Source: [^\n]{1,300}\)|（来源：《[^\n]{1,300}》）)\s*$/

const withoutCitation = (text: string): string => text.replace(CITATION, '')

/** `<field>` of JSON: texts escape their quotes, so that only a field of this name fits. */
const ANSWERED_FIELD = Buffer.from('"answered":')
/** One of these is in every answer: what it cites, the model that wrote it, or the role in which it came from outside. */
const ANSWER_PARTS = ['"sources":', '"model":', '"assistant"'].map((part) => Buffer.from(part))
const QUESTION_TYPE = Buffer.from('"message.received"')

/** The public part of a record, which has all that the judge reads; the state of a machine may have the same words. */
const publicPart = (data: Uint8Array): Buffer => Buffer.from(data.buffer, data.byteOffset, privateOffset(data) ?? data.byteLength)

/** Whether a message of LOG may have an answer, by its bytes: most records need not be parsed. */
export function mayHaveAnswer(data: Uint8Array): boolean {
  const bytes = publicPart(data)
  return bytes.includes(ANSWERED_FIELD) && ANSWER_PARTS.some((part) => bytes.includes(part))
}
/** Whether a message of LOG may have a question of a user, by its bytes. */
export const mayHaveQuestion = (data: Uint8Array): boolean => publicPart(data).includes(QUESTION_TYPE)
