import { readResolutionHeader } from '../../schemas/dead-letter-resolution.ts'
import type { Input } from '../../schemas/envelope.ts'
import { payloadText } from '../../schemas/payload-text.ts'
import type { ResolvedDeadLetter } from '../../schemas/record.ts'
import { originOf } from '../../schemas/subjects.ts'
import { commit, unchanged } from './commit.ts'
import type { Decision, DecisionInput, PendingRecord } from './decision.ts'
import { wasRedriven } from './deduplication.ts'

/**
 * Why a redrive had no effect: the actor has committed an input with that id (`repeat`), no longer waits for the run (`ignored`), or has
 * already redriven this dead letter (`again`).
 */
type NoEffect = 'repeat' | 'ignored' | 'again'

/**
 * Resolves a dead letter; this always appends a record. Dropping appends a note. Redriving decides the original as if it had arrived now;
 * the resulting record names the dead letter in `resolves`. Where the original has no effect, a note is appended instead.
 *
 * @param decideMessage decides a message as an ordinary input.
 */
export function resolveDeadLetter(
  decisionInput: DecisionInput,
  header: string,
  decideMessage: (decisionInput: DecisionInput) => Decision,
): Decision {
  const request = readResolutionHeader(header)
  if (request === undefined) return { kind: 'ignored', why: 'not_internal' }
  const { id, ts, force, ...facts } = request
  const deadLetter: ResolvedDeadLetter = { ...facts, payload: payloadText(decisionInput.message.payload) }
  const resolvingInput: DecisionInput = { ...decisionInput, resolvedDeadLetter: deadLetter }
  if (deadLetter.end === 'dropped') return commitNote(resolvingInput, deadLetter)
  if (force !== true && wasRedriven(decisionInput.actor.dedupState, deadLetter)) return commitNote(resolvingInput, deadLetter, 'again')

  const origin = originOf(deadLetter.subject)
  const { resolution: _resolution, msgId: _msgId, ...message } = decisionInput.message
  const decision = decideMessage({ ...resolvingInput, message: { ...message, origin, subject: deadLetter.subject, first: { id, ts } } })
  if (decision.kind === 'duplicate') return commitNote(resolvingInput, deadLetter, 'repeat')
  return decision.kind === 'ignored' ? commitNote(resolvingInput, deadLetter, 'ignored') : decision
}

/** A record that leaves the state alone and only tells readers of the log how the dead letter was resolved. */
function commitNote(
  decisionInput: DecisionInput,
  { end, logSeq, inboxSeq, reason }: ResolvedDeadLetter,
  noEffect?: NoEffect,
): PendingRecord {
  const type = `dead.${end}`
  const data = { letter: logSeq, position: inboxSeq, reason, ...(noEffect === undefined ? {} : { nothing: noEffect }) }
  const input: Input = { type, id: `${type}:${logSeq}`, source: 'colloquy', time: decisionInput.message.ts, data }
  const asInternal: DecisionInput = { ...decisionInput, message: { ...decisionInput.message, origin: 'internal' } }
  return commit(asInternal, undefined, input, { ...unchanged(decisionInput), machine: decisionInput.actor.machine })
}
