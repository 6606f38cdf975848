import type { Input } from '../../schemas/envelope.ts'
import { readResolutionHeader } from '../../schemas/dead-letter-resolution.ts'
import type { ResolvedDeadLetter } from '../../schemas/record.ts'
import { commit, payloadText, unchanged } from './commit.ts'
import type { Decision, DecisionInput, PendingRecord } from './decision.ts'
import { wasRedriven } from './deduplication.ts'

/** Why a redriven original came to nothing new: the actor has committed one with its id, waits for it no longer, or was given it before. */
type Nothing = 'repeat' | 'ignored' | 'again'

/**
 * Puts an end to a dead letter, which always leaves a record. A dropped one leaves a note. A redriven one is decided like its original, as
 * if it had come only now, and the record of that carries the letter; where nothing comes of it there is a note instead.
 *
 * @param decideOn decides a message as if it were none about a letter.
 */
export function resolveDeadLetter(turn: DecisionInput, header: string, decideOn: (turn: DecisionInput) => Decision): Decision {
  const letter = readResolutionHeader(header)
  if (letter === undefined) return { kind: 'ignored', why: 'not_internal' }
  const { id, ts, force, ...facts } = letter
  const resolves: ResolvedDeadLetter = { ...facts, payload: payloadText(turn.message.payload) }
  const resolving: DecisionInput = { ...turn, resolves }
  if (resolves.end === 'dropped') return note(resolving, resolves)
  if (force !== true && wasRedriven(turn.actor.seen, resolves)) return note(resolving, resolves, 'again')

  const origin = resolves.subject.startsWith('int.') ? 'internal' : 'producer'
  const { resolution: _letter, msgId: _msgId, ...message } = turn.message
  const decision = decideOn({ ...resolving, message: { ...message, origin, subject: resolves.subject, first: { id, ts } } })
  return decision.kind === 'repeat' || decision.kind === 'ignored' ? note(resolving, resolves, decision.kind) : decision
}

/** A record that moves nothing: only what became of the letter, for those who read the log. */
function note(turn: DecisionInput, { end, logSeq, inboxSeq, reason }: ResolvedDeadLetter, nothing?: Nothing): PendingRecord {
  const type = `dead.${end}`
  const data = { letter: logSeq, position: inboxSeq, reason, ...(nothing === undefined ? {} : { nothing }) }
  const input: Input = { type, id: `${type}:${logSeq}`, source: 'colloquy', time: turn.message.ts, data }
  return commit({ ...turn, message: { ...turn.message, origin: 'internal' } }, undefined, input, { ...unchanged(turn), machine: turn.actor.machine })
}
