import type { Input } from '../../schemas/envelope.ts'
import { readResolutionHeader } from '../../schemas/dead-letter-resolution.ts'
import type { ResolvedDeadLetter } from '../../schemas/record.ts'
import { commit, payloadText, unchanged } from './commit.ts'
import type { Decision, DecisionInput, PendingRecord } from './decision.ts'
import { wasRedriven } from './deduplication.ts'

/** Why a redriven original came to nothing new: the actor has committed one with its id, waits for it no longer, or was given it before. */
type NoEffect = 'repeat' | 'ignored' | 'again'

/**
 * Puts an end to a dead letter, which always leaves a record. A dropped one leaves a note. A redriven one is decided like its original, as
 * if it had come only now, and the record of that carries the letter; where nothing comes of it there is a note instead.
 *
 * @param decideMessage decides a message as if it were none about a letter.
 */
export function resolveDeadLetter(decisionInput: DecisionInput, header: string, decideMessage: (decisionInput: DecisionInput) => Decision): Decision {
  const request = readResolutionHeader(header)
  if (request === undefined) return { kind: 'ignored', why: 'not_internal' }
  const { id, ts, force, ...facts } = request
  const deadLetter: ResolvedDeadLetter = { ...facts, payload: payloadText(decisionInput.message.payload) }
  const resolvingInput: DecisionInput = { ...decisionInput, resolvedDeadLetter: deadLetter }
  if (deadLetter.end === 'dropped') return commitNote(resolvingInput, deadLetter)
  if (force !== true && wasRedriven(decisionInput.actor.dedupState, deadLetter)) return commitNote(resolvingInput, deadLetter, 'again')

  const origin = deadLetter.subject.startsWith('int.') ? 'internal' : 'producer'
  const { resolution: _resolution, msgId: _msgId, ...message } = decisionInput.message
  const decision = decideMessage({ ...resolvingInput, message: { ...message, origin, subject: deadLetter.subject, first: { id, ts } } })
  if (decision.kind === 'duplicate') return commitNote(resolvingInput, deadLetter, 'repeat')
  return decision.kind === 'ignored' ? commitNote(resolvingInput, deadLetter, 'ignored') : decision
}

/** A record that moves nothing: only what became of the letter, for those who read the log. */
function commitNote(decisionInput: DecisionInput, { end, logSeq, inboxSeq, reason }: ResolvedDeadLetter, noEffect?: NoEffect): PendingRecord {
  const type = `dead.${end}`
  const data = { letter: logSeq, position: inboxSeq, reason, ...(noEffect === undefined ? {} : { nothing: noEffect }) }
  const input: Input = { type, id: `${type}:${logSeq}`, source: 'colloquy', time: decisionInput.message.ts, data }
  return commit({ ...decisionInput, message: { ...decisionInput.message, origin: 'internal' } }, undefined, input, { ...unchanged(decisionInput), machine: decisionInput.actor.machine })
}
