import type { Row } from '../../../schemas/tables.ts'
import { money, type Source } from './row-columns.ts'

/** The case as it stands; none before anything happened in it that a case is about. */
export function caseRows({ standing, record, seq, at }: Source): Row<'cases'>[] {
  const { case: now } = record
  const { counts } = now
  if (counts === undefined) return []
  if (counts.messages === undefined && now.escalated === undefined && now.rating === undefined && now.ended === undefined) return []
  return [{
    ...standing, history: now.history === true, committed_at: now.openedAt, opened_at: now.arrivedAt ?? now.openedAt,
    customer: now.customer ?? null, channel: now.channel ?? null, lang: now.lang ?? null, first_intent: now.intent ?? null,
    outcome: now.ended?.outcome ?? null, drop_state: now.ended?.drop ?? null, escalation_reason: now.escalated?.reason ?? null,
    first_responder: now.responded?.by ?? null, first_response_at: now.responded?.at ?? null,
    escalated_at: now.escalated?.at ?? null, closed_at: now.ended?.at ?? null,
    records: counts.records, rejected: counts.rejected ?? 0, messages: counts.messages ?? 0, user_msgs: counts.userMessages ?? 0,
    bot_msgs: counts.botMessages ?? 0, agent_msgs: counts.agentMessages ?? 0, turns: counts.turns ?? 0, turns_answered: counts.answered ?? 0,
    escalations: counts.escalations ?? 0, tasks: counts.tasks ?? 0, tasks_failed: counts.tasksFailed ?? 0,
    tokens_in: counts.tokensIn ?? null, tokens_out: counts.tokensOut ?? null, cost: money(counts.costMicros), rating: now.rating ?? null,
    last_at: at, last_seq: seq,
  }]
}
