import type { AnyStateMachine } from 'xstate'
import type { Refusal } from './refusal.ts'
import { nodesOf, pathOf } from './walk-machine.ts'

/** Records and tables write where an actor is as `open.idle+other.leaf`: what a name has of that would be read as other states. */
const NOT_IN_NAMES = /[.+\p{Cc}]/u

export const checkStateNames = (machine: AnyStateMachine): Refusal[] => nodesOf(machine)
  .filter(({ key, path }) => path.length > 0 && (key === '' || NOT_IN_NAMES.test(key) || !key.isWellFormed()))
  .map((node) => ({
    code: 'bad_state_name', where: pathOf(node), what: `a state is called ${JSON.stringify(node.key)}, and records write paths of states with . and +`,
    instead: 'give it a name without them',
  }))
