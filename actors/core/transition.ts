import type { AnyEventObject } from 'xstate'
import type { Input } from '../../schemas/envelope.ts'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import { ColloquyError, hasCode, messageOf } from '../../schemas/errors.ts'
import { isEndlessCycle } from '../definition/check-cycles.ts'
import type { Kind } from '../definition/kind.ts'
import type { Actor } from './actor.ts'
import { commit, reject } from './commit.ts'
import type { Decision, DecisionInput } from './decision.ts'
import { type ChildStart, type EndedRun, InputRefused, step } from './step.ts'

/** Whether an actor takes no more inputs. */
export const isEnded = ({ status }: Pick<Actor, 'status'>): boolean => status === 'done' || status === 'error' || status === 'stopped'

/** What an input did to its host. */
export const hostEnded = (what: string): ColloquyError => new ColloquyError('host_ended', what)

/** Lets the machine take an event, and commits or rejects the input that it is of. @param ended the pending run that the input ends */
export function transition(
  decisionInput: DecisionInput,
  kind: Kind,
  input: Input,
  event: AnyEventObject,
  ended: EndedRun | undefined,
  fresh: boolean,
  childStart?: ChildStart,
): Decision {
  if (decisionInput.hostEnds !== undefined) return rejectAsPoison(decisionInput, input, hostEnded(decisionInput.hostEnds))
  try {
    return commit(decisionInput, kind, input, step(decisionInput, kind, input, event, ended, childStart))
  } catch (error) {
    if (error instanceof InputRefused) return reject(decisionInput, { reason: 'bad_data', error: error.message, input })
    if (error instanceof ColloquyError && hasCode(error, 'newer_machine')) throw error
    if (!fresh) return { kind: 'threw', error }
    return rejectAsPoison(decisionInput, input, error)
  }
}

/** Rejects an input that the machine threw at, or that it would end its host by. */
export function rejectAsPoison(decisionInput: DecisionInput, input: Input, error: unknown): Decision {
  const code = error instanceof ColloquyError ? error.code : isEndlessCycle(error) ? ('always_cycle' satisfies ErrorCode) : undefined
  return reject(decisionInput, { reason: 'poison', error: `${code === undefined ? '' : `${code}: `}${poisonText(error)}`, input })
}

/** XState ends its text with the `message` of what a guard threw, which only errors have. */
const poisonText = (error: unknown): string =>
  messageOf(error).replace(/^(Unable to evaluate guard .*:\n)undefined$/s, '$1it threw a value that is not an Error')
