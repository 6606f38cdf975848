import { detectLanguage } from '../../../actors/core/detect-language.ts'
import { observedMessages, type ObservedMessage } from '../../../actors/core/observed-messages.ts'
import type { Asked } from '../../../schemas/record.ts'
import type { Row } from '../../../schemas/tables.ts'
import { money, placeOf, type Source } from './row-columns.ts'

/** What the record has said, as rows of `messages`, of `turns`, and of `citations`. */
export interface ConversationRows {
  readonly messages: readonly Row<'messages'>[]
  readonly turns: readonly Row<'turns'>[]
  readonly citations: readonly Row<'citations'>[]
}

const NOTHING: ConversationRows = { messages: [], turns: [], citations: [] }

export function conversationRowsOf(source: Source): ConversationRows {
  const { record } = source
  const said = record.outcome === 'committed' ? observedMessages(record) : []
  if (said.length === 0) return NOTHING
  return { messages: messageRows(source, said), turns: turnRows(source, said), citations: citationRows(source, said) }
}

function messageRows({ standing, record, seq, at }: Source, said: readonly ObservedMessage[]): Row<'messages'>[] {
  return said.map(({ idx, id, role, history, received, sent }) => {
    const { text, lang } = received ?? sent ?? { text: '', lang: undefined }
    return {
      ...standing, history, seq, idx, id, role, text, lang: lang ?? detectLanguage(text), time: idx === 0 ? record.input.time : at,
      committed_at: at, chars: codePoints(text),
    }
  })
}

function turnRows(source: Source, said: readonly ObservedMessage[]): Row<'turns'>[] {
  const { record } = source
  const asked = (record.case.open ?? []).filter(({ seq }) => seq === 0).map((question) => turnRow(source, question, undefined, undefined))
  if (record.answered === undefined) return asked
  const answered = record.answered.map((question, index, all) => {
    const answer = said.find(({ idx }) => idx === question.idx)
    // What an answer to several questions took and cost is told once, with the newest of them.
    return turnRow(source, question, answer, all[index + 1]?.idx === question.idx ? undefined : answer?.sent)
  })
  return [...answered, ...asked]
}

function turnRow(
  { standing, seq }: Source, asked: Asked, answer: ObservedMessage | undefined, sent: ObservedMessage['sent'],
): Row<'turns'> {
  return {
    ...standing, history: asked.history === true, turn: asked.turn, committed_at: asked.committedAt, asked_id: asked.id,
    asked_seq: placeOf(asked.seq, seq), asked_at: asked.at, lang: asked.lang ?? null,
    answered_seq: answer === undefined ? null : seq, answered_idx: answer?.idx ?? null,
    answered_at: answer?.at ?? null,
    responder: answer?.role ?? null,
    latency_ms: answer === undefined ? null : Math.max(0, Date.parse(answer.at) - Date.parse(asked.at)),
    intent: sent?.intent ?? asked.intent ?? null, intent_confidence: sent?.intentConfidence ?? asked.confidence ?? null,
    hits: sent?.hits ?? null, model: sent?.model ?? null, model_version: sent?.modelVersion ?? null,
    prompt_version: sent?.promptVersion ?? null, kb_version: sent?.kbVersion ?? null, tokens_in: sent?.tokensIn ?? null,
    tokens_out: sent?.tokensOut ?? null, cost: money(sent?.costMicros), quality: sent?.quality ?? null, evaluator: sent?.evaluator ?? null,
    last_seq: seq,
  }
}

function citationRows({ standing, record, seq, at }: Source, said: readonly ObservedMessage[]): Row<'citations'>[] {
  return said.flatMap(({ idx, sent }) => {
    if (sent === undefined || sent.sources.length === 0) return []
    const turn = record.answered?.findLast((question) => question.idx === idx)?.turn ?? null
    return sent.sources.map(({ source, chunk, score }, index) => ({
      ...standing, history: false, seq, idx, turn, rank: index + 1, source, chunk: chunk ?? null, score: score ?? null, committed_at: at,
    }))
  })
}

function codePoints(text: string): number {
  let count = 0
  for (const _ of text) count += 1
  return count
}
