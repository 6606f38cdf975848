import { detectLanguage } from '../../../actors/core/detect-language.ts'
import { type ObservedMessage, observedMessages } from '../../../actors/core/observed-messages.ts'
import { isConversation, readJudged, readSent } from '../../../schemas/event-readers.ts'
import { ANSWER_JUDGED, ANSWER_REVIEWED, type AnswerJudged } from '../../../schemas/events.ts'
import { evaluatorName } from '../../../schemas/quality.ts'
import type { Asked, PublicRecord } from '../../../schemas/record.ts'
import type { Row } from '../../../schemas/tables.ts'
import { money, resolveSeq, type Source } from './row-columns.ts'
import { gateScoreRows, judgedScoreRows, saidScoreRows, translationScoreRows } from './score-rows.ts'

/** The rows of `messages`, `turns`, `citations` and `scores` that one record makes. */
export interface ConversationRows {
  readonly messages: readonly Row<'messages'>[]
  readonly turns: readonly Row<'turns'>[]
  readonly citations: readonly Row<'citations'>[]
  readonly scores: readonly Row<'scores'>[]
}

const NO_ROWS: ConversationRows = { messages: [], turns: [], citations: [], scores: [] }

/** Makes the rows of the messages in a record, and of what it says about an answer. A rejected record makes none. */
export function conversationRowsOf(source: Source): ConversationRows {
  const { record } = source
  if (record.outcome !== 'committed' || !isConversation(record.label)) return NO_ROWS
  if (record.input.type === ANSWER_JUDGED) return judgedRows(source)
  const isFeedback = record.input.type === 'feedback.given' || record.input.type === ANSWER_REVIEWED
  const messages = observedMessages(record)
  const translated = translationScoreRows(source)
  if (messages.length === 0 && !isFeedback) return translated.length === 0 ? NO_ROWS : { ...NO_ROWS, scores: translated }
  return {
    messages: messageRows(source, messages),
    turns: turnRows(source, messages),
    citations: citationRows(source, messages),
    scores: [...gateScoreRows(source, messages), ...translated, ...(isFeedback ? saidScoreRows(source) : [])],
  }
}

function judgedRows(source: Source): ConversationRows {
  const judged = readJudged(source.record.input.data)
  return judged === undefined ? NO_ROWS : { ...NO_ROWS, turns: judgedTurnRows(source, judged), scores: judgedScoreRows(source, judged) }
}

/** The rows of the turns that the answer answers, as the record of the answer made them, with the quality of its newest judgement. */
function judgedTurnRows(source: Source, { given, answer, overall, evaluator, version }: AnswerJudged): Row<'turns'>[] {
  const sent = readSent({ ...given.sent, text: '', quality: overall, evaluator: evaluatorName({ evaluator, version }) })
  const message: ObservedMessage = { idx: given.idx, id: answer, role: 'assistant', at: given.at, history: false, ...(sent && { sent }) }
  const identity = { ...source.identity, case_no: given.caseNo, machine: given.machine }
  const answered = answeredRows({ ...source, identity, seq: given.seq }, given.answered, [message])
  return answered.map((row) => ({ ...row, last_seq: source.seq }))
}

function messageRows({ identity, record, seq, at }: Source, messages: readonly ObservedMessage[]): Row<'messages'>[] {
  return messages.map(({ idx, id, role, history, received, sent }) => {
    const { text, lang } = received ?? sent ?? { text: '', lang: undefined }
    return {
      ...identity,
      history,
      seq,
      idx,
      id,
      role,
      text,
      lang: lang ?? detectLanguage(text),
      agent: received?.agent ?? null,
      time: idx === 0 ? record.input.time : at,
      committed_at: at,
      chars: codePoints(text),
    }
  })
}

/** One row for each question that the record answers, then one for each that it asks. */
function turnRows(source: Source, messages: readonly ObservedMessage[]): Row<'turns'>[] {
  const { record } = source
  // Sequence 0 is the record itself: questions that earlier records asked have their rows already.
  const asked = (record.case.open ?? []).filter(({ seq }) => seq === 0).map((question) => turnRow(source, question, undefined))
  return record.answered === undefined ? asked : [...answeredRows(source, record.answered, messages), ...asked]
}

const answeredRows = (
  source: Source,
  answered: NonNullable<PublicRecord['answered']>,
  messages: readonly ObservedMessage[],
): Row<'turns'>[] =>
  answered.map((question, index, all) => {
    const answer = messages.find(({ idx }) => idx === question.idx)
    return turnRow(source, question, answer && { ...answer, isOfNewest: all[index + 1]?.idx !== question.idx })
  })

function turnRow(
  { identity, seq }: Source,
  asked: Asked,
  answer: (ObservedMessage & { readonly isOfNewest: boolean }) | undefined,
): Row<'turns'> {
  const sent = answer?.sent
  // Only the newest question of an answer carries its tokens and cost, so that sums count them once.
  const spent = answer?.isOfNewest === true ? sent : undefined
  return {
    ...identity,
    history: asked.history === true,
    turn: asked.turn,
    committed_at: asked.committedAt,
    asked_id: asked.id,
    asked_seq: resolveSeq(asked.seq, seq),
    asked_at: asked.at,
    lang: asked.lang ?? null,
    answered_seq: answer === undefined ? null : seq,
    answered_idx: answer?.idx ?? null,
    answered_at: answer?.at ?? null,
    responder: answer?.role ?? null,
    latency_ms: answer === undefined ? null : Math.max(0, Date.parse(answer.at) - Date.parse(asked.at)),
    intent: sent?.intent ?? asked.intent ?? null,
    intent_confidence: sent?.intentConfidence ?? asked.confidence ?? null,
    act: sent?.act ?? null,
    intents: sent?.intents ?? [],
    because: sent?.because ?? [],
    understanding_version: sent?.understandingVersion ?? null,
    lookups: sent?.lookups ?? [],
    hits: sent?.hits ?? null,
    model: sent?.model ?? null,
    model_version: sent?.modelVersion ?? null,
    tier: sent?.tier ?? null,
    complexity: sent?.complexity ?? null,
    tier_reason: sent?.tierReason ?? null,
    cached_seq: sent?.cachedFrom?.seq ?? null,
    cached_level: sent?.cachedFrom?.level ?? null,
    cached_knowledge_seq: sent?.cachedFrom?.knowledgeSeq ?? null,
    prompt_version: sent?.promptVersion ?? null,
    kb_version: sent?.kbVersion ?? null,
    tokens_in: spent?.tokensIn ?? null,
    tokens_out: spent?.tokensOut ?? null,
    cost: money(spent?.costMicros),
    quality: sent?.quality ?? null,
    evaluator: sent?.evaluator ?? null,
    last_seq: seq,
  }
}

function citationRows({ identity, record, seq, at }: Source, messages: readonly ObservedMessage[]): Row<'citations'>[] {
  return messages.flatMap(({ idx, sent }) => {
    if (sent === undefined || sent.sources.length === 0) return []
    const turn = record.answered?.findLast((question) => question.idx === idx)?.turn ?? null
    return sent.sources.map(({ source, chunk, score }, index) => ({
      ...identity,
      history: false,
      seq,
      idx,
      turn,
      rank: index + 1,
      source,
      chunk: chunk ?? null,
      score: score ?? null,
      committed_at: at,
    }))
  })
}

function codePoints(text: string): number {
  let count = 0
  for (const _ of text) count += 1
  return count
}
